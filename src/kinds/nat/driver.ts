import type { Address } from "../../base/address.ts"
import type { Kernel, NetRequest } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { RuleChange, RuleFamily, RuleSet } from "../../kernel/packet-rules.ts"
import type { Driver, Run, Scope, StepResult } from "../../model/driver.ts"
import type { Step } from "../../model/step.ts"
import { attemptNow } from "../step-result.ts"
import { clearOfLink, putBack, remember, remembered, setSysctl, sysctl, WAS_OFF, wasOff } from "./forwarding.ts"
import { readNat } from "./observe.ts"
import type { NatAttributes } from "./spec.ts"
import { FAMILIES, FORWARDING, LOCALNET, tableOf } from "./spec.ts"
import type { Role } from "./spec-chains.ts"
import { chainOf, making, ROLES, roleOf } from "./spec-chains.ts"
import type { Line } from "./spec-lines.ts"
import { linesOf } from "./spec-lines.ts"
import type { PublishedPorts } from "./spec-ports.ts"
import { expressionsOf } from "./spec-words.ts"
import { isLedElsewhere, staleFlows } from "./stale-flows.ts"

/** Rules in the stack's own table, of the host's network namespace. nft(8) */
export const natDriver: Driver = {
  name: "nat",
  isSoughtByRecord: true,
  observe: (scope) => (applied) => (mayBeThere(scope, applied) ? readNat(scope) : { resources: [], foreign: [] }),
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

/** One after the other: what another one has done is read anew. */
function each(steps: readonly Step[], work: (step: Step) => void): Promise<StepResult>[] {
  return steps.map((step) => attemptNow(() => work(step)))
}

/** All rules of a bridge at one moment, in both families; then what they need: what protects is there before what it protects from. */
function put(step: Step, run: Run): void {
  const { kernel, stack } = run
  const set = readOrFail(kernel, tableOf(stack))
  const wanted = step.change.after as unknown as NatAttributes
  const place = { table: tableOf(stack), bridge: step.change.name }
  const lines = linesOf(wanted)
  const known = remembered(kernel, stack)
  const awaited = neededByOthers(step, run)
  for (const family of FAMILIES)
    if (wanted.sysctls[FORWARDING[family]] === undefined && !awaited.includes(family)) putBack(kernel, family, set, leaving(place), known)
  clearUnwanted(step, run, wanted)
  wake(kernel, set, place.table)
  const comments = FAMILIES.map((family) => (wasOff(kernel, family, set, known) ? WAS_OFF[family] : ""))
  const told = FAMILIES.filter(
    (family, i) => comments[i] !== "" && lines.some((line) => line.family === family && line.role === KEEPS_COMMENT),
  )
  remember(kernel, stack, knownOf(set, place, [...told, ...awaited.filter((family) => known.has(family))]))
  kernel.changeRules(FAMILIES.flatMap((family, i) => replacing(set, family, place, lines, comments[i] ?? "")))
  for (const [name, value] of Object.entries(wanted.sysctls)) setSysctl(kernel, name, value)
  setHairpin(step, run, wanted.hairpin)
  forgetStale(step, run, wanted.ports)
}

function remove(step: Step, run: Run): void {
  const { kernel, stack } = run
  const set = readOrFail(kernel, tableOf(stack))
  const place = { table: tableOf(stack), bridge: step.change.name }
  const known = remembered(kernel, stack)
  const awaited = neededByOthers(step, run)
  for (const family of FAMILIES) if (!awaited.includes(family)) putBack(kernel, family, set, leaving(place), known)
  clearUnwanted(step, run, undefined)
  kernel.changeRules(FAMILIES.flatMap((family) => removing(set, family, place)))
  remember(
    kernel,
    stack,
    knownOf(
      set,
      place,
      awaited.filter((family) => known.has(family)),
    ),
  )
  setHairpin(step, run, [])
  forgetStale(step, run, {})
}

// ------------------------------------------------------------- what is beside

/** Before the rule goes that keeps the host's 127.0.0.0/8 from the bridge, the bridge no more takes packets to it. */
function clearUnwanted({ change }: Step, { kernel }: Run, wanted: NatAttributes | undefined): void {
  const had = Object.keys((change.before as unknown as NatAttributes | null)?.sysctls ?? {})
  for (const name of had) {
    const goes = LOCALNET.test(name) && wanted?.sysctls[name] === undefined
    if (goes && sysctl(kernel, name) === "1") clearOfLink(kernel, name)
  }
}

/** What is gone already needs nothing, and what is another bridge's by now is that one's to say. */
function setHairpin({ change }: Step, { kernel, desired }: Run, wanted: readonly string[]): void {
  const had = (change.before as unknown as NatAttributes | null)?.hairpin ?? []
  const others = new Set(
    desired.resources.flatMap(({ kind, attributes }) => (kind === "nat" ? (attributes as unknown as NatAttributes).hairpin : [])),
  )
  const off = had.filter((link) => !wanted.includes(link) && !others.has(link))
  const requests = [...wanted, ...off].map((link): NetRequest => ({ op: "hairpin", link, on: wanted.includes(link) }))
  if (requests.length === 0) return
  const refusal = kernel.net("host", requests).find((error, i) => error !== null && (i < wanted.length || !GONE.has(error.errno)))
  if (refusal != null) throw refusal
}

/** Nothing is asked where no port of UDP leads elsewhere: a host may remember hundreds of thousands. */
function forgetStale({ change }: Step, { kernel }: Run, has: PublishedPorts): void {
  const had = (change.before as unknown as NatAttributes | null)?.ports ?? {}
  if (!isLedElsewhere(had, has)) return
  const addresses = new Set(kernel.dump("host").addresses.map(({ address }) => address.replace(/\/.*/, "")))
  const stale = staleFlows(kernel.flows(), had, has, (address) => addresses.has(address))
  if (stale.length > 0) kernel.forgetFlows(stale)
}

/** There is no such link, or it is no port of a bridge. */
const GONE = new Set(["ENODEV", "EOPNOTSUPP", "EINVAL"])

// ---------------------------------------------------------------------- rules

interface Place {
  table: string
  bridge: string
}

/** Of a bridge's chains the one that tells that forwarding was off. */
const KEEPS_COMMENT: Role = "nat"

/** Families in which another bridge of the stack is to be forwarded, be its chains there or not. */
function neededByOthers({ address }: Step, { desired }: Run): RuleFamily[] {
  const others = desired.resources.filter((one) => one.kind === "nat" && one.address !== address)
  const sysctls = others.map(({ attributes }) => (attributes as unknown as NatAttributes).sysctls)
  return FAMILIES.filter((family) => sysctls.some((one) => one[FORWARDING[family]] !== undefined))
}

/** The families of which a chain of the stack's tells that forwarding was off, with those that are known beside. */
function knownOf({ chains }: RuleSet, place: Place, known: readonly RuleFamily[]): RuleFamily[] {
  const isLeaving = leaving(place)
  const others = chains.filter((chain) => chain.table === place.table && !isLeaving(chain))
  return FAMILIES.filter(
    (family) => known.includes(family) || others.some((chain) => chain.family === family && chain.comment === WAS_OFF[family]),
  )
}

function leaving({ table, bridge }: Place): (chain: { table: string; name: string }) => boolean {
  return (chain) => chain.table === table && roleOf(chain.name)?.bridge === bridge
}

function replacing(set: RuleSet, family: RuleFamily, place: Place, lines: readonly Line[], comment: string): RuleChange[] {
  const { table, bridge } = place
  const own = lines.filter((line) => line.family === family)
  if (own.length === 0) return removing(set, family, place)
  const roles = ROLES.filter((role) => own.some((line) => line.role === role))
  return [
    { op: "table-add", family, table },
    ...deletions(set, family, place),
    ...roles.map((role) => making(family, table, role, bridge, role === KEEPS_COMMENT ? comment : "")),
    ...roles.flatMap((role) => own.filter((line) => line.role === role)).map((line) => adding(table, bridge, line)),
  ]
}

function adding(table: string, bridge: string, { family, role, words }: Line): RuleChange {
  const expressions = expressionsOf(family, words)
  if (expressions === undefined) throw new Error(`internal error: ${words} is no rule`)
  return { op: "rule-add", family, table, chain: chainOf(role, bridge), expressions }
}

/** The last one takes the table along. */
function removing(set: RuleSet, family: RuleFamily, place: Place): RuleChange[] {
  const { table } = place
  if (!set.tables.some((one) => one.family === family && one.name === table)) return []
  const isLeaving = leaving(place)
  const others = [...set.chains, ...set.inner].filter((chain) => chain.family === family && chain.table === table && !isLeaving(chain))
  if (!others.some((chain) => roleOf(chain.name) !== undefined)) return [{ op: "table-delete", family, table }]
  return deletions(set, family, place)
}

/** A dormant table comes to life by itself: with changes of its chains in the same batch the kernel refuses it (nft_table_pending_update()). */
function wake(kernel: Kernel, { tables }: RuleSet, table: string): void {
  const dormant = tables.filter((one) => one.dormant && one.name === table)
  if (dormant.length > 0) kernel.changeRules(dormant.map(({ family }) => ({ op: "table-add", family, table })))
}

/** What is jumped to goes last; what others have hooked up in the table goes with any. */
function deletions({ chains, inner }: RuleSet, family: RuleFamily, place: Place): RuleChange[] {
  const isLeaving = leaving(place)
  const strangers = chains.filter((chain) => chain.table === place.table && roleOf(chain.name) === undefined)
  const own = [...strangers, ...[...chains, ...inner].filter(isLeaving)].filter((chain) => chain.family === family)
  return own.map(({ name }) => ({ op: "chain-delete", family, table: place.table, chain: name }))
}

function readOrFail(kernel: Kernel, table: string): RuleSet {
  const set = kernel.readRules(table)
  if (set === null)
    throw new KernelError(`nft list table ${table}`, "EOPNOTSUPP", "this kernel has no nf_tables, or CAP_NET_ADMIN is missing")
  return set
}
