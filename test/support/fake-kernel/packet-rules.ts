import { ruleTwin } from "../../../src/kernel/netlink/nft/change.ts"
import type { BaseChain, Rule, RuleChange, RuleFamily, RuleSet } from "../../../src/kernel/packet-rules.ts"
import type { Namespace } from "./machine.ts"
import { refuse } from "./machine.ts"

/** What nf_tables holds of one network namespace; each rule knows its table. */
export interface Rules {
  tables: RuleSet["tables"]
  chains: BaseChain[]
  inner: RuleSet["inner"]
  rules: (RuleSet["rules"][number] & { table: string })[]
}

const NOTHING: Rules = { tables: [], chains: [], inner: [], rules: [] }

export function readRules({ rules: held }: Namespace, table: string): RuleSet {
  const { tables, chains, inner, rules } = held ?? NOTHING
  const ofTable = rules.filter((rule) => rule.table === table).map(({ family, chain, expressions }) => ({ family, chain, expressions }))
  return structuredClone({ tables, chains, inner, rules: ofTable })
}

export function readTable({ rules: held }: Namespace, family: string, table: string): Rule[] {
  const own = (held?.rules ?? []).filter((rule) => rule.family === family && rule.table === table)
  return structuredClone(own.map(({ chain, expressions }) => ({ chain, expressions })))
}

/** On a copy, which takes the place of what there was if none is refused. */
export function changeRules(namespace: Namespace, changes: readonly RuleChange[]): void {
  const next = structuredClone(namespace.rules ?? NOTHING)
  for (const change of changes) make(next, change)
  if (next.tables.length === 0) delete namespace.rules
  else namespace.rules = next
}

function make(rules: Rules, change: RuleChange): void {
  const { family } = change
  const table = change.op === "chain-add" ? change.chain.table : change.table
  const there = rules.tables.find((one) => one.family === family && one.name === table)
  if (change.op === "table-add") {
    if (there === undefined) rules.tables.push({ family, name: table })
    else delete there.dormant
    return
  }
  if (there === undefined) refuse(ruleTwin(change), "ENOENT")
  switch (change.op) {
    case "table-delete":
      rules.tables = rules.tables.filter((one) => one.family !== family || one.name !== table)
      rules.chains = rules.chains.filter((chain) => chain.family !== family || chain.table !== table)
      rules.inner = rules.inner.filter((chain) => chain.family !== family || chain.table !== table)
      rules.rules = rules.rules.filter((rule) => rule.family !== family || rule.table !== table)
      return
    case "chain-add":
      if (hasChain(rules, family, table, change.chain.name)) refuse(ruleTwin(change), "EEXIST")
      rules.chains.push({ family, ...change.chain })
      return
    case "inner-add":
      if (hasChain(rules, family, table, change.chain)) refuse(ruleTwin(change), "EEXIST")
      rules.inner.push({ family, table, name: change.chain })
      return
    case "chain-delete":
      if (!hasChain(rules, family, table, change.chain)) refuse(ruleTwin(change), "ENOENT")
      if (isJumpedTo(rules, change)) refuse(ruleTwin(change), "EBUSY")
      rules.inner = rules.inner.filter((chain) => chain.family !== family || chain.table !== table || chain.name !== change.chain)
      rules.chains = rules.chains.filter((chain) => chain.family !== family || chain.table !== table || chain.name !== change.chain)
      rules.rules = rules.rules.filter((rule) => rule.family !== family || rule.table !== table || rule.chain !== change.chain)
      return
    case "rule-add":
      if (!hasChain(rules, family, table, change.chain)) refuse(ruleTwin(change), "ENOENT")
      for (const one of change.expressions) {
        if (one.is === "jump" && !hasChain(rules, family, table, one.chain)) refuse(ruleTwin(change), "ENOENT")
      }
      rules.rules.push({ family, table, chain: change.chain, expressions: [...change.expressions] })
  }
}

function hasChain({ chains, inner }: Rules, family: RuleFamily, table: string, name: string): boolean {
  return [...chains, ...inner].some((chain) => chain.family === family && chain.table === table && chain.name === name)
}

function isJumpedTo({ rules }: Rules, { family, table, chain }: RuleChange & { op: "chain-delete" }): boolean {
  const others = rules.filter((rule) => rule.family === family && rule.table === table && rule.chain !== chain)
  return others.some(({ expressions }) => expressions.some((one) => one.is === "jump" && one.chain === chain))
}
