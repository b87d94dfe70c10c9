/** Our programs beside libseccomp's, over a quarter of a million calls: the usual profiles, and profiles of every word by chance. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../../src/kinds/container/spec-capabilities.ts"
import type { Architecture } from "../../../src/seccomp/architecture.ts"
import { AUDIT_ARCH, callsOf } from "../../../src/seccomp/architecture.ts"
import { assemble } from "../../../src/seccomp/assemble.ts"
import { defaultProfile } from "../../../src/seccomp/default-profile.ts"
import type { Action, Comparison, Profile, Rule } from "../../../src/seccomp/profile.ts"
import { diceOf } from "../../property/dice.ts"
import { testsUnless } from "../../support/skip.ts"
import type { Call } from "./interpreter.ts"
import { dataOf, interpretOn } from "./interpreter.ts"
import type { Oracle } from "./oracle.ts"
import { askLibseccomp, noLibseccomp } from "./oracle.ts"

const { below, chance, pick, shuffled } = diceOf(Number(process.env.SEED ?? 20_260_101))
const CALLS_EACH = 4_000
const CHANCE_PROFILES = 48

const ACTIONS: readonly Action[] = ["allow", "log", "errno:1", "errno:38", "errno:4094", "trap", "kill-process", "kill-thread", "trace:7"]
const OPS: readonly Comparison["op"][] = ["==", "!=", "<", "<=", ">", ">=", "masked"]
const EDGES = [0n, 1n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn]

const half = () => below(2 ** 32)
const one = <T>(list: readonly T[]) => list[below(list.length)] as T
const word = () => pick(one(EDGES), BigInt(half()), (BigInt(half()) << 32n) | BigInt(half()))

interface Question {
  name: string
  call: Call
}

/** Calls of the table, those with conditions more often than others, and some of other architectures. Numbers above it are not libseccomp's to tell. */
function questions(architecture: Architecture, profile: Profile, unknown: ReadonlySet<string>): Question[] {
  const table = callsOf(architecture)
  const isAsked = (name: string) => table.has(name) && !unknown.has(name)
  const all = [...table.keys()].filter(isAsked).map((name) => ({ name, args: [] as Comparison[] }))
  const conditional = profile.rules.flatMap(({ names, args = [] }) =>
    args.length === 0 ? [] : names.filter(isAsked).map((name) => ({ name, args })),
  )
  return Array.from({ length: CALLS_EACH }, () => {
    const { name, args } = conditional.length > 0 && chance() ? one(conditional) : one(all)
    const values = Array.from({ length: 6 }, word)
    for (const { index, value, mask } of args) if (chance()) values[index] = near(BigInt(value), BigInt(mask ?? 0))
    const arch = below(8) > 0 ? AUDIT_ARCH[architecture] : pick(0, 0x4000_0028, 0x8000_003e, 0x4000_0004)
    return { name, call: { number: table.get(name) as number, arch, args: values } }
  })
}

/** What is just at, below or above a number, or differs from it by what a mask leaves out, or in one half. */
function near(value: bigint, mask: bigint): bigint {
  const all = 0xffff_ffff_ffff_ffffn
  return pick(
    value,
    (value + 1n) & all,
    (value - 1n) & all,
    value ^ (1n << 32n),
    (value & mask) | (word() & ~mask & all),
    value ^ mask,
    value & 0xffff_ffffn,
  )
}

function comparisons(): Comparison[] {
  return shuffled([0, 1, 2, 3, 4, 5])
    .slice(0, pick(1, 1, 2, 3))
    .sort()
    .map((index) => {
      const op = pick(...OPS)
      return { index, op, value: String(word()), ...(op === "masked" ? { mask: String(word()) } : {}) }
    })
}

/** Several rules of a call, with conditions or without, some of the same action. */
function byChance(architecture: Architecture): Profile {
  const names = shuffled([...callsOf(architecture).keys()])
  const few = pick(2, 9)
  const rules = Array.from({ length: pick(1, 5, 30) }, (): Rule => {
    const its = shuffled(names.slice(0, chance() ? few : 40)).slice(0, pick(1, 3, 10))
    return { names: its, action: pick(...ACTIONS), ...(chance() ? {} : { args: comparisons() }) }
  })
  return { otherwise: pick(...ACTIONS), rules }
}

function usual(): Profile[] {
  const some = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_TIME", "SYSLOG"]
  return [DEFAULT_CAPABILITIES, [], CAPABILITIES, ...some.map((name) => [...DEFAULT_CAPABILITIES, name])].map(defaultProfile)
}

/** How many calls both made the same of; the first that they differ about is an error that has all to see it again. */
function compared(profile: Profile, architecture: Architecture, oracle: Oracle): number {
  const program = assemble(profile, architecture)
  const all = questions(architecture, profile, oracle.unknown)
  for (const { name, call } of all) {
    const data = dataOf(call)
    const [ours, theirs] = [interpretOn(program, data), oracle.verdict(name, data)]
    if (ours === theirs) continue
    const told = { ...call, args: call.args.map(String), ours: ours.toString(16), theirs: theirs.toString(16) }
    const rules = profile.rules.filter(({ names }) => names.includes(name)).map(({ names: _, ...rest }) => rest)
    throw new Error(`${architecture} ${name} ${JSON.stringify(told)}\n${JSON.stringify({ otherwise: profile.otherwise, rules })}`)
  }
  return all.length
}

testsUnless(noLibseccomp())("libseccomp makes the same of every call", () => {
  const hosts: readonly Architecture[] = ["x86-64", "arm64"]
  const cases = [
    ...hosts.flatMap((architecture) => usual().map((profile) => ({ profile, architecture }))),
    ...Array.from({ length: CHANCE_PROFILES }, () => pick(...hosts)).map((architecture) => ({
      profile: byChance(architecture),
      architecture,
    })),
  ]
  const oracles = askLibseccomp(cases)
  const done = cases.map(({ profile, architecture }, i) => compared(profile, architecture, oracles[i] as Oracle))
  const sum = done.reduce((a, b) => a + b, 0)
  assert.ok(sum >= 250_000, String(sum))
})

test.run()
