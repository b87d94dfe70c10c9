import type { Action, Change } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import { planRelaxations } from "./relaxations.ts"

const ACTIONS: { readonly [A in Action]: readonly string[] } = {
  "no-op": ["no-op"],
  create: ["create"],
  update: ["update"],
  replace: ["delete", "create"],
  delete: ["delete"],
}

/** A plan for programs: one object, of the shape docs/cli.md tells. */
export function planJson(plan: Plan, fingerprint: string): object {
  return {
    format_version: "1",
    stack: plan.stack,
    changes: plan.changes.map(changeJson),
    drift: plan.changes.filter((change) => change.drift).map(driftJson),
    relaxations: planRelaxations(plan),
    steps: plan.steps.map(({ id, op, address, cause, after }) => ({ id, op, address, cause, after })),
    summary: plan.summary,
    has_changes: plan.hasChanges,
    fingerprint,
  }
}

function changeJson(change: Change): object {
  return {
    address: change.address,
    kind: change.kind,
    name: change.name,
    ...(change.movedFrom === undefined ? {} : { previous_address: change.movedFrom }),
    actions: actionsOf(change),
    ...(change.adopts === undefined ? {} : { importing: { id: change.adopts } }),
    cause: change.cause,
    before: change.before,
    after: change.after,
    forces_replacement: change.fields.filter((field) => field.forcesReplacement).map((field) => field.path),
  }
}

function driftJson({ address, kind, name, fields }: Change): object {
  return {
    address,
    kind,
    name,
    fields: fields
      .filter((field) => field.drift)
      .map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null })),
  }
}

/** Terraform's words for what happens to a resource. */
export function actionsOf({ action }: Change): readonly string[] {
  return ACTIONS[action]
}
