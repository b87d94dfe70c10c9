import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { CaptureFilter } from "../../kernel/capture.ts"
import type { Context } from "../context.ts"
import { UsageError } from "../exit.ts"
import type { LiveEnd } from "../live-link.ts"
import { anyInside, liveEnds } from "../live-link.ts"
import { compiledFilter, writtenFilter } from "../packet-filter.ts"
import { requireEntering } from "../privileges.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStackName } from "../stack-file.ts"

export interface CaptureOptions extends FileOptions {
  address: string
  write?: string
  count?: number
  snaplen: number
  /** Words of tcpdump's language; none: all packets. */
  filter: readonly string[]
  /** A file with a filter that is compiled. */
  bpf?: string
  /** Milliseconds. */
  for?: number
}

/** Writes down the packets of one end of a link, as pcap. This process becomes the program that does. */
export async function capture(options: CaptureOptions, context: Context): Promise<number> {
  const { count, snaplen, for: milliseconds } = options
  const file = options.write === "-" ? undefined : options.write
  const filter = filterOf(options, context)
  if (file === undefined && context.out.terminal) throw onTerminal(options.address)
  const session = openSession(liveStackName(options, context), context)
  requireEntering(session.kernel, "packets are read where the link is, in a network namespace of the stack's")
  const { name, ns, index, holder } = oneEnd(liveEnds(session, options.address, anyInside), options.address)
  return session.kernel.capture({
    ...{ name, ns, index, snaplen },
    ...(holder === undefined ? {} : { holder }),
    ...(file === undefined ? {} : { file }),
    ...(count === undefined ? {} : { count }),
    ...(milliseconds === undefined ? {} : { milliseconds }),
    ...(filter === undefined ? {} : { filter }),
  })
}

function filterOf({ filter, bpf, snaplen, file }: CaptureOptions, context: Context): CaptureFilter | undefined {
  const isWritten = filter.join("").trim() !== ""
  if (bpf === undefined) return isWritten ? writtenFilter(filter, snaplen, context) : undefined
  if (isWritten) throw new UsageError("a filter is either written or, with --bpf, compiled already")
  if (bpf === "-" && file === "-") throw new UsageError("standard input is either the stack file or the filter")
  return compiledFilter(bpf, snaplen, context)
}

function onTerminal(address: string): UsageError {
  return new UsageError(
    `packets are no text for a terminal: have them written to a file (--write FILE), or read (stack capture ${address} | tcpdump -r -)`,
  )
}

function oneEnd(ends: readonly LiveEnd[], written: string): LiveEnd {
  const [end, other] = ends
  if (end !== undefined && other === undefined) return end
  const names = ends.map(({ name }) => name).join(" and ")
  const hint = `both see the same packets: name one of them, \`stack capture ${end?.name}\``
  throw new DiagnosticError(error("two-ends", `${written} has two ends, ${names}`, { hint }))
}
