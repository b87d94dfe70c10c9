import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import type { Diagnostic } from "../../base/diagnostic.ts"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { RUN_ROOT, runFolderOf } from "../../model/ownership.ts"
import type { Desired } from "../../model/resource.ts"
import { readMonitors } from "../../observe/monitors.ts"
import { requireSoundRunFolder } from "../../observe/run-folder.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import { liveName, noContainer, replicasOf } from "../live-container.ts"
import { LogFile } from "../log-file.ts"
import { LogReader } from "../log-lines.ts"
import type { NamedLine } from "../log-printer.ts"
import { printer } from "../log-printer.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

export interface LogsOptions extends FileOptions {
  /** Of none named: all of the stack. */
  containers: readonly string[]
  follow: boolean
  timestamps: boolean
  tail?: number
  /** Milliseconds since 1970. */
  since?: number
}

/** How often a followed log is looked at. */
const PERIOD_MS = 100

/** A log that is read. */
interface Source {
  name: string
  folder: string
  file: LogFile
  reader: LogReader
}

/** What containers have printed: their standard output to ours, their standard error to ours. Of several, whose it is stands before each line. */
export async function logs(options: LogsOptions, context: Context): Promise<number> {
  const desired = stackOf(options, context)
  const { stack } = desired
  const known = runFolders(stack)
  const names = namesOf(options.containers, desired, known)
  requireSoundRunFolder(context.kernel(), stack)
  const sources = names.map((name): Source => {
    const folder = runFolderOf(stack, name)
    return { name, folder, file: new LogFile(`${folder}/log`), reader: new LogReader() }
  })
  const print = printer(names, options, context)
  print(sources.flatMap((source) => begun(source, options)).sort(byTime))
  if (options.follow) await follow(sources, stack, print, context)
  return EXIT.ok
}

/** `logs -f web` follows in docker: there is no file of that name. */
function stackOf(options: LogsOptions, context: Context): Desired {
  try {
    return liveStack(options, context)
  } catch (failure) {
    if (!(failure instanceof DiagnosticError) || options.file === undefined || !isMissing(failure)) throw failure
    const [first] = failure.diagnostics as [Diagnostic]
    throw new DiagnosticError({ ...first, hint: "-f is the stack file; a log is followed with --follow" })
  }
}

/** The file that -f names, not one that is named in it. */
function isMissing({ diagnostics: [first] }: DiagnosticError): boolean {
  return first?.code === "no-file" && first.range === undefined
}

/** Each as a person may call it; a name with replicas means all of them. */
function namesOf(written: readonly string[], desired: Desired, known: readonly string[]): string[] {
  if (written.length === 0) {
    if (known.length > 0) return [...known].sort(byName)
    throw new DiagnosticError(
      error("no-container", `stack ${desired.stack} has no live container`, { hint: "`stack apply` starts the stack" }),
    )
  }
  const found = written.flatMap((one) => {
    const name = liveName(one, desired, known)
    if (known.includes(name)) return [name]
    const replicas = replicasOf(name, known)
    if (replicas.length === 0) throw noContainer(name, desired.stack, known)
    return replicas
  })
  return [...new Set(found)]
}

function byName(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true })
}

/** What stands in it by now, as far as it is asked for. */
function begun({ name, file, reader }: Source, { follow, since, tail }: LogsOptions): NamedLine[] {
  const lines = reader.feed(file.first())
  if (!follow) lines.push(...reader.end())
  const recent = since === undefined ? lines : lines.filter((line) => Date.parse(line.time) >= since)
  return (tail === undefined ? recent : recent.slice(Math.max(0, recent.length - tail))).map((line) => ({ ...line, name }))
}

/** To the nanosecond, as texts: all are of one length. */
function byTime(a: NamedLine, b: NamedLine): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : 0
}

function runFolders(stack: string): string[] {
  try {
    const entries = readdirSync(`${RUN_ROOT}/${stack}`, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith(".") ? [entry.name] : []))
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException
    if (code === "ENOENT") return []
    const detail = `${RUN_ROOT}/${stack}: ${code}`
    throw new DiagnosticError(error("missing-capability", "reading a log needs CAP_DAC_READ_SEARCH", { detail, hint: "run it as root" }))
  }
}

async function follow(
  sources: readonly Source[],
  stack: string,
  print: (lines: readonly NamedLine[]) => void,
  context: Context,
): Promise<void> {
  const over = new Set<Source>()
  for (let left = [...sources]; left.length > 0 && !context.out.closed; ) {
    const ended = endsOf(stack, context)
    const done = left.filter((source) => {
      const text = source.file.next()
      print(source.reader.feed(text).map((line) => ({ ...line, name: source.name })))
      // The monitor may still be reading a full pipe when the end is known: the log is over when nothing more comes.
      if (over.has(source) && text === "") return true
      if (ended(source)) over.add(source)
      return false
    })
    for (const { name, reader } of done) print(reader.end().map((line) => ({ ...line, name })))
    left = left.filter((source) => !done.includes(source))
    if (left.length > 0) await sleep(PERIOD_MS)
  }
}

/** Whether a container has ended: its monitor has written how, or is itself gone. Monitors are looked for once, and only where one has to be. */
function endsOf(stack: string, context: Context): (source: Source) => boolean {
  let monitors: ReadonlySet<string> | undefined
  return ({ name, folder }) => {
    if (hasWritten(folder)) return true
    if (monitors === undefined) {
      const { kernel, cgroups } = openSession(stack, context)
      monitors = new Set(readMonitors(kernel, stack, cgroups.monitors()).keys())
    }
    return !monitors.has(name)
  }
}

/** No state is written before the end. */
function hasWritten(folder: string): boolean {
  try {
    return /^(exit|signal) /m.test(readFileSync(`${folder}/state`, "utf8"))
  } catch {
    return false
  }
}
