import type { ListrTaskWrapper } from "listr2"
import { Listr } from "listr2"
import type { Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import type { Step } from "../model/step.ts"
import type { Display } from "./progress.ts"
import { formatTime, stepDone } from "./progress.ts"

/** Up to so many resources have a line each; of more, each kind has one with counters. */
const LINES = 16

/** A line of the display. It ends when all of its steps have ended, or the apply has. */
interface Row {
  label: string
  /** Addresses behind it. */
  size: number
  steps: number
  done: number
  failed: number
  startedAt: number | undefined
  settle: Promise<void>
  resolve(): void
  reject(failure: Error): void
  task?: Wrapper
}

type Wrapper = Pick<ListrTaskWrapper<unknown, never, never>, "title" | "output">

/** A live view on a terminal. listr2 only draws: its tasks are promises that the events settle. */
export function liveProgress(): Display {
  let rows = new Map<string, Row>()
  let keyOf: (step: Step) => string = (step) => step.address
  let drawn: Promise<unknown> | undefined
  return {
    emit(event) {
      if (event.type === "plan") {
        const made = rowsOf(event.plan)
        rows = made.rows
        keyOf = made.keyOf
      } else if ("step" in event) {
        // The plan is shown, and a person asked, before the first step: only then there is something to draw.
        drawn ??= draw([...rows.values()])
        const row = rows.get(keyOf(event.step))
        if (row !== undefined) advance(row, event)
      }
    },
    async end() {
      for (const row of rows.values()) if (row.done + row.failed < row.steps) row.reject(new Error(`${titleOf(row)}: not done`))
      await drawn
    },
  }
}

function rowsOf(plan: Plan): { rows: Map<string, Row>; keyOf: (step: Step) => string } {
  const addresses = new Set(plan.steps.map((step) => step.address))
  const byKind = addresses.size > LINES
  const keyOf = ({ address, change }: Step) => (byKind ? `${change.kind}/${change.action}` : address)
  const rows = new Map<string, Row>()
  const counted = new Set<string>()
  for (const step of plan.steps) {
    const key = keyOf(step)
    const row = rows.get(key) ?? newRow(byKind ? `${step.change.action} ${step.change.kind}` : step.address)
    rows.set(key, row)
    row.steps++
    if (byKind && !counted.has(step.address)) row.size++
    counted.add(step.address)
  }
  return { rows, keyOf }
}

function newRow(label: string): Row {
  let resolve: () => void = () => undefined
  let reject: (failure: Error) => void = () => undefined
  const settle = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  // listr2 awaits it only once it draws: a failure before that is no unhandled one.
  settle.catch(() => undefined)
  return { label, size: 0, steps: 0, done: 0, failed: 0, startedAt: undefined, settle, resolve, reject }
}

function draw(rows: readonly Row[]): Promise<unknown> {
  const tasks = rows.map((row) => ({
    title: row.label,
    task: (_context: unknown, task: Wrapper) => {
      row.task = task
      task.title = titleOf(row)
      return row.settle
    },
  }))
  const options = { concurrent: true, exitOnError: false, registerSignalListeners: false } as const
  return new Listr(tasks, { ...options, rendererOptions: { collapseErrors: false, showErrorMessage: false } }).run()
}

function advance(row: Row, event: Extract<Event, { step: Step }>): void {
  const { op, change, address } = event.step
  if (event.type === "step-start") row.startedAt ??= event.at
  if (event.type === "step-done") row.done++
  if (event.type === "step-failed") row.failed++
  if (row.task === undefined || event.type === "step-skipped") return
  row.task.title = titleOf(row, event.type === "step-done" ? event.at : undefined)
  if (event.type === "step-failed") row.task.output = `${address}: ${event.diagnostic.summary}`
  else if (event.type === "step-done" && row.size === 0) row.task.output = stepDone(change.kind, op)
  if (row.done + row.failed < row.steps) return
  if (row.failed > 0) row.reject(new Error(titleOf(row)))
  else row.resolve()
}

function titleOf(row: Row, at?: number): string {
  const size = row.size > 0 ? ` ×${row.size}` : ""
  const count = row.done === row.steps ? "" : ` ${row.done}/${row.steps} steps`
  const failed = row.failed === 0 ? "" : `, ${row.failed} failed`
  const time = at !== undefined && row.startedAt !== undefined && row.done === row.steps ? ` (${formatTime(at - row.startedAt)})` : ""
  return `${row.label}${size}${count}${failed}${time}`
}
