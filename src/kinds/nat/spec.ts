import type { RuleFamily } from "../../kernel/packet-rules.ts"
import type { PublishedPorts } from "./spec-ports.ts"

/** What becomes of packets that come to a bridge's subnets or leave them, in canonical form. nft(8) */
export interface NatAttributes {
  /**
   * In nft's words, sorted: what the kernel holds besides the rules of ports. Those of the chain `nat-BRIDGE` stand as they are, each in
   * the table of its own family; others have the family and the role of their chain before them.
   */
  rules: string[]
  /** Ports of the host that lead to a container: `8080/tcp` to `10.20.0.2:80`. */
  ports: PublishedPorts
  /** Names of the bridge's ports that give back where it came from what the bridge sends there: a container reaches itself by a port of the host's. */
  hairpin: string[]
  /** What the host must be switched to for it: `net.ipv4.ip_forward: "1"`. */
  sysctls: { [name: string]: string }
}

/** The one table of a stack, in each family in use: its name is the mark. */
export const TABLE = "stack_"

export function tableOf(stack: string): string {
  return `${TABLE}${stack}`
}

/** The table of either family is of its own. */
export type NatFamily = RuleFamily
export const FAMILIES: readonly NatFamily[] = ["ip", "ip6"]

/** What passes packets on from one link to another, by family. https://docs.kernel.org/networking/ip-sysctl.html */
export const FORWARDING: { readonly [F in RuleFamily]: string } = {
  ip: "net.ipv4.ip_forward",
  ip6: "net.ipv6.conf.all.forwarding",
}

/** What lets a packet of the host's own 127.0.0.0/8 go out by a link, and its answer come in. In sysctl(8)'s spelling a dot of a name is a slash. */
export function localnetOf(bridge: string): string {
  return `net.ipv4.conf.${bridge.replaceAll(".", "/")}.route_localnet`
}

/** Whether it is a kernel parameter that this kind sets. */
export function isNatSysctl(name: string): boolean {
  return Object.values(FORWARDING).includes(name) || LOCALNET.test(name)
}

export const LOCALNET = /^net\.ipv4\.conf\.[^.]{1,15}\.route_localnet$/
