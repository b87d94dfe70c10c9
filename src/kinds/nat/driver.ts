import type { Address } from "../../base/address.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { BaseChain, RuleChange, RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import type { Driver, Reading, Run, Scope, StepResult } from "../../model/driver.ts"
import type { Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import { forwarding, putBack, switchOn, WAS_OFF, wasOff } from "./forwarding.ts"
import { expressionsOf, wordsOf } from "./masquerade-rule.ts"
import type { NatAttributes } from "./spec.ts"
import { chainOf, FORWARDING, nameOfChain, parseMasquerade, tableOf } from "./spec.ts"

const FAMILIES: readonly RuleFamily[] = ["ip", "ip6"]
/** NF_IP_PRI_NAT_SRC */
const SOURCE_NAT = 100
/** The address under which a table is told that holds nothing of ours any more. */
const EMPTY = "left-over"

/** Rules in the stack's own table, of the host's network namespace. nft(8) */
export const natDriver: Driver = {
  name: "nat",
  isSoughtByRecord: true,
  observe: (scope) => (applied) => (mayBeThere(scope, applied) ? read(scope) : { resources: [], foreign: [] }),
  ops: {
    create: (steps, run) => each(steps, (step) => put(step, run)),
    update: (steps, run) => each(steps, (step) => put(step, run)),
    delete: (steps, run) => each(steps, (step) => remove(step, run)),
  },
}

/** Who has nothing to do with it is not to be kept waiting: nf_tables is asked if the file wants it, the last apply did, or all is to go. */
function mayBeThere({ desired: { resources } }: Scope, applied: ReadonlyMap<Address, unknown>): boolean {
  return resources.length === 0 || resources.some(({ kind }) => kind === "nat") || [...applied.keys()].some((one) => one.startsWith("nat."))
}

// ------------------------------------------------------------------- reading

function read(scope: Scope): Reading {
  const { kernel, stack, desired } = scope
  const table = tableOf(stack)
  const set = kernel.readRules(table)
  if (set === null) return { resources: [], foreign: [] }
  const chains = set.chains.filter((chain) => chain.table === table && isFamily(chain.family))
  const names = new Set(chains.flatMap(({ name }) => nameOfChain(name) ?? []))
  const resources = [...names].sort().map((name) => observed(kernel, set, table, name))
  const isEmpty = names.size === 0 && set.tables.some(({ name }) => name === table)
  const wanted = desired.resources.some(({ kind }) => kind === "nat")
  return { resources: isEmpty && !wanted ? [emptied()] : resources, foreign: [] }
}

function observed(kernel: Kernel, set: RuleSet, table: string, name: string): Observed {
  const chains = set.chains.filter((chain) => chain.table === table && chain.name === chainOf(name))
  const rules = set.rules.filter(({ chain }) => chain === chainOf(name)).map(({ family, expressions }) => wordsOf(family, expressions))
  const families = FAMILIES.filter((family) => chains.some((chain) => chain.family === family))
  const sysctls = families.map((family) => [FORWARDING[family], forwarding(kernel, family) ?? ""])
  return {
    ...{ kind: "nat", address: `nat.${name}`, name, live: {} },
    attributes: { rules: [...chains.flatMap(strangeness), ...rules].sort(), sysctls: Object.fromEntries(sysctls) },
  }
}

/** What of a chain is not as it was made. */
function strangeness({ family, type, hook, priority, policy }: BaseChain): string[] {
  if (type === "nat" && hook === "postrouting" && priority === SOURCE_NAT && policy === "accept") return []
  return [`${family}: chain { type ${type} hook ${hook} priority ${priority}; policy ${policy}; }`]
}

function emptied(): Observed {
  return { kind: "nat", address: `nat.${EMPTY}`, name: EMPTY, attributes: { rules: [], sysctls: {} }, live: {} }
}

function isFamily(family: string): family is RuleFamily {
  return family === "ip" || family === "ip6"
}

// ------------------------------------------------------------------ changing

/** One after the other: what another one has done is read anew. */
function each(steps: readonly Step[], work: (step: Step) => void): Promise<StepResult>[] {
  return steps.map((step) => attemptNow(() => work(step)))
}

/** All rules of a bridge at one moment, in both families; then forwarding, if it is off. */
function put({ change }: Step, { kernel, stack }: Run): void {
  const set = readOrFail(kernel, tableOf(stack))
  const { rules, sysctls } = change.after as unknown as NatAttributes
  const families = FAMILIES.filter((family) => sysctls[FORWARDING[family]] !== undefined)
  const place = { table: tableOf(stack), name: chainOf(change.name) }
  for (const family of FAMILIES) if (!families.includes(family)) putBack(kernel, family, set, place)
  kernel.changeRules(
    FAMILIES.flatMap((family) =>
      families.includes(family)
        ? replacing(set, family, place, rules, wasOff(kernel, family, set) ? WAS_OFF[family] : "")
        : removing(set, family, place),
    ),
  )
  for (const family of families) switchOn(kernel, family)
}

function remove({ change }: Step, { kernel, stack }: Run): void {
  const set = readOrFail(kernel, tableOf(stack))
  const place = { table: tableOf(stack), name: chainOf(change.name) }
  for (const family of FAMILIES) putBack(kernel, family, set, place)
  kernel.changeRules(FAMILIES.flatMap((family) => removing(set, family, place)))
}

interface Place {
  table: string
  name: string
}

function replacing(set: RuleSet, family: RuleFamily, place: Place, rules: readonly string[], comment: string): RuleChange[] {
  const { table, name } = place
  const chain = { table, name, type: "nat", hook: "postrouting", priority: SOURCE_NAT, policy: "accept", comment } as const
  const wanted = rules.flatMap((text) => parseMasquerade(text) ?? []).filter((rule) => rule.family === family)
  return [
    { op: "table-add", family, table },
    ...(has(set, family, place) ? [{ op: "chain-delete", family, table, chain: name } as const] : []),
    { op: "chain-add", family, chain },
    ...wanted.map((rule): RuleChange => ({ op: "rule-add", family, table, chain: name, expressions: expressionsOf(rule) })),
  ]
}

/** The last one takes the table along. */
function removing(set: RuleSet, family: RuleFamily, { table, name }: Place): RuleChange[] {
  if (!set.tables.some((one) => one.family === family && one.name === table)) return []
  const others = set.chains.filter((chain) => chain.family === family && chain.table === table && chain.name !== name)
  if (!others.some((chain) => nameOfChain(chain.name) !== undefined)) return [{ op: "table-delete", family, table }]
  return has(set, family, { table, name }) ? [{ op: "chain-delete", family, table, chain: name }] : []
}

function has({ chains }: RuleSet, family: RuleFamily, { table, name }: Place): boolean {
  return chains.some((chain) => chain.family === family && chain.table === table && chain.name === name)
}

function readOrFail(kernel: Kernel, table: string): RuleSet {
  const set = kernel.readRules(table)
  if (set === null)
    throw new KernelError(`nft list table ${table}`, "EOPNOTSUPP", "this kernel has no nf_tables, or CAP_NET_ADMIN is missing")
  return set
}
