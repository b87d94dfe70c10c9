import type { NetRequest, Rule } from "../kernel.ts"
import { VRF_RULE_PRIORITY } from "../kernel.ts"
import { device, option } from "./twin-words.ts"

type Words = (string | undefined)[]
type RouteRequest = NetRequest & { op: "route-replace" | "route-append" | "route-delete" }

/** What stands behind `ip route replace` or `ip route del`. */
export function route(request: RouteRequest): Words {
  const { to, type, via, dev, nexthops, table, metric, protocol, src, scope, onlink, mtu, advmss } = request
  return [
    type === "unicast" ? undefined : type,
    to === "0.0.0.0/0" || to === "::/0" ? "default" : to,
    ...hop(via, dev, to),
    option("table", table),
    option("metric", metric),
    option("proto", protocol),
    option("src", src),
    option("scope", scope),
    onlink ? "onlink" : undefined,
    option("mtu", mtu),
    option("advmss", advmss),
    ...(nexthops ?? []).flatMap((one) => [
      "nexthop",
      ...hop(one.via, one.dev, to),
      option("weight", one.weight),
      one.onlink ? "onlink" : undefined,
    ]),
  ]
}

/** An address of another family than the destination's is said to be so. */
function hop(via: string | undefined, dev: RouteRequest["dev"], to: string): Words {
  const other = via?.includes(":") && !to.includes(":")
  return [option(other ? "via inet6" : "via", via), option("dev", dev === undefined ? undefined : device(dev))]
}

/** `-6 rule add from …` */
export function rule(verb: string, { family, ...rest }: Rule): Words {
  const { priority, not, from, to, iif, oif, fwmark, fwmask, ipproto, sport, dport, type, table, goto, suppress_prefixlength } = rest
  const mark = fwmark === undefined ? undefined : `${fwmark}${fwmask === undefined ? "" : `/${fwmask}`}`
  return [
    family === "inet6" ? "-6" : undefined,
    `rule ${verb}`,
    not ? "not" : undefined,
    option("from", from),
    option("to", to),
    option("iif", iif),
    option("oif", oif),
    option("fwmark", mark),
    option("ipproto", ipproto),
    option("sport", sport),
    option("dport", dport),
    type === "lookup" ? option("lookup", table) : type === "goto" ? option("goto", goto) : type,
    option("suppress_prefixlength", suppress_prefixlength),
    option("priority", priority),
  ]
}

/** `-6 rule add l3mdev …` */
export function vrfRule(verb: string, family: Rule["family"]): Words {
  return [family === "inet6" ? "-6" : undefined, `rule ${verb} l3mdev priority ${VRF_RULE_PRIORITY}`]
}
