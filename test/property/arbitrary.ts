import fc from "fast-check"
import { deriveMac } from "../../src/base/mac.ts"
import type { Attributes, Desired, Resource } from "../../src/model/resource.ts"
import { bridge, cgroup, container, endpoint, iface, oneEnded, veth, volume } from "../kinds/resources.ts"

/** What a container on the bridge `lan` may have of routes, rules and neighbours, in canonical order. */
const ROUTINGS: readonly Attributes[] = [
  { routes: [{ to: "10.99.0.0/16", via: "10.20.0.1" }] },
  {
    routes: [
      { to: "10.98.0.0/16", type: "blackhole" },
      { to: "10.99.0.0/16", via: "10.20.0.1", mtu: 1400 },
    ],
  },
  {
    routes: [{ to: "10.99.0.0/16", nexthops: [{ via: "10.20.0.1", weight: 2 }, { via: "10.20.0.9" }] }],
    neighbours: [{ to: "10.20.0.9", dev: "eth0", lladdr: "02:00:00:00:00:09" }],
  },
  {
    routes: [
      { to: "10.99.0.0/16", via: "10.20.0.1", table: 100 },
      { to: "10.99.0.0/16", via: "10.20.0.1", metric: 7 },
    ],
    rules: [
      { priority: 100, from: "10.20.0.0/24", table: 100 },
      { priority: 101, fwmark: 1, fwmask: 255, type: "prohibit" },
      { priority: 102, ipproto: "udp", dport: "5000-5100", table: 100 },
      { priority: 103, from: "10.21.0.0/24", goto: 200 },
    ],
  },
  {
    routes: [],
    rules: [{ priority: 100, from: "10.20.0.0/24", table: 254, suppress_prefixlength: 0 }],
    neighbours: [{ to: "10.20.0.8", dev: "eth0", proxy: true }],
  },
]

const anyLimits = fc.record(
  { memory: fc.constantFrom(67_108_864, 134_217_728), pids: fc.constantFrom(32, 64), cpus: fc.constantFrom(0.5, 1.5) },
  { requiredKeys: [] },
)

/** One of each sort. */
const MOUNTS: readonly Attributes[] = [
  { "/data": { type: "volume", source: "data", read_only: false } },
  { "/data": { type: "volume", source: "data", read_only: true }, "/data/run": { type: "tmpfs", size: 65_536, mode: "755" } },
  {
    "/conf": { type: "bind", source: "/etc", read_only: true, propagation: "private", idmapped: false },
    "/logs": { type: "volume", source: "logs", read_only: false },
    "/run": { type: "tmpfs", mode: "1777" },
  },
]

/** What befalls what a link sends, if anything does. */
const anyImpair = fc.constantFrom<Attributes>(
  {},
  {},
  { impair: { rate: "10mbit" } },
  { impair: { delay: "10ms", loss: "0.5%", rate: "1mbit" } },
)

/**
 * Any valid stack out of a small world: two bridges, two parents, four containers, which may have an interface on each
 * bridge, join the first one's namespaces, depend on earlier ones, and be tied by veth pairs. Small, so that two of them meet.
 */
export const anyStack: fc.Arbitrary<Desired> = fc
  .record({
    bridges: fc.tuple(anyBridge("lan", "10.20.0.1/24", "fd20::1/64"), anyBridge("wan", "10.30.0.1/28")),
    groups: fc.tuple(anyGroup("tier"), anyGroup("back")),
    containers: fc.tuple(
      anyContainer("app", []),
      anyContainer("web", ["app"]),
      anyContainer("db", ["app"]),
      anyContainer("job", ["web", "db"]),
    ),
    pairs: fc.record({ core: fc.constantFrom("", "eth7", "eth8"), uplink: fc.constantFrom(0, 1500, 9000), impair: anyImpair }),
  })
  .map(assemble)

interface BridgeWish {
  name: string
  attributes: Attributes
}

interface ContainerWish {
  name: string
  attributes: Attributes
  parent: string
  after: readonly string[]
  joins: boolean
  routed: Attributes | null
  /** Whether it has a dummy, number of its vxlan; 0: none. */
  dummy: boolean
  vxlan: number
  ports: { [bridge: string]: { address: string; gateway: boolean; up: boolean; mtu: number; impair: Attributes } | null }
}

interface Wishes {
  bridges: readonly (BridgeWish | null)[]
  groups: readonly (BridgeWish | null)[]
  containers: readonly (ContainerWish | null)[]
  /** Name of the first one's end, mtu of the second; "" and 0: not there. */
  pairs: { core: string; uplink: number; impair: Attributes }
}

function anyBridge(name: string, ...addresses: string[]): fc.Arbitrary<BridgeWish | null> {
  const attributes = fc.record({
    address: fc.constantFrom(
      addresses,
      addresses.map((address) => address.replace("/64", "/80")),
    ),
    mtu: fc.constantFrom(1500, 9000),
    stp: fc.boolean(),
    interface: fc.constantFrom(`lab-${name}`, "br0-moved").filter((text) => name === "lan" || text !== "br0-moved"),
  })
  return fc.option(
    attributes.map((a) => ({ name, attributes: a })),
    { freq: 5 },
  )
}

function anyGroup(name: string): fc.Arbitrary<BridgeWish | null> {
  return fc.option(anyLimits.map((limits) => ({ name, attributes: { limits: limits as Attributes } })))
}

function anyContainer(name: string, earlier: readonly string[]): fc.Arbitrary<ContainerWish | null> {
  const port = fc.option(
    fc.record({
      address: fc.constantFrom("auto", "none"),
      gateway: fc.boolean(),
      up: fc.boolean(),
      mtu: fc.constantFrom(1500, 1400),
      impair: anyImpair,
    }),
  )
  const attributes = fc.record({
    argv: fc.constantFrom(["sleep", "1d"], ["sleep", "2d"]),
    hostname: fc.constantFrom(name, `${name}-2`),
    limits: anyLimits,
    labels: fc.constantFrom({}, { tier: "front" }),
    sysctls: fc.constantFrom({}, { "net.ipv4.ip_forward": "1" }, { "kernel.msgmax": "9000", "net.ipv4.ip_forward": "0" }),
    environment: fc.constantFrom({}, { LANG: "C" }),
    devices: fc.constantFrom([], [{ source: "/dev/vda", target: "/dev/vda", access: "r" }]),
    mounts: fc.constantFrom<Attributes>({}, {}, ...MOUNTS),
    read_only: fc.constantFrom(false, false, true),
    ephemeral: fc.constantFrom(false, false, true),
    restart: fc.constantFrom("no", "no", "always", "on-failure:3", "unless-stopped"),
    healthcheck: fc.constantFrom({}, {}, healthcheck(["CMD", "true"], 1000), healthcheck(["CMD-SHELL", "a || b"], 90_000)),
  })
  const wish = fc.record({
    name: fc.constant(name),
    attributes: attributes as unknown as fc.Arbitrary<Attributes>,
    parent: fc.constantFrom("", "tier", "back"),
    after: fc.subarray([...earlier]),
    joins: name === "db" ? fc.boolean() : fc.constant(false),
    routed: fc.constantFrom(null, ...ROUTINGS),
    dummy: name === "job" ? fc.boolean() : fc.constant(false),
    vxlan: name === "job" ? fc.constantFrom(0, 7, 8) : fc.constant(0),
    ports: fc.record({ lan: port, wan: port }),
  })
  return fc.option(wish, { freq: 5 })
}

function healthcheck(test: string[], interval: number): Attributes {
  return { test, interval, timeout: 30_000, retries: 3, start_period: 0, start_interval: 5000 }
}

function assemble({ bridges, groups, containers, pairs }: Wishes): Desired {
  const lans = bridges.filter((b) => b !== null)
  const parents = groups.filter((g) => g !== null)
  const wishes = containers.filter((c) => c !== null)
  const there = new Set(wishes.map((c) => c.name))
  const checked = new Set(wishes.flatMap((c) => ("test" in (c.attributes.healthcheck as Attributes) ? [c.name] : [])))
  const mounted = JSON.stringify(wishes.map((c) => c.attributes.mounts))
  return {
    stack: "lab",
    resources: [
      ...["data", "logs"].filter((name) => mounted.includes(`"source":"${name}"`)).map(volume),
      ...lans.map((b) => bridge(b.name, b.attributes)),
      ...parents.map((g) => cgroup(g.name, g.attributes)),
      ...wishes.flatMap((wish) => containerAndPorts(wish, lans, parents, { there, checked })),
      ...veths(pairs, there),
    ],
  }
}

function containerAndPorts(
  wish: ContainerWish,
  lans: readonly BridgeWish[],
  parents: readonly BridgeWish[],
  { there, checked }: { there: ReadonlySet<string>; checked: ReadonlySet<string> },
): Resource[] {
  const joins = wish.joins && there.has("app")
  const ports = joins ? [] : lans.flatMap((lan) => portOf(wish, lan))
  const gateway = ports.find(
    (p) => p.attributes.up === true && p.attributes.bridge === "bridge.lan" && (p.attributes.address as string[]).length > 0,
  )
  const own = Object.fromEntries(["user", "mount", "pid", "ipc", "uts", "cgroup"].map((kind) => [kind, "new"]))
  const parent = parents.find((p) => p.name === wish.parent)
  const attributes: Attributes = {
    uid_map: { auto: 65_536 },
    gid_map: { auto: 65_536 },
    ...wish.attributes,
    ...(joins ? { sysctls: {} } : {}),
    namespaces: { ...own, net: joins ? "container:app" : "new" },
    cgroup: parent?.name ?? "",
    limits: within(wish.attributes.limits as NumericLimits, (parent?.attributes.limits ?? {}) as NumericLimits),
    depends_on: wish.after.filter((name) => there.has(name)).map((name) => `container.${name}`),
    conditions: Object.fromEntries(wish.after.filter((name) => checked.has(name)).map((name) => [`container.${name}`, "service_healthy"])),
    routes: [],
    ...(gateway === undefined ? {} : wish.routed),
  }
  return [container(wish.name, attributes), ...ports, ...(joins ? [] : linksOf(wish))]
}

const FDB: { readonly [vxlan: number]: Attributes } = {
  8: { fdb: [{ to: "192.0.2.8" }, { mac: "02:00:00:00:00:08", to: "192.0.2.8", port: 4790 }] },
}

const UNDERLAY: { readonly [vxlan: number]: Attributes } = { 8: { link_netns: "container" } }

const PEER = Buffer.alloc(32, 1).toString("base64")
/** What comes along with a vxlan: a tap, and a bond that has it as its member; or a tap and a link of WireGuard. */
const BESIDE: { readonly [vxlan: number]: (name: string) => Resource[] } = {
  7: (name) => [
    oneEnded(`${name}.x2`, { kind: "tap", owner: 5 }, { mtu: 1500 }),
    oneEnded(`${name}.x3`, { kind: "bond", mode: "active-backup" }, { mtu: 1500, bond: { miimon: 100, members: ["x2"] } }),
  ],
  8: (name) => [
    oneEnded(`${name}.x2`, { kind: "tap", multi_queue: true }, { mtu: 1500 }),
    withoutMac(
      oneEnded(
        `${name}.x3`,
        { kind: "wireguard" },
        { mtu: 1420, wireguard: { listen_port: 51820, peers: { [PEER]: { endpoint: "10.0.0.2:7", allowed_ips: ["10.9.0.0/16"] } } } },
      ),
    ),
  ],
}

function withoutMac({ attributes: { mac: _, ...attributes }, ...rest }: Resource): Resource {
  return { ...rest, attributes }
}

function linksOf({ name, dummy, vxlan }: ContainerWish): Resource[] {
  const up = vxlan !== 8
  return [
    ...(dummy ? [oneEnded(`${name}.x0`, { kind: "dummy" }, { mtu: 1500, address: ["10.40.0.2/24"] })] : []),
    ...(BESIDE[vxlan]?.(name) ?? []),
    ...(vxlan === 0
      ? []
      : [
          tagged(`interface.${name}.x1`, `${name}.x1.5`, { mtu: 1400, up }),
          oneEnded(
            `${name}.x1`,
            { kind: "vxlan", id: vxlan, ...UNDERLAY[vxlan], remote: "192.0.2.9", port: 4789 },
            { mtu: 1400, up, ...FDB[vxlan] },
          ),
          tagged(`interface.${name}.x1.5`, `${name}.x6`, { mtu: 1300, up: false }),
          oneEnded(`${name}.x7`, { kind: "vxlan", id: 9, link: "x1", port: 4789 }, { parent: `interface.${name}.x1`, mtu: 1350 }),
        ]),
  ]
}

/** A VLAN on another interface of the container. */
function tagged(parent: string, name: string, more: Attributes): Resource {
  return oneEnded(name, { kind: "vlan", link: parent.replace(/^interface\.[^.]*\./, ""), id: 5 }, { parent, ...more })
}

type NumericLimits = { readonly [key: string]: number }

/** A child has no more than its parent: anything else is refused by the stack file's checks. */
function within(own: NumericLimits, parents: NumericLimits): NumericLimits {
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [key, Math.min(value, parents[key] ?? value)]))
}

function portOf({ name, ports }: ContainerWish, lan: BridgeWish): Resource[] {
  const port = ports[lan.name]
  if (port === undefined || port === null) return []
  const first = (lan.attributes.address as string[])[0]?.replace(/\/.*/, "") as string
  const addressed = port.address === "auto"
  const attributes = {
    bridge: `bridge.${lan.name}`,
    master: lan.attributes.interface as string,
    address: addressed ? ["auto"] : [],
    gateway: addressed && port.gateway && lan.name === "wan" ? [first] : [],
    mtu: port.mtu,
    up: port.up,
    ...port.impair,
    ...(port.gateway && lan.name === "lan" ? { host_end: { mac: deriveMac(`other/${name}`), address: [], up: true, ...port.impair } } : {}),
  }
  return [iface(`${name}.${lan.name === "lan" ? "eth0" : "eth1"}`, attributes)]
}

function veths({ core, uplink, impair }: Wishes["pairs"], there: ReadonlySet<string>): Resource[] {
  if (!there.has("app")) return []
  const inner = [endpoint("container.app", core, { address: ["10.1.0.1/30"], ...impair }), endpoint("container.web", "eth7")]
  const outer = [endpoint("container.app", "up1"), endpoint("host", "lab-up1", { address: ["10.2.0.1/30"] })]
  return [
    ...(core === "" || !there.has("web") ? [] : [veth("core", { endpoints: inner })]),
    ...(uplink === 0 ? [] : [veth("uplink", { endpoints: outer, mtu: uplink })]),
  ]
}
