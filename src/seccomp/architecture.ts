import { ARM64 } from "./calls/arm64.ts"
import { ELSEWHERE } from "./calls/elsewhere.ts"
import { I386 } from "./calls/i386.ts"
import { X86_64 } from "./calls/x86-64.ts"

export type Architecture = "x86-64" | "arm64" | "i386"

/** AUDIT_ARCH_*, <linux/audit.h> */
export const AUDIT_ARCH: { readonly [A in Architecture]: number } = { "x86-64": 0xc000_003e, arm64: 0xc000_00b7, i386: 0x4000_0003 }

const TABLES: { readonly [A in Architecture]: string } = { "x86-64": X86_64, arm64: ARM64, i386: I386 }
const PARSED = new Map<Architecture, ReadonlyMap<string, number>>()

/** The numbers of an architecture's calls. What x32 adds to x86-64 is not among them. */
export function callsOf(architecture: Architecture): ReadonlyMap<string, number> {
  const known = PARSED.get(architecture)
  if (known !== undefined) return known
  let next = 0
  const calls = new Map<string, number>()
  for (const word of TABLES[architecture].trim().split(/\s+/)) {
    const colon = word.indexOf(":")
    if (colon >= 0) next = Number(word.slice(0, colon))
    calls.set(word.slice(colon + 1), next++)
  }
  PARSED.set(architecture, calls)
  return calls
}

let everywhere: ReadonlySet<string> | undefined

/** Names of the calls of all architectures that Linux runs on. */
export function knownCalls(): ReadonlySet<string> {
  const tables = Object.keys(TABLES) as Architecture[]
  everywhere ??= new Set([...tables.flatMap((one) => [...callsOf(one).keys()]), ...ELSEWHERE.trim().split(/\s+/)])
  return everywhere
}
