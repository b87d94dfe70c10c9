import type { Address } from "../base/address.ts"
import { splitAddress } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import type { Change } from "../model/change.ts"
import type { Event } from "../model/event.ts"
import type { Plan } from "../model/plan.ts"
import { DESTRUCTION_ASKED } from "../model/plan.ts"
import type { Step } from "../model/step.ts"
import { completeText } from "./outcome.ts"
import { actionsOf } from "./plan-json.ts"
import { jsonText } from "./printable.ts"
import type { Display, ResourceTally, Tally } from "./progress.ts"
import { formatProgress, newTally } from "./progress.ts"
import { planRelaxations } from "./relaxations.ts"
import { summaryText } from "./summary.ts"

/**
 * One JSON object a line, with Terraform's types and keys: a resource starts with its first step and is complete with
 * its last. https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
export function jsonProgress(write: (text: string) => void, now: () => string): Display {
  const line = (message: string, type: string, rest: object) => write(jsonLine("info", message, now(), type, rest))
  let plan: Plan | undefined
  let tally: Tally = new Map()
  return {
    emit(event) {
      if (event.type === "plan") {
        plan = event.plan
        tally = newTally(plan)
        tellPlan(plan, line)
      } else if (event.type === "verify" && plan !== undefined && event.converged) tellEnd(plan, line)
      else tellStep(event, tally, line)
    },
    note: (text) => line(text, "log", {}),
    end: () => Promise.resolve(),
  }
}

type Line = (message: string, type: string, rest: object) => void

/** A diagnostic as one line. */
export function diagnosticLine(diagnostic: Diagnostic, timestamp: string): string {
  const word = diagnostic.severity === "error" ? "Error" : "Warning"
  return jsonLine(diagnostic.severity === "error" ? "error" : "warn", `${word}: ${diagnostic.summary}`, timestamp, "diagnostic", {
    diagnostic,
  })
}

function jsonLine(level: string, message: string, timestamp: string, type: string, rest: object): string {
  return `${jsonText({ "@level": level, "@message": message, "@timestamp": timestamp, type, ...rest })}\n`
}

function tellPlan(plan: Plan, line: Line): void {
  for (const change of plan.changes) {
    if (change.action === "no-op") continue
    line(`${change.address}: Plan to ${change.adopts === undefined ? change.action : "adopt"}`, "planned_change", {
      change: { ...hookOf(change), cause: change.cause },
    })
  }
  for (const relaxation of planRelaxations(plan)) {
    const { address, option, value } = relaxation
    line(`${address}: isolation is relaxed: ${option}: ${value}`, "relaxation", { relaxation })
  }
  line(`Plan: ${summaryText(plan.summary)}`, "change_summary", { changes: countsOf(plan, "plan") })
}

function tellStep(event: Event, tally: Tally, line: Line): void {
  if (event.type === "step-progress") {
    const { step, done, total } = event
    line(`${step.address}: ${formatProgress(done, total)}`, "apply_progress", {
      hook: { ...hookOf(step.change), bytes: done, total_bytes: total },
    })
    return
  }
  if (event.type !== "step-start" && event.type !== "step-done" && event.type !== "step-failed") return
  const entry = tally.get(event.step.address)
  if (entry === undefined) return
  if (event.type === "step-start") tellStart(event.step, entry, event.at, line)
  else {
    entry.done++
    const seconds = Math.round(event.at - (entry.startedAt ?? event.at)) / 1000
    const hook = { ...hookOf(event.step.change), elapsed_seconds: seconds }
    const { address, op } = event.step
    if (event.type === "step-failed")
      line(`${address}: ${op} failed: ${event.diagnostic.summary}`, "apply_errored", { hook: { ...hook, op } })
    else if (entry.done === entry.steps) line(`${address}: complete after ${seconds.toFixed(3)}s`, "apply_complete", { hook })
  }
}

function tellStart(step: Step, entry: ResourceTally, at: number, line: Line): void {
  if (entry.startedAt !== undefined) return
  entry.startedAt = at
  line(`${step.address}: ${step.change.action}...`, "apply_start", { hook: hookOf(step.change) })
}

function tellEnd(plan: Plan, line: Line): void {
  const word = plan.desired.unwanted === DESTRUCTION_ASKED ? "destroy" : "apply"
  line(completeText(plan, word).trimEnd(), "change_summary", { changes: countsOf(plan, word) })
  line("Outputs: 0", "outputs", { outputs: {} })
}

/** `import` is Terraform's word for what is adopted. */
function countsOf({ summary: { add, change, destroy, adopt } }: Plan, operation: "plan" | "apply" | "destroy"): object {
  return { add, change, ...(adopt === undefined ? {} : { import: adopt }), remove: destroy, operation }
}

function hookOf(change: Change): object {
  const { address, movedFrom, adopts, action } = change
  const previous = movedFrom === undefined ? {} : { previous_resource: resourceOf(movedFrom) }
  const importing = adopts === undefined ? {} : { importing: { id: adopts } }
  return { resource: resourceOf(address), ...previous, ...importing, action, actions: actionsOf(change) }
}

function resourceOf(address: Address): { addr: Address; resource_type: string; resource_name: string } {
  const { kind, name } = splitAddress(address)
  return { addr: address, resource_type: kind, resource_name: name }
}
