import { PORT_DEFAULTS, VLAN_PROTOCOLS } from "../base/bridge-options.ts"
import { canonicalCidr, canonicalIp } from "../base/ip.ts"
import { whyNoLinkName } from "../base/link-name.ts"
import { parseAnyMac, parseMac } from "../base/mac.ts"
import type { Shape } from "../base/shape.ts"
import { either, listOf, mapOf, numeric, oneOf, record, text, textLike, truth, whole } from "../base/shape.ts"
import { parseDelay, parsePercent, parseRate } from "../base/units.ts"
import { LAST_VLAN, parseVlan } from "../base/vlans.ts"
import { isOtherLimit } from "../kinds/cgroup/expand.ts"
import { LEAST_CPUS, MOST_CPUS } from "../kinds/cgroup/spec.ts"
import { isHostName } from "../kinds/container/expand-extra-hosts.ts"
import { isContainerSysctl } from "../kinds/container/expand-texts.ts"
import { healthShapes } from "../kinds/container/health-shapes.ts"
import { lifeShapes } from "../kinds/container/life-shapes.ts"
import { mountShapes } from "../kinds/container/mount-shapes.ts"
import { powerShapes } from "../kinds/container/power-shapes.ts"
import { routingShapes } from "../kinds/container/routing-shapes.ts"
import { AUTO_LINE } from "../kinds/hosts/spec.ts"
import { DIGEST, isCanonical, isSettledImage } from "../kinds/image/spec.ts"
import { BOND_MODES, IPVLAN_MODES, LINK_KINDS, MACVLAN_MODES } from "../kinds/interface/spec-link-kinds.ts"
import { wireGuardShape } from "../kinds/interface/wireguard-shapes.ts"
import { natShape } from "../kinds/nat/shapes.ts"
import type { KindName } from "../model/resource.ts"
import { absolutePath } from "../stackfile/files.ts"

const NAME = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}"
const CONTAINER = `${NAME}(\\[\\d{1,4}\\])?`
const LAST_ID = 2 ** 32 - 2

const linkName = text("name of a link", (name) => whyNoLinkName(name) === undefined)
const cidr = text("address with its prefix length", (address) => canonicalCidr(address) === address)
const cidrs = listOf(cidr)
const ip = text("IP address", (address) => canonicalIp(address) === address)
const mac = text("MAC address", (address) => parseMac(address) === address)
const mtu = whole(68, 65535)
const alias = textLike(/^stack:[a-z0-9][a-z0-9_-]{0,31}\/\S{1,200}$/, "mark of a stack")
const container = textLike(new RegExp(`^container\\.${CONTAINER}$`), "address of a container")
const folder = text("absolute path", (path) => path === absolutePath("/", path))
const oneLine = text("text of one line", (value) => !/[\n\r]/.test(value))
const oneWord = textLike(/^\S+$/, "word")
const bytes = numeric(0, Number.MAX_VALUE)

const delay = text("time", (word) => parseDelay(word) !== undefined)
const share = text("percentage", (word) => parsePercent(word) !== undefined)
const impair = record(
  {},
  {
    ...{ delay, jitter: delay, loss: share, duplicate: share, corrupt: share, reorder: share },
    rate: text("rate", (word) => parseRate(word) !== undefined),
    limit: whole(1, 10_000_000),
  },
)

const hostsIp = text("IP address", (word) => canonicalIp(word) === word || word.startsWith(`${AUTO_LINE}interface.`))
const hostsLines = mapOf(hostsIp, listOf(text("host name", isHostName)))

/** How the resources of a kind are called, behind the kind. */
export const NAMES: { readonly [K in KindName]: { test(name: string): boolean } } = {
  bridge: new RegExp(`^${NAME}$`),
  cgroup: new RegExp(`^${NAME}$`),
  container: new RegExp(`^${CONTAINER}$`),
  hosts: /^stack$/,
  image: { test: isCanonical },
  interface: new RegExp(`^${CONTAINER}\\.[^/]+$`),
  nat: new RegExp(`^${NAME}$`),
  veth: new RegExp(`^${NAME}$`),
  volume: new RegExp(`^${NAME}$`),
}

const rates = { rbps: bytes, wbps: bytes, riops: bytes, wiops: bytes }
const limits = record(
  {},
  {
    ...{ memory: bytes, memory_high: bytes, memory_low: bytes, memory_swap: bytes },
    cpus: numeric(LEAST_CPUS, MOST_CPUS),
    cpu_weight: whole(1, 10_000),
    cpuset: textLike(/^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/, "list of processors"),
    pids: either(oneOf("max"), whole(1, 4_194_304)),
    io: mapOf(textLike(/^(\/dev\/[^\n]+|\d+:\d+)$/, "device"), record({}, rates)),
    unified: mapOf(text("limit of a cgroup", isOtherLimit), oneLine),
  },
)

const idRange = record({ container: whole(0, LAST_ID), host: whole(0, LAST_ID), count: whole(1, LAST_ID) })
const idMap = either(record({ auto: whole(1, LAST_ID) }, { orLess: truth }), listOf(idRange))
const namespace = textLike(new RegExp(`^(new|host|container:${CONTAINER})$`), "namespace of a container's or the host's")
const routeTo = text("network", (network) => canonicalCidr(network) === network)
const routing = routingShapes({ network: routeTo, ip, mac })
const kinds = ["user", "mount", "pid", "net", "ipc", "uts", "cgroup"]

const { seccomp_profile, ...ownPowers } = powerShapes as { readonly [key: string]: Shape; readonly seccomp_profile: Shape }

const seconds = numeric(0, 1_000_000)
const bits16 = whole(0, 65_535)
const BRIDGE_SHAPES = {
  ...{ priority: bits16, forward_delay: seconds, hello_time: seconds, max_age: seconds, group_fwd_mask: bits16 },
  ...{ mcast_snooping: truth, mcast_querier: truth, vlan_protocol: oneOf(...VLAN_PROTOCOLS), vlan_default_pvid: whole(0, LAST_VLAN) },
  accept_ra: truth,
}
const PORT_SHAPES = Object.fromEntries(
  Object.entries(PORT_DEFAULTS).map(([option, usual]) => [option, typeof usual === "boolean" ? truth : bits16]),
)

const inside = { container, interface: linkName, alias, up: truth, address: listOf(either(oneOf("auto"), cidr)), gateway: listOf(ip) }
const port = record(
  {
    ...inside,
    ...{ bridge: textLike(new RegExp(`^bridge\\.${NAME}$`), "address of a bridge"), master: linkName },
    ...{ host_interface: linkName, mac, mtu, host_end: record({ mac, address: cidrs, up: truth }, { impair, ...PORT_SHAPES }) },
  },
  { impair, inside_master: linkName, vlans: listOf(text("VLAN", (word) => parseVlan(word) !== undefined)) },
)
const link = record(
  { kind: oneOf(...Object.keys(LINK_KINDS), "phys") },
  {
    ...{
      parent: linkName,
      link: linkName,
      link_netns: oneOf("container"),
      mode: oneOf(...MACVLAN_MODES, ...IPVLAN_MODES, ...BOND_MODES),
      id: whole(0, 2 ** 24 - 1),
    },
    ...{ remote: ip, group: either(ip, whole(0, LAST_ID)), local: ip, port: whole(1, 65535) },
    ...{ key: whole(1, 2 ** 32 - 1), ttl: whole(0, 255), table: whole(1, 2 ** 32 - 1) },
    ...{ owner: whole(0, LAST_ID), multi_queue: truth },
  },
)
const anyMac = text("MAC address", (address) => parseAnyMac(address) === address)
const fdb = listOf(record({ to: ip }, { mac: anyMac, port: whole(1, 65535), vni: whole(0, 2 ** 24 - 1) }))
const bond = record({ miimon: whole(0, 2 ** 31 - 1), members: listOf(linkName) })
const parent = textLike(
  new RegExp(`^((bridge|veth)\\.${NAME}|interface\\.${CONTAINER}\\.[^/]+)$`),
  "address of a bridge, a pair or an interface",
)
const oneEnded = record(
  { ...inside, link },
  { parent, mac, mtu, impair, inside_master: linkName, fdb, bond, wireguard: wireGuardShape({ network: routeTo, path: folder }) },
)

function isOneEnded(value: unknown): boolean {
  return typeof value === "object" && value !== null && "link" in value
}

/**
 * The canonical attributes of each kind, as far as what works from them relies on their form: names that become parts of paths
 * above all, and what the kernel is told in a message of fixed layout.
 */
export const ATTRIBUTES: { readonly [K in KindName]: Shape } = {
  bridge: record(
    {
      ...{ interface: linkName, alias, address: cidrs, mtu, mac, stp: truth, vlan_filtering: truth, up: truth },
      ageing_time: whole(0, 1_000_000),
    },
    BRIDGE_SHAPES,
  ),
  cgroup: record({ limits }),
  container: record(
    {
      image: text("image", (image) => isSettledImage(image, (path) => folder(path, "") === undefined)),
      argv: listOf(text()),
      environment: mapOf(textLike(/^[^=\s]+$/, "name of a variable"), text()),
      working_dir: textLike(/^\//, "absolute path"),
      user: textLike(/^([^:\s]+(:[^:\s]+)?)?$/, "user"),
      hostname: textLike(/^([a-zA-Z0-9]([a-zA-Z0-9._-]{0,66}[a-zA-Z0-9])?)?$/, "host name"),
      hosts: oneOf("image", "stack", "own"),
      ...{ dns: listOf(hostsIp), dns_search: listOf(oneWord), dns_opt: listOf(oneWord) },
      uid_map: idMap,
      gid_map: idMap,
      cgroup: textLike(new RegExp(`^(${NAME})?$`), "name of a cgroup"),
      limits,
      routes: routing.routes,
      sysctls: mapOf(text("kernel parameter of a container", isContainerSysctl), oneLine),
      namespaces: record(Object.fromEntries(kinds.map((kind) => [kind, namespace]))),
      ...ownPowers,
      ...lifeShapes,
      ...healthShapes,
      ...mountShapes,
      labels: mapOf(text(), text()),
      depends_on: listOf(container),
      state: oneOf("running"),
    },
    { seccomp_profile, ...routing.some },
  ),
  hosts: record({ names: hostsLines, own: mapOf(textLike(new RegExp(`^${CONTAINER}$`), "name of a container"), hostsLines) }),
  image: record({ digest: textLike(DIGEST, "digest") }),
  interface: (value, path) => (isOneEnded(value) ? oneEnded : port)(value, path),
  volume: record({}),
  nat: natShape,
  veth: record({
    ...{ alias, mtu },
    endpoints: listOf(
      record(
        { container: either(oneOf("host"), container), interface: linkName, address: cidrs, mac, up: truth },
        { impair, accept_ra: truth },
      ),
      2,
    ),
  }),
}
