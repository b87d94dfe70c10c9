import type { ListrDefaultRendererLogLevels, ListrTaskWrapper } from "listr2"
import { createWritable, DefaultRenderer, Listr, ListrLogger, ProcessOutput } from "listr2"
import type { Address } from "../base/address.ts"
import type { Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Step } from "../model/step.ts"
import { printable } from "./printable.ts"
import type { Display } from "./progress.ts"
import { formatProgress, formatTime } from "./progress.ts"

/** Up to so many resources have a line each; of more, what happens to each kind has one with counters. */
const LINES = 16
/** Cells of a bar of bytes. */
const BAR = 20
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
/** listr2 draws everything anew for each change: changes are gathered for so long. */
const PERIOD_MS = 100

/** A line of the display. It ends when all of its steps have ended, or the apply has. */
interface Row {
  action: string
  kind: string
  addresses: Set<Address>
  steps: number
  done: number
  failed: number
  startedAt: number | undefined
  endedAt: number
  /** Of a step that reads many bytes: how far it is. */
  bytes?: string
  ended: Promise<void>
  resolve(): void
  reject(failure: Error): void
  task?: Wrapper
}

type Wrapper = Pick<ListrTaskWrapper<unknown, never, never>, "title" | "output">

/** A live view on a terminal. listr2 only draws: its tasks are promises that the events settle. */
export function liveProgress(terminal: NodeJS.WriteStream): Display {
  let rows = new Map<string, Row>()
  let keyOf: (step: Step) => string = (step) => step.address
  let drawn: Promise<unknown> | undefined
  // Lost in the midst (EIO), it is only drawn on no more.
  terminal.on("error", () => undefined)
  const changed = new Set<Row>()
  const redraw = () => {
    // One that is over has its last title; once listr2 is done, another would be drawn below what it has left.
    for (const row of changed) if (row.task !== undefined && !isOver(row)) row.task.title = titleOf(row)
    changed.clear()
  }
  let timer: NodeJS.Timeout | undefined
  return {
    emit(event) {
      if (event.type === "plan") [rows, keyOf] = rowsOf(event.plan)
      if (!("step" in event)) return
      // A person is asked before the first step: only then there is something to draw.
      drawn ??= draw([...rows.values()], terminal)
      timer ??= setInterval(redraw, PERIOD_MS)
      const row = rows.get(keyOf(event.step))
      if (row !== undefined) advance(row, event, changed)
    },
    note(text) {
      for (const row of rows.values()) if (row.task !== undefined && !isOver(row)) row.task.output = text
    },
    async end() {
      clearInterval(timer)
      redraw()
      for (const row of rows.values()) if (!isOver(row)) row.reject(new Error("not done"))
      await drawn
    },
  }
}

function rowsOf(plan: Plan): [Map<string, Row>, (step: Step) => string] {
  const byKind = new Set(plan.steps.map((step) => step.address)).size > LINES
  const keyOf = ({ address, change }: Step) => (byKind ? `${change.action} ${change.kind}` : address)
  const rows = new Map<string, Row>()
  for (const step of plan.steps) {
    const row = rows.get(keyOf(step)) ?? newRow(step)
    rows.set(keyOf(step), row)
    row.steps++
    row.addresses.add(step.address)
  }
  return [rows, keyOf]
}

function newRow({ change: { action, kind } }: Step): Row {
  let resolve: () => void = () => undefined
  let reject: (failure: Error) => void = () => undefined
  const ended = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // listr2 awaits it only once it draws: a failure before that is no unhandled one.
  ended.catch(() => undefined)
  return { action, kind, addresses: new Set(), steps: 0, done: 0, failed: 0, startedAt: undefined, endedAt: 0, ended, resolve, reject }
}

// --------------------------------------------------------------------- draw

/** Whether there is a terminal has been found out before; listr2 would look at standard output, which may be another. */
class TerminalRenderer extends DefaultRenderer {
  static override nonTTY = true
}

function draw(rows: readonly Row[], terminal: NodeJS.WriteStream): Promise<unknown> {
  const tasks = rows.map((row) => ({
    title: titleOf(row),
    task: (_context: unknown, task: Wrapper) => {
      row.task = task
      // Steps may have ended before listr2 began.
      task.title = titleOf(row)
      return row.ended
    },
  }))
  const nowhere = createWritable(() => undefined) as unknown as NodeJS.WriteStream
  const processOutput = new ProcessOutput(terminal, nowhere)
  const logger = new ListrLogger<ListrDefaultRendererLogLevels>({ useIcons: true, toStderr: [], processOutput })
  const options = { concurrent: true, exitOnError: false, registerSignalListeners: false } as const
  const rendererOptions = { logger, collapseErrors: false, showErrorMessage: false }
  return new Listr(tasks, { ...options, renderer: TerminalRenderer, rendererOptions }).run()
}

function isOver(row: Row): boolean {
  return row.done + row.failed >= row.steps
}

function advance(row: Row, event: Extract<Event, { step: Step }>, changed: Set<Row>): void {
  if (event.type === "step-skipped") return
  if (event.type === "step-progress") {
    row.bytes = `${formatBar(event.done, event.total)} ${formatProgress(event.done, event.total)}`
    changed.add(row)
    return
  }
  if (event.type === "step-start") row.startedAt ??= event.at
  if (event.type === "step-done") row.done++
  if (event.type === "step-failed") {
    row.failed++
    if (row.task !== undefined) row.task.output = `${event.step.address}: ${printable(event.diagnostic.summary)}`
  }
  row.endedAt = event.at
  changed.add(row)
  if (!isOver(row)) return
  if (row.task !== undefined) row.task.title = titleOf(row)
  if (row.failed > 0) row.reject(new Error("failed"))
  else row.resolve()
}

/** `█████▌░░░░░░░░░░░░░░`, in eighths of a cell. */
function formatBar(done: number, total: number): string {
  const eighths = total > 0 ? Math.min(8 * BAR, Math.floor((8 * BAR * done) / total)) : 0
  return `${"█".repeat(eighths >> 3)}${EIGHTHS[eighths & 7]}`.padEnd(BAR, "░")
}

/** `container.web`, `create 100 containers: 34 of 300 steps, 2 failed`, `create 1 bridge (12 ms)`. */
function titleOf(row: Row): string {
  const { size } = row.addresses
  const label = size === 1 ? [...row.addresses][0] : `${row.action} ${size} ${row.kind}s`
  if (row.done === row.steps) return `${label} (${formatTime(row.endedAt - (row.startedAt ?? row.endedAt))})`
  const failed = row.failed === 0 ? "" : `, ${row.failed} failed`
  if (row.bytes !== undefined && row.steps === 1) return `${label}: ${row.bytes}${failed}`
  return row.startedAt === undefined ? String(label) : `${label}: ${row.done} of ${row.steps} steps${failed}`
}
