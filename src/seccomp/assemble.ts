import type { Label } from "../base/classic-bpf.ts"
import { Program } from "../base/classic-bpf.ts"
import type { Architecture } from "./architecture.ts"
import { AUDIT_ARCH, callsOf } from "./architecture.ts"
import { comparison } from "./comparison.ts"
import type { Action, Comparison, Profile } from "./profile.ts"
import { looseness, returnValue } from "./profile.ts"

/** Offsets in struct seccomp_data, <linux/seccomp.h> */
const NUMBER = 0
const ARCHITECTURE = 4

/** Of calls that this program does not know, newer than its headers or of x32: a C library then does without. */
const UNKNOWN: Action = "errno:38"
/** Of programs of another architecture, whose calls have other numbers. */
const STRANGE: Action = "kill-process"

/** BPF_MAXINSNS: the kernel takes no more. */
export const MOST_INSTRUCTIONS = 4096

/**
 * The filter as struct sock_filter[]: the architecture, then a search for the number's range by halves, then, where the arguments tell,
 * rule after rule from the strictest on.
 *
 * @throws RangeError where it would be longer than the kernel takes
 */
export function assemble(profile: Profile, host: Architecture): Uint8Array {
  const program = new Program()
  let next = program.returning(returnValue(STRANGE))
  const rules = profile.rules.filter(({ on }) => on === undefined || on.some((one) => one === host))
  const architectures = [host, ...(host === "x86-64" ? (profile.also ?? []) : [])]
  for (const architecture of architectures.reverse()) {
    const calls = program.load(NUMBER, search(program, rangesOf(program, { ...profile, rules }, architecture)))
    next = program.when("==", AUDIT_ARCH[architecture], calls, next)
  }
  program.load(ARCHITECTURE, next)
  if (program.length > MOST_INSTRUCTIONS) throw new RangeError(`${program.length} instructions, and the kernel takes ${MOST_INSTRUCTIONS}`)
  return program.bytes()
}

/** Numbers from here up to the next range's go on at `label`. */
interface CallRange {
  from: number
  label: Label
}

function rangesOf(program: Program, profile: Profile, architecture: Architecture): CallRange[] {
  const unknown = program.returning(returnValue(UNKNOWN))
  const labels = labelsOf(program, profile, architecture)
  const ranges: CallRange[] = []
  const begin = (from: number, label: Label) => {
    if (ranges.at(-1)?.label !== label) ranges.push({ from, label })
  }
  let next = 0
  for (const [number, label] of labels) {
    if (number > next) begin(next, unknown)
    begin(number, label)
    next = number + 1
  }
  begin(next, unknown)
  return ranges
}

/** Where each call of the architecture goes on, by number. Calls that the same is said of share it. */
function labelsOf(program: Program, profile: Profile, architecture: Architecture): (readonly [number: number, label: Label])[] {
  const cases = casesByName(profile)
  const known = new Map<readonly Case[], Label>()
  return [...callsOf(architecture)].map(([name, number]) => {
    const its = cases.get(name) ?? NO_CASES
    const label = known.get(its) ?? decision(program, its, profile.otherwise)
    known.set(its, label)
    return [number, label]
  })
}

interface Case {
  args: readonly Comparison[]
  action: Action
}

const NO_CASES: readonly Case[] = []

/** The rules of each call, the strictest first; what stands behind one without conditions is never reached. */
function casesByName({ rules }: Profile): ReadonlyMap<string, readonly Case[]> {
  const found = new Map<string, Case[]>()
  for (const { names, action, args = [] } of rules) {
    for (const name of names) found.set(name, [...(found.get(name) ?? []), { args, action }])
  }
  const shared = new Map<string, Case[]>()
  for (const [name, cases] of found) {
    const sorted = cases.sort((a, b) => looseness(a.action) - looseness(b.action))
    const end = sorted.findIndex(({ args }) => args.length === 0)
    const reached = end < 0 ? sorted : sorted.slice(0, end + 1)
    const key = JSON.stringify(reached)
    shared.set(key, shared.get(key) ?? reached)
    found.set(name, shared.get(key) as Case[])
  }
  return found
}

function decision(program: Program, cases: readonly Case[], otherwise: Action): Label {
  return [...cases].reverse().reduce(
    (no, { args, action }) => {
      const yes = program.returning(returnValue(action))
      return [...args].reverse().reduce((next, arg) => comparison(program, arg, next, no), yes)
    },
    program.returning(returnValue(otherwise)),
  )
}

/** By halves: as many comparisons as the logarithm of the ranges. */
function search(program: Program, ranges: readonly CallRange[]): Label {
  const [only] = ranges as [CallRange]
  if (ranges.length === 1) return only.label
  const middle = ranges.length >> 1
  const upper = search(program, ranges.slice(middle))
  const lower = search(program, ranges.slice(0, middle))
  return program.when(">=", (ranges[middle] as CallRange).from, upper, lower)
}
