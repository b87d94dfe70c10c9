import { deriveMac } from "../../src/base/mac.ts"
import { kinds } from "../../src/kinds/catalog.ts"
import type { ContainerAttributes } from "../../src/kinds/container/spec.ts"
import { DEFAULT_CAPABILITIES } from "../../src/kinds/container/spec-capabilities.ts"
import { aliasOf } from "../../src/model/ownership.ts"
import type { Attributes, KindName, Observed, Resource, Value } from "../../src/model/resource.ts"

/** Desired resources as the stack file's expansion makes them, with only what a test is about written out. */
export function resource(kind: KindName, name: string, given: Attributes = {}): Resource {
  const usual = given.link === undefined ? defaults(kind, name) : withoutPort(defaults(kind, name))
  const attributes = { ...usual, ...given }
  const links = kinds[kind].relations?.(attributes, []) ?? { references: [] }
  return { kind, address: `${kind}.${name}`, name, attributes, ...links, range: () => undefined }
}

/** What an interface has that is on no bridge. */
function withoutPort({
  bridge: _bridge,
  master: _master,
  host_interface: _port,
  host_end: _end,
  mtu: _mtu,
  ...rest
}: Attributes): Attributes {
  return rest
}

export const bridge = (name: string, given?: Attributes) => resource("bridge", name, given)
export const cgroup = (name: string, given?: Attributes) => resource("cgroup", name, given)
export const container = (name: string, given?: Attributes) => resource("container", name, given)
/** `name` is `CONTAINER.INTERFACE`. */
export const iface = (name: string, given?: Attributes) => resource("interface", name, given)
/** One with one end; `name` is `CONTAINER.INTERFACE`. */
export const oneEnded = (name: string, link: Attributes, given?: Attributes) => resource("interface", name, { link, ...given })
export const veth = (name: string, given?: Attributes) => resource("veth", name, given)

export const volume = (name: string) => resource("volume", name)

/** The kernel as it is when the resource has been applied, but for what is given. */
export function observed(from: Resource, given: Attributes = {}, rest: Partial<Observed> = {}): Observed {
  const { kind, address, name } = from
  return { kind, address, name, attributes: { ...from.attributes, ...given }, live: LIVE[kind], ...rest }
}

const LIVE: { readonly [K in KindName]: Observed["live"] } = {
  bridge: { ifindex: 7, state: "up" },
  cgroup: { path: "/sys/fs/cgroup/stack/lab" },
  container: { monitor: { pid: 100, startTime: "5000" }, init: { pid: 101, startTime: "5001" } },
  hosts: {},
  image: {},
  interface: { ifindex: 8, inside: 2, state: "up" },
  nat: {},
  veth: { ends: [] },
  volume: { path: "/var/lib/stack/volumes/lab/data" },
}

export const OWN_NAMESPACES = Object.fromEntries(["user", "mount", "pid", "net", "ipc", "uts", "cgroup"].map((kind) => [kind, "new"]))

function defaults(kind: KindName, name: string): Attributes {
  const [, owner = "", inside = ""] = /^([^.]*)\.(.*)$/.exec(name) ?? []
  const mac = deriveMac(`lab/${kind}.${name}`)
  const alias = aliasOf("lab", `${kind}.${name}`)
  switch (kind) {
    case "bridge":
      return { interface: `lab-${name}`, alias, address: [], mtu: 1500, mac, stp: false, vlan_filtering: false, ageing_time: 300, up: true }
    case "cgroup":
      return { limits: {} }
    case "hosts":
      return { names: {}, own: {} }
    case "image":
      return { digest: `sha256:${"0".repeat(64)}` }
    case "interface":
      return {
        bridge: "bridge.lan",
        master: "lab-lan",
        container: `container.${owner}`,
        interface: inside,
        host_interface: `lab-${owner}-${inside}`,
        alias,
        address: [],
        gateway: [],
        mac,
        mtu: 1500,
        up: true,
        host_end: { mac: deriveMac(`lab/${kind}.${name}/host`), address: [], up: true },
      }
    case "nat":
      return {
        rules: ['ip saddr 10.20.0.0/24 iifname "lab-lan" oifname != "lab-lan" masquerade'],
        ports: {},
        hairpin: [],
        sysctls: { "net.ipv4.ip_forward": "1" },
      }
    case "veth":
      return { endpoints: [endpoint("container.r1", "eth1"), endpoint("container.r2", "eth1")], mtu: 1500, alias }
    case "volume":
      return {}
    case "container":
      return containerDefaults(name) as unknown as Attributes
  }
}

export function endpoint(holder: string, name: string, given: Attributes = {}): Value {
  return { container: holder, interface: name, address: [], mac: deriveMac(`${holder}/${name}`), up: true, ...given }
}

function containerDefaults(name: string): ContainerAttributes {
  return {
    image: "host",
    ephemeral: false,
    read_only: false,
    mounts: {},
    secrets: {},
    configs: {},
    argv: ["sleep", "infinity"],
    environment: {},
    working_dir: "/",
    user: "",
    hostname: name,
    hosts: "image",
    ...{ dns: [], dns_search: [], dns_opt: [] },
    uid_map: [{ container: 0, host: 100_000, count: 65_536 }],
    gid_map: [{ container: 0, host: 100_000, count: 65_536 }],
    cgroup: "",
    limits: {},
    routes: [],
    sysctls: {},
    namespaces: OWN_NAMESPACES as unknown as ContainerAttributes["namespaces"],
    capabilities: [...DEFAULT_CAPABILITIES],
    no_new_privileges: true,
    seccomp: "default",
    group_add: [],
    unmask: [],
    all_devices: false,
    devices: [],
    ulimits: { core: { soft: 0, hard: 0 } },
    oom_score_adj: 0,
    init: "",
    stop_signal: "SIGTERM",
    stop_grace_period: 10_000,
    restart: "no",
    labels: {},
    depends_on: [],
    conditions: {},
    healthcheck: {},
    state: "running",
  }
}
