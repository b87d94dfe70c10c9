import { readdirSync, readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { RUN_ROOT, runFolderOf } from "../../model/ownership.ts"
import { readMonitors } from "../../observe/monitors.ts"
import { requireSoundRunFolder } from "../../observe/run-folder.ts"
import { harmless } from "../../render/printable.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import { liveName, noContainer } from "../live-container.ts"
import { LogFile } from "../log-file.ts"
import type { LogLine } from "../log-lines.ts"
import { LogReader } from "../log-lines.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

export interface LogsOptions extends FileOptions {
  container: string
  follow: boolean
  timestamps: boolean
  tail?: number
  /** Milliseconds since 1970. */
  since?: number
}

/** How often a followed log is looked at. */
const PERIOD_MS = 100

/** What a container has printed: its standard output to ours, its standard error to ours. */
export async function logs(options: LogsOptions, context: Context): Promise<number> {
  const desired = liveStack(options, context)
  const { stack } = desired
  const known = runFolders(stack)
  const name = liveName(options.container, desired, known)
  requireSoundRunFolder(context.kernel(), stack)
  if (!known.includes(name)) throw noContainer(name, stack, known)
  const folder = runFolderOf(stack, name)
  const file = new LogFile(`${folder}/log`)
  const reader = new LogReader()
  const lines = reader.feed(file.first())
  if (!options.follow) lines.push(...reader.end())
  const recent = options.since === undefined ? lines : lines.filter((line) => Date.parse(line.time) >= (options.since as number))
  print(options.tail === undefined ? recent : recent.slice(Math.max(0, recent.length - options.tail)), options, context)
  if (options.follow) await follow(file, reader, () => hasEnded(stack, name, folder, context), options, context)
  return EXIT.ok
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

async function follow(file: LogFile, reader: LogReader, ended: () => boolean, options: LogsOptions, context: Context): Promise<void> {
  for (let over = false; !context.out.closed; ) {
    const text = file.next()
    print(reader.feed(text), options, context)
    // The monitor may still be reading a full pipe when the end is known: the log is over when nothing more comes.
    if (over && text === "") break
    over ||= ended()
    await sleep(PERIOD_MS)
  }
  print(reader.end(), options, context)
}

/** The monitor has written how its container ended, or is itself gone. */
function hasEnded(stack: string, name: string, folder: string, context: Context): boolean {
  try {
    if (/^(exit|signal) /m.test(readFileSync(`${folder}/state`, "utf8"))) return true
  } catch {
    // No state is written before the end.
  }
  const { kernel, cgroups } = openSession(stack, context)
  return !readMonitors(kernel, stack, cgroups.monitors()).has(name)
}

function print(lines: readonly LogLine[], { timestamps }: LogsOptions, context: Context): void {
  for (const { time, stream, text, whole } of lines) {
    const bytes = Buffer.from(`${timestamps ? `${time} ` : ""}${text}${whole ? "\n" : ""}`, "latin1")
    const output = stream === "stdout" ? context.out : context.err
    output.write(output.terminal ? harmless(bytes.toString("utf8")) : bytes)
  }
}
