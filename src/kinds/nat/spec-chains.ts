import type { BaseChain, RuleChange, RuleFamily } from "../../kernel/packet-rules.ts"

/** What a chain of a bridge is for; it is called `ROLE-BRIDGE`. */
export type Role = "ports" | "guard" | "prerouting" | "output" | "forward" | "nat" | "local"

/** NF_IP_PRI_RAW, NF_IP_PRI_NAT_DST, NF_IP_PRI_FILTER, NF_IP_PRI_NAT_SRC: linux/netfilter_ipv4.h */
const [RAW, NAT_DST, FILTER, NAT_SRC] = [-300, -100, 0, 100]

type Hook = Pick<BaseChain, "type" | "hook" | "priority">

/** By role, in the order in which they are made: the first is jumped to. Undefined: at no hook. */
const HOOKS: { readonly [R in Role]: Hook | undefined } = {
  ports: undefined,
  guard: { type: "filter", hook: "prerouting", priority: RAW },
  prerouting: { type: "nat", hook: "prerouting", priority: NAT_DST },
  output: { type: "nat", hook: "output", priority: NAT_DST },
  forward: { type: "filter", hook: "forward", priority: FILTER },
  nat: { type: "nat", hook: "postrouting", priority: NAT_SRC },
  local: { type: "nat", hook: "postrouting", priority: NAT_SRC },
}

export const ROLES = Object.keys(HOOKS) as Role[]

export function chainOf(role: Role, bridge: string): string {
  return `${role}-${bridge}`
}

/** Undefined for a chain that is no bridge's. */
export function roleOf(chain: string): { role: Role; bridge: string } | undefined {
  const dash = chain.indexOf("-")
  const [role, bridge] = [chain.slice(0, Math.max(dash, 0)) as Role, chain.slice(dash + 1)]
  return ROLES.includes(role) && bridge !== "" ? { role, bridge } : undefined
}

/** What makes the chain of a role. */
export function making(family: RuleFamily, table: string, role: Role, bridge: string, comment: string): RuleChange {
  const [name, hook] = [chainOf(role, bridge), HOOKS[role]]
  if (hook === undefined) return { op: "inner-add", family, table, chain: name }
  return { op: "chain-add", family, chain: { table, name, ...hook, policy: "accept", comment } }
}

/** What of a chain is not as it was made, in nft's words: all of it where it is no bridge's. */
export function strangeness({ family, name, type, hook, priority, policy }: BaseChain): string[] {
  const role = roleOf(name)?.role
  const made = role === undefined ? undefined : HOOKS[role]
  if (type === made?.type && hook === made.hook && priority === made.priority && policy === "accept") return []
  const where = role === undefined || role === "nat" ? family : `${family} ${role}`
  const called = role === undefined ? `chain ${name}` : "chain"
  return [`${where}: ${called} { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`]
}
