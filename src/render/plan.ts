import { DEFAULT_CAPABILITIES } from "../kinds/container/spec-capabilities.ts"
import { DEFAULT_SECCOMP } from "../kinds/container/spec-security.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import type { Value } from "../model/resource.ts"
import type { Paint } from "./paint.ts"
import { paint } from "./paint.ts"
import { relaxationsText } from "./relaxations.ts"
import { summaryText } from "./summary.ts"
import { flatten, formatValue } from "./value.ts"

/** What a user reads before saying yes; ends with `Plan: …` or `No changes. …` and a line break. */
export function planText(plan: Plan, { color }: { color: boolean }): string {
  const style = paint(color)
  const relaxed = relaxationsText(plan, style)
  if (!plan.hasChanges) return `${relaxed}${NO_CHANGES}\n`
  // Where nothing is desired at all, that the file does not hold it says nothing.
  const changes = plan.changes.map((change) =>
    plan.desired.resources.length === 0 && change.action === "delete" ? { ...change, cause: "" } : change,
  )
  const blocks = changes.filter((change) => change.action !== "no-op").map((change) => changeText(change, style))
  return `${blocks.join("\n")}\n\n${relaxed}${style.bold("Plan:")} ${summaryText(plan.summary)}\n`
}

export const NO_CHANGES = "No changes. The kernel matches the stack."

const SIGNS = { "no-op": "   ", create: "  +", update: "  ~", replace: "-/+", delete: "  -" } as const

function changeText(change: Change, style: Paint): string {
  const head = `${signOf(change, style)} ${style.bold(change.address)}${noteOf(change, style)}`
  const fields = change.action === "create" ? newFields(change) : change.fields.map((field) => fieldText(field, style))
  return [head, ...fields].join("\n")
}

function signOf({ action }: Change, style: Paint): string {
  const sign = SIGNS[action]
  if (action === "create") return style.green(sign)
  if (action === "delete") return style.red(sign)
  return action === "replace" ? `${style.red("-")}/${style.green("+")}` : style.yellow(sign)
}

/** Why, where the fields below do not say it already. */
function noteOf({ action, cause, drift, fields, movedFrom, adopts }: Change, style: Paint): string {
  const hasEnded = fields.some(({ path }) => path === "state")
  const isRename = movedFrom !== undefined && action === "update"
  const notes = [
    ...(movedFrom === undefined || action === "delete" ? [] : [`moved from ${movedFrom}`]),
    ...(adopts === undefined ? [] : [`adopts ${adopts}`]),
    ...(drift && !hasEnded ? [`${action === "create" ? "removed" : "changed"} outside the stack file`] : []),
    ...(action === "delete" || (action !== "create" && !isRename && !fields.some(explains(action))) ? [cause] : []),
  ].filter(Boolean)
  return notes.length === 0 ? "" : style.dim(`  # ${notes.join("; ")}`)
}

function explains(action: Change["action"]): (field: FieldChange) => boolean {
  return (field) => field.path !== "state" && (action === "replace" ? field.forcesReplacement : differs(field))
}

/** What the kernel drops along with something else is set again, though it reads as it should. */
function differs({ path, before, after }: FieldChange): boolean {
  return formatValue(path, before) !== formatValue(path, after)
}

function fieldText(field: FieldChange, style: Paint): string {
  const { path, before, after, forcesReplacement } = field
  if (!differs(field)) return `      ${path}: ${formatValue(path, after)}  ${style.dim("# set again")}`
  const forced = forcesReplacement ? style.red("  # forces replacement") : ""
  return `      ${path}: ${formatValue(path, before)} ${style.yellow("->")} ${formatValue(path, after)}${forced}`
}

/** All that a new resource will have, without what is empty or the usual. */
function newFields({ after }: Change): string[] {
  return flatten(after ?? {})
    .filter(([path, value]) => !isUsual(path, value))
    .map(([path, value]) => `      ${path}: ${formatValue(path, value)}`)
}

/** Values that say no more than the attribute's absence from the stack file does. */
const USUAL: { readonly [path: string]: Value } = {
  ...{ working_dir: "/", up: true, stp: false, vlan_filtering: false, ageing_time: 300 },
  ...{ capabilities: DEFAULT_CAPABILITIES, no_new_privileges: true, seccomp: DEFAULT_SECCOMP, oom_score_adj: 0, all_devices: false },
  ...{ "ulimits.core.soft": 0, "ulimits.core.hard": 0 },
}

function isUsual(path: string, value: Value): boolean {
  if (value === null || path === "state" || path === "alias" || path.startsWith("seccomp_profile.") || path.startsWith("host_end."))
    return true
  if (value === "") return !path.includes(".")
  if (Object.hasOwn(USUAL, path)) return formatValue(path, value) === formatValue(path, USUAL[path])
  if (path.startsWith("namespaces.")) return value === "new"
  return typeof value === "object" && Object.keys(value).length === 0
}
