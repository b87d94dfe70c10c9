import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Architecture } from "../../../src/seccomp/architecture.ts"
import type { Action, Comparison, Profile } from "../../../src/seccomp/profile.ts"
import { looseness, returnValue } from "../../../src/seccomp/profile.ts"
import { interpretOn } from "./interpreter.ts"

const SCRIPT = fileURLToPath(new URL("libseccomp.py", import.meta.url))
const ARCH_WORDS: { readonly [A in Architecture]: string } = { "x86-64": "x86_64", arm64: "aarch64", i386: "x86" }
/** enum scmp_compare, <seccomp.h> */
const OPS: { readonly [O in Comparison["op"]]: number } = { "!=": 1, "<": 2, "<=": 3, "==": 4, ">=": 5, ">": 6, masked: 7 }

/** Why it cannot be asked; undefined where it can. */
export function noLibseccomp(): string | undefined {
  const { status, error } = spawnSync("python3", [SCRIPT], { input: "" })
  if (error !== undefined) return "python3 is not installed"
  return status === 77 ? "libseccomp2 is not installed" : undefined
}

/** What libseccomp's own filters make of a call, as one of ours should. */
export interface Oracle {
  verdict(name: string, call: DataView): number
  /** Names that it does not know. */
  unknown: ReadonlySet<string>
}

/**
 * Filters of libseccomp's, of one action each and with one rule of each call: each tells whether a rule of it holds. What holds is weighed as the
 * kernel does with several filters. For several rules of one call in a filter libseccomp does not stand in itself: it drops conditions
 * where a rule without any is beside, and merges others wrongly.
 */
export function askLibseccomp(profiles: readonly { profile: Profile; architecture: Architecture }[]): Oracle[] {
  const questions = profiles.map(({ profile, architecture }) =>
    layersOf(profile).map((layer) => ({ ...layer, line: questionOf(layer, architecture) })),
  )
  const input = questions.flatMap((some) => some.map(({ line }) => `${line}\n`)).join("")
  const ran = spawnSync("python3", [SCRIPT], { input, encoding: "utf8", maxBuffer: 1 << 28 })
  if (ran.status !== 0) throw new Error(`libseccomp.py: ${ran.stderr}`)
  const answers = ran.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { bpf: string; unknown: string[] })
  return profiles.map(({ profile }, i) => {
    const layers = (questions[i] ?? []).map((layer) => ({ ...layer, ...(answers.shift() as (typeof answers)[0]) }))
    const filters = layers.map(({ action, rules, bpf }) => ({ action, rules, program: new Uint8Array(Buffer.from(bpf, "base64")) }))
    return { verdict: (name, call) => weighed(profile, filters, name, call), unknown: new Set(layers.flatMap(({ unknown }) => unknown)) }
  })
}

/** What a filter says where none of its rules holds; nothing that any rule says. */
const NONE: Action = "trace:4095"

interface Layer {
  action: Action
  /** By name; `at`: which rule of the profile. */
  rules: Map<string, { at: number; args: readonly Comparison[] }>
}

function layersOf({ rules }: Profile): Layer[] {
  const layers: Layer[] = []
  for (const [at, { names, action, args = [] }] of rules.entries()) {
    for (const name of names) {
      const layer = layers.find((one) => one.action === action && !one.rules.has(name)) ?? { action, rules: new Map() }
      if (layer.rules.size === 0) layers.push(layer)
      layer.rules.set(name, { at, args })
    }
  }
  return layers
}

function questionOf({ action, rules }: Layer, architecture: Architecture): string {
  const told = [...rules].map(([name, { args }]) => ({
    name,
    action: returnValue(action),
    args: args.map(({ index, op, value, mask }) => (op === "masked" ? [index, OPS[op], mask, value] : [index, OPS[op], value, "0"])),
  }))
  return JSON.stringify({ arch: ARCH_WORDS[architecture], default: returnValue(NONE), rules: told })
}

/** The strictest that holds; of two errnos that of the first rule. */
function weighed(profile: Profile, filters: readonly (Layer & { program: Uint8Array })[], name: string, call: DataView): number {
  const holding: { at: number; action: Action }[] = []
  for (const { action, rules, program } of filters) {
    const value = interpretOn(program, call)
    if (value === returnValue(action)) holding.push({ at: rules.get(name)?.at ?? 0, action })
    else if (value !== returnValue(NONE)) return value
  }
  const [strictest] = holding.sort((a, b) => looseness(a.action) - looseness(b.action) || a.at - b.at)
  return returnValue(strictest?.action ?? profile.otherwise)
}
