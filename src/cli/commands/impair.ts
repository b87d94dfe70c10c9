import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { LinuxKernel } from "../../kernel/linux.ts"
import { expandImpair } from "../../kinds/link/expand-impair.ts"
import { impairChanges, observedImpair } from "../../kinds/link/impair.ts"
import type { Impair } from "../../kinds/link/spec-impair.ts"
import { needsNetem } from "../../kinds/link/spec-impair.ts"
import type { Context } from "../context.ts"
import { UsageError } from "../exit.ts"
import type { Fault } from "../fault.ts"
import { doFaults, unlessGone } from "../fault.ts"
import type { LiveEnd } from "../live-link.ts"
import { liveEnds, readLink } from "../live-link.ts"
import { requireEntering } from "../privileges.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStackName } from "../stack-file.ts"

export const WORDS = ["delay", "jitter", "loss", "duplicate", "corrupt", "reorder", "rate"] as const

export type ImpairOptions = FileOptions & { [K in (typeof WORDS)[number]]?: string } & {
  address: string
  clear: boolean
  /** Milliseconds. */
  for?: number
}

/** Impairs a live link at once: what is given is changed, the rest stays as it is; `--clear` takes all of it off first. */
export async function impair(options: ImpairOptions, context: Context): Promise<number> {
  const wanted = wantedOf(options)
  if (Object.keys(wanted).length === 0 && !options.clear)
    throw new UsageError("say what: --loss 10%, --delay 50ms, --rate 1mbit, --clear, …")
  const { kernel, ...session } = openSession(liveStackName(options, context), context)
  requireEntering(kernel, "the link is changed where it is, in a network namespace of the stack's")
  const ends = liveEnds({ kernel, ...session }, options.address)
  if (needsNetem(wanted) && !kernel.hasQdisc("netem")) throw noNetem(wanted)
  return doFaults(
    kernel,
    ends.map((end) => faultOf(kernel, end, wanted, options.clear)),
    options.for,
    context,
  )
}

function wantedOf(options: ImpairOptions): Impair {
  const wrong: string[] = []
  const report = (path: readonly (string | number)[], _id: string, message: string, { hint }: { hint?: string } = {}) => {
    wrong.push(`--${path.join("")}: ${message.replace(/^\w+: /, "")}${hint === undefined ? "" : `\n  hint: ${hint}`}`)
  }
  const written = Object.fromEntries(WORDS.flatMap((word) => (options[word] === undefined ? [] : [[word, options[word]]])))
  const wanted = expandImpair({ report }, [], written) ?? {}
  // What it is to be reordered among may be there already.
  const [first] = wrong.filter((text) => !text.includes("cannot be reordered"))
  if (first !== undefined) throw new UsageError(first)
  return wanted
}

function noNetem(wanted: Impair): DiagnosticError {
  const [key = "delay"] = Object.keys(wanted).filter((word) => word !== "rate")
  return new DiagnosticError(
    error("no-netem", `this kernel has no netem (sch_netem), which --${key} needs`, { hint: "without it, --rate alone can be had" }),
  )
}

function faultOf(kernel: LinuxKernel, end: LiveEnd, wanted: Impair, clear: boolean): Fault {
  const now = () => observedImpair(unlessGone(() => readLink(kernel, end))?.impair).impair
  const before = now()
  const { other: _, ...rest } = clear ? {} : (before ?? {})
  const after: Impair = { ...rest, ...wanted }
  const words = Object.entries(after).map(([key, value]) => `${key} ${value}`)
  return {
    end,
    words: words.length === 0 ? "nothing befalls what it sends" : words.join(", "),
    requests: impairChanges(kernel, end.index, before, after),
    back: () => {
      const live = now()
      const untouched = JSON.stringify(sorted(live)) === JSON.stringify(sorted(after))
      return untouched ? impairChanges(kernel, end.index, live, withoutOther(before)) : []
    },
  }
}

function sorted(impair: Impair = {}): [string, unknown][] {
  return Object.entries(impair).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What somebody had `tc` do besides cannot be said again. */
function withoutOther(impair: Impair | undefined): Impair | undefined {
  if (impair === undefined) return undefined
  const { other: _, ...rest } = impair
  return rest
}
