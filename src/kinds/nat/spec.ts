import type { RuleFamily } from "../../kernel/packet-rules.ts"

/** What becomes of packets that leave the subnets of a bridge, in canonical form. nft(8) */
export interface NatAttributes {
  /** In nft's words, sorted: what the kernel holds, each rule in the table of its own family. */
  rules: string[]
  /** What the host must be switched to for it: `net.ipv4.ip_forward: "1"`. */
  sysctls: { [name: string]: string }
}

/** The one table of a stack, in each family in use: its name is the mark. */
export function tableOf(stack: string): string {
  return `stack_${stack}`
}

const CHAIN = "nat-"

/** The chain of a bridge's rules; others of the same table are other bridges'. */
export function chainOf(name: string): string {
  return `${CHAIN}${name}`
}

/** The bridge of a chain; undefined for one that is no bridge's. */
export function nameOfChain(chain: string): string | undefined {
  return chain.startsWith(CHAIN) && chain.length > CHAIN.length ? chain.slice(CHAIN.length) : undefined
}

/** What passes packets on from one link to another, by family. https://docs.kernel.org/networking/ip-sysctl.html */
export const FORWARDING: { readonly [F in RuleFamily]: string } = {
  ip: "net.ipv4.ip_forward",
  ip6: "net.ipv6.conf.all.forwarding",
}

/** A rule that masquerades what leaves a subnet by any link but the bridge itself. */
export interface Masquerade {
  family: RuleFamily
  /** The subnet, canonical. */
  source: string
  /** The kernel's name of the bridge. */
  bridge: string
}

export function masqueradeText({ family, source, bridge }: Masquerade): string {
  return `${family} saddr ${source} oifname != "${bridge}" masquerade`
}

/** Undefined for any other text. */
export function parseMasquerade(text: string): Masquerade | undefined {
  const [, family, source, bridge] = /^(ip6?) saddr (\S+) oifname != "([^\s"]{1,15})" masquerade$/.exec(text) ?? []
  if (family === undefined || source === undefined || bridge === undefined) return undefined
  return { family: family as RuleFamily, source, bridge }
}
