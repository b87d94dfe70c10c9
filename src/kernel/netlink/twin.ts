import { formatDelay, formatPercent, formatRate } from "../../base/units.ts"
import type { BridgeOptions, FdbEntry, Impairment, LinkRef, NetRequest, VethEnd } from "../kernel.ts"
import { route, rule, vrfRule } from "./twin-routing.ts"
import { device, option } from "./twin-words.ts"

/**
 * A request in the words of ip(8): what a person would type to do the same by hand, without the stack's link group, which
 * only marks.
 */
export function shellTwin(request: NetRequest): string {
  return words(request)
    .filter((word) => word !== undefined)
    .join(" ")
}

type Words = (string | undefined)[]

function words(request: NetRequest): Words {
  switch (request.op) {
    case "bridge-add":
      return ["ip link add", request.name, ...common(request), request.up ? "up" : undefined, ...bridge(request.bridge)]
    case "veth-add":
      return vethAdd(request)
    case "link-add":
      return linkAdd(request)
    case "link-set":
      return linkSet(request)
    case "hairpin":
      return [`ip link set ${device(request.link)} type bridge_slave hairpin ${request.on ? "on" : "off"}`]
    case "port-state":
      return [`bridge link set dev ${device(request.link)} state ${request.state}`]
    case "vlan-add":
      return ["bridge vlan add", ...vlan(request)]
    case "vlan-delete":
      return ["bridge vlan del", ...vlan(request)]
    case "fdb-add":
      return ["bridge fdb append", ...fdb(request)]
    case "fdb-delete":
      return ["bridge fdb del", ...fdb(request)]
    case "altname-add":
      return ["ip link property add dev", device(request.link), "altname", request.name]
    case "altname-delete":
      return ["ip link property del dev", device(request.link), "altname", request.name]
    case "link-delete":
      return ["ip link del", device(request.link)]
    case "group-delete":
      return [`ip link del group ${request.group}`]
    case "address-add":
      return [`ip address add ${request.address} dev`, device(request.link), request.address.includes(":") ? "nodad" : undefined]
    case "address-delete":
      return [`ip address del ${request.address} dev`, device(request.link)]
    case "route-replace":
      return ["ip route replace", ...route(request)]
    case "route-append":
      return ["ip route append", ...route(request)]
    case "route-delete":
      return ["ip route del", ...route(request)]
    case "rule-add":
      return ["ip", ...rule("add", request.rule)]
    case "rule-delete":
      return ["ip", ...rule("del", request.rule)]
    case "vrf-rule-add":
      return ["ip", ...vrfRule("add", request.family)]
    case "vrf-rule-delete":
      return ["ip", ...vrfRule("del", request.family)]
    case "neighbour-replace":
      return request.lladdr === undefined
        ? [`ip neigh add proxy ${request.to} dev`, device(request.dev)]
        : [`ip neigh replace ${request.to} lladdr ${request.lladdr} dev`, device(request.dev), "nud permanent"]
    case "neighbour-delete":
      return [`ip neigh del ${request.lladdr === undefined ? "proxy " : ""}${request.to} dev`, device(request.dev)]
    case "impair":
      return [`tc qdisc replace dev ${device(request.link)} root`, request.qdisc, ...impair(request.impair)]
    case "impair-delete":
      return [`tc qdisc del dev ${device(request.link)} root`]
  }
}

function common({ mac, mtu }: Pick<VethEnd, "mac" | "mtu">): Words {
  return [option("address", mac), option("mtu", mtu)]
}

/** ip-link(8) calls one option otherwise, counts times in hundredths of a second and knows no true or false. */
const BRIDGE_WORDS: { readonly [option: string]: string } = { stp: "stp_state" }
const TIMES: ReadonlySet<string> = new Set(["ageing_time", "forward_delay", "hello_time", "max_age"])

function bridge(options: BridgeOptions): Words {
  return ["type bridge", ...optionWords(options)]
}

function optionWords(options: object): Words {
  return Object.entries(options).map(([key, value]) => {
    const shown = typeof value === "boolean" ? Number(value) : TIMES.has(key) ? Math.round(value * 100) : value
    return option(BRIDGE_WORDS[key] ?? key, value === undefined ? undefined : shown)
  })
}

/** bridge(8) takes the number behind `vid`, and what it is behind that. */
function vlan({ link, vlan }: { link: number | string; vlan: string }): Words {
  return ["dev", device(link), `vid ${vlan}`]
}

function fdb({ link, entry: { mac, to, port, vni } }: { link: LinkRef; entry: FdbEntry }): Words {
  return [`${mac} dev ${device(link)} dst ${to}`, option("port", port), option("vni", vni)]
}

function vethAdd({ end, peer }: NetRequest & { op: "veth-add" }): Words {
  return [
    `ip link add ${end.name}`,
    ...vethEnd(end),
    option("master", end.master === undefined ? undefined : device(end.master)),
    end.up ? "up" : undefined,
    `type veth peer name ${peer.name}`,
    ...vethEnd(peer),
  ]
}

function vethEnd(end: VethEnd): Words {
  return [...common(end), option("netns", end.ns === "host" ? undefined : end.ns)]
}

const WORDS: { readonly [option: string]: string } = { port: "dstport" }

function linkAdd({ name, ns, kind, parent, options, ...rest }: NetRequest & { op: "link-add" }): Words {
  const lower = parent === undefined ? undefined : `${kind === "vxlan" ? "dev" : "link"} ${device(parent)}`
  return [
    `ip link add ${name}`,
    ...(kind === "vxlan" ? [] : [lower]),
    ...common(rest),
    option("netns", ns === "host" ? undefined : ns),
    `type ${kind}`,
    ...Object.entries(options).map(([key, value]) => `${WORDS[key] ?? key} ${value}`),
    ...(kind === "vxlan" ? [lower] : []),
  ]
}

function linkSet(request: NetRequest & { op: "link-set" }): Words {
  const { up, master } = request
  return [
    "ip link set",
    device(request.link),
    option("netns", request.ns),
    ...(up === undefined ? [] : [up ? "up" : "down"]),
    option("name", request.name),
    option("alias", request.alias),
    ...common(request),
    ...(master === undefined ? [] : [master === 0 ? "nomaster" : `master ${device(master)}`]),
    option("group", request.group),
    ...(request.bridge === undefined ? [] : bridge(request.bridge)),
    ...(request.bond === undefined ? [] : [`type bond miimon ${request.bond.miimon}`]),
    ...(request.port === undefined ? [] : ["type bridge_slave", ...optionWords(request.port)]),
  ]
}

function impair({ delay, jitter, loss, duplicate, corrupt, reorder, rate, limit }: Impairment): Words {
  const percent = (word: string, value: number | undefined) => option(word, value === undefined ? undefined : formatPercent(value))
  return [
    option("limit", limit),
    option("delay", delay === undefined ? undefined : formatDelay(delay)),
    jitter === undefined ? undefined : formatDelay(jitter),
    percent("loss", loss),
    percent("duplicate", duplicate),
    percent("corrupt", corrupt),
    percent("reorder", reorder),
    option("rate", rate === undefined ? undefined : formatRate(rate)),
  ]
}
