import type { Action, Change } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import type { Step } from "../model/step.ts"
import { fieldText, valueText } from "./cause.ts"

const SIGNS: { readonly [A in Action]: string } = { "no-op": "=", create: "+", update: "~", replace: "-/+", delete: "-" }

/** The whole plan as text, every change and every edge: what golden tests compare. The same plan is the same text. */
export function planAsText(plan: Plan): string {
  const { add, change, destroy, adopt } = plan.summary
  const adopted = adopt === undefined ? "" : `${adopt} to adopt, `
  return [
    `stack ${plan.stack}: ${plan.hasChanges ? `${adopted}${add} to add, ${change} to change, ${destroy} to destroy` : "no changes"}`,
    "",
    ...plan.changes.flatMap(changeLines),
    ...(plan.steps.length === 0 ? [] : ["", "steps"]),
    ...plan.steps.map(stepLine),
    "",
  ].join("\n")
}

function changeLines(change: Change): string[] {
  const drift = change.drift ? " [drift]" : ""
  const head = `${SIGNS[change.action]} ${change.address}${change.cause === "" ? "" : `  # ${change.cause}`}${drift}`
  return [head, ...(change.action === "create" ? attributeLines(change) : fieldLines(change))]
}

function attributeLines({ after }: Change): string[] {
  return Object.entries(after ?? {}).map(([path, value]) => `    ${path}: ${valueText(path, value)}`)
}

function fieldLines({ fields }: Change): string[] {
  return fields.map((field) => `    ${fieldText(field)}${field.forcesReplacement ? "  # forces replacement" : ""}`)
}

function stepLine({ id, after }: Step): string {
  return after.length === 0 ? `  ${id}` : `  ${id} <- ${after.join(", ")}`
}
