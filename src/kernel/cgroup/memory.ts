import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { Codec, Controller, Write } from "./controller.ts"
import { limit, numberOf } from "./controller.ts"

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#memory */
const v2Files: readonly (readonly ["memory" | "memory_high" | "memory_low" | "memory_swap", string, string])[] = [
  ["memory", "memory.max", "max"],
  ["memory_high", "memory.high", "max"],
  ["memory_low", "memory.low", "0"],
  ["memory_swap", "memory.swap.max", "max"],
]

const v2: Codec = {
  files: v2Files.map(([, file]) => file),
  read(texts) {
    const { memory_low, ...found }: Limits = Object.assign({}, ...v2Files.map(([key], i) => limit(key, numberOf(texts[i]))))
    return { ...found, ...limit("memory_low", memory_low || undefined) }
  },
  writes: (before, after) =>
    v2Files.flatMap(([key, file, none]) => (before[key] === after[key] ? [] : [{ file, text: `${after[key] ?? none}` }])),
}

const LIMIT = "memory.limit_in_bytes"
/** Memory and swap together. */
const SUM = "memory.memsw.limit_in_bytes"
/** The kernel's "unlimited" is the last whole page below 2^63. */
const UNLIMITED = 2 ** 62

/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html */
const v1: Codec = {
  files: [LIMIT, SUM],
  read(texts) {
    const [memory, sum] = texts.map((text) => numberOf(text)).map((n) => (n === undefined || n >= UNLIMITED ? undefined : n))
    return { ...limit("memory", memory), ...limit("memory_swap", sum === undefined ? undefined : sum - (memory ?? 0)) }
  },
  writes(before, after) {
    const [had, want] = [sumOf(before), sumOf(after)]
    const first: Write[] = before.memory === after.memory ? [] : [{ file: LIMIT, text: `${after.memory ?? -1}` }]
    const second: Write[] = had === want ? [] : [{ file: SUM, text: want === Number.POSITIVE_INFINITY ? "-1" : `${want}` }]
    // The sum may at no moment be below the limit of memory.
    return want > had ? [...second, ...first] : [...first, ...second]
  },
}

/** Each part in whole pages, as it will be read back: of two remainders the sum could be a page more. */
function sumOf({ memory, memory_swap }: Limits): number {
  return memory_swap === undefined ? Number.POSITIVE_INFINITY : wholePages(memory ?? 0) + wholePages(memory_swap)
}

const PAGE = 4096

function wholePages(bytes: number): number {
  return Math.floor(bytes / PAGE) * PAGE
}

export const memory: Controller = { name: "memory", keys: ["memory", "memory_high", "memory_low", "memory_swap"], v1, v2 }
