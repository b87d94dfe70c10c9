import { USUAL_PIDS } from "../kinds/cgroup/spec.ts"
import { DEFAULT_CAPABILITIES } from "../kinds/container/spec-capabilities.ts"
import { USUAL_LIFE } from "../kinds/container/spec-life.ts"
import { DEFAULT_SECCOMP } from "../kinds/container/spec-security.ts"
import type { Change, FieldChange } from "../model/change.ts"
import type { Plan } from "../model/plan.ts"
import { DESTRUCTION_ASKED } from "../model/plan.ts"
import type { Value } from "../model/resource.ts"
import { foldedText } from "./fold.ts"
import type { Paint } from "./paint.ts"
import { paint } from "./paint.ts"
import { printable } from "./printable.ts"
import { relaxationsText } from "./relaxations.ts"
import { summaryText } from "./summary.ts"
import { flatten, formatValue } from "./value.ts"

/** What a user reads before saying yes; ends with `Plan: …` or `No changes. …` and a line break. `columns`: of the terminal, where it is one. */
export function planText(plan: Plan, { color, columns = Number.POSITIVE_INFINITY }: { color: boolean; columns?: number }): string {
  return foldedText(wholeText(plan, color), columns)
}

function wholeText(plan: Plan, color: boolean): string {
  const style = paint(color)
  const relaxed = relaxationsText(plan, style)
  if (!plan.hasChanges) return `${relaxed}${nothingToDo(plan)}\n`
  // Where all is to go, that it is says nothing.
  const changes = plan.changes.map((change) => (change.cause === DESTRUCTION_ASKED ? { ...change, cause: "" } : change))
  const blocks = changes.filter((change) => change.action !== "no-op").map((change) => changeText(change, style))
  return `${blocks.join("\n")}\n\n${relaxed}${style.bold("Plan:")} ${summaryText(plan.summary)}\n`
}

/** A change that was left out is a no-op that says why. */
function nothingToDo({ changes }: Plan): string {
  const [first, ...others] = changes.filter(({ cause }) => cause !== "").map(({ address }) => address)
  if (first === undefined) return "No changes. The kernel matches the stack."
  const left = others.length === 0 ? `${first}, which is` : `${first} and ${others.length} more, which are`
  return `No changes. The kernel matches the stack but for ${left} left as ${others.length === 0 ? "it is" : "they are"}.`
}

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
function noteOf({ action, cause, drift, fields, movedFrom, adopts, endedBy }: Change, style: Paint): string {
  // That a command has ended is told by its state.
  const byHand = drift && (fields.length === 0 || fields.some((field) => field.drift && field.path !== "state"))
  const isTold = (movedFrom !== undefined && action === "update") || adopts !== undefined
  const needsCause = action === "delete" || (action !== "create" && !isTold && !fields.some(explains(action)))
  const notes = [
    ...(movedFrom === undefined || action === "delete" ? [] : [`moved from ${movedFrom}`]),
    ...(adopts === undefined ? [] : [`adopts ${adopts}`]),
    ...(endedBy === undefined || needsCause ? [] : [endedBy]),
    ...(byHand ? [`${action === "create" ? "removed" : "changed"} outside the stack file`] : []),
    ...(needsCause ? [cause] : []),
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
  if (isLong(path, before) || isLong(path, after)) return listChange(field, style)
  if (!differs(field)) return `      ${printable(path)}: ${formatValue(path, after)}  ${style.dim("# set again")}`
  const forced = forcesReplacement ? style.red("  # forces replacement") : ""
  return `      ${printable(path)}: ${formatValue(path, before)} ${style.yellow("->")} ${formatValue(path, after)}${forced}`
}

/** What does not fit in a line of a terminal has a line for each of its parts. */
const WIDTH = 100

function isLong(path: string, value: Value | undefined): value is Value[] {
  return Array.isArray(value) && value.length > 1 && formatValue(path, value).length > WIDTH
}

/** One part of a list, spelt as it is in the list. */
function partText(path: string, one: Value): string {
  return formatValue(path, [one]).slice(1, -1)
}

/** Of a list what comes and what goes. */
function listChange({ path, before, after, forcesReplacement }: FieldChange, style: Paint): string {
  const texts = (value: Value | undefined) => (Array.isArray(value) ? value : []).map((one) => partText(path, one))
  const [had, has] = [texts(before), texts(after)]
  const forced = forcesReplacement ? style.red("  # forces replacement") : ""
  const gone = had.filter((text) => !has.includes(text)).map((text) => `        ${style.red("-")} ${text}`)
  const come = has.filter((text) => !had.includes(text)).map((text) => `        ${style.green("+")} ${text}`)
  const head = `      ${printable(path)}:${forced}`
  if (gone.length + come.length > 0) return [head, ...gone, ...come].join("\n")
  if (had.some((text, i) => text !== has[i])) return `${head}\n        in another order`
  return [`${head}  ${style.dim("# set again")}`, ...has.map((text) => `        ${text}`)].join("\n")
}

function newField(path: string, value: Value): string {
  if (!isLong(path, value)) return `      ${printable(path)}: ${formatValue(path, value)}`
  return [`      ${printable(path)}:`, ...value.map((one) => `        ${partText(path, one)}`)].join("\n")
}

/** All that a new resource will have, without what is empty or the usual. */
function newFields({ after, kind }: Change): string[] {
  return flatten(after ?? {})
    .filter(([path, value]) => !isUsual(path, value) && !(kind === "container" && path === "limits.pids" && value === USUAL_PIDS))
    .map(([path, value]) => newField(path, value))
}

/** Values that say no more than the attribute's absence from the stack file does. */
const USUAL: { readonly [path: string]: Value } = {
  ...{ ephemeral: false, read_only: false },
  ...{ working_dir: "/", up: true, stp: false, vlan_filtering: false, ageing_time: 300, vlans: ["1 pvid untagged"] },
  ...{ capabilities: DEFAULT_CAPABILITIES, no_new_privileges: true, seccomp: DEFAULT_SECCOMP, oom_score_adj: 0, all_devices: false },
  ...{ "ulimits.core.soft": 0, "ulimits.core.hard": 0 },
  ...USUAL_LIFE,
}

/** Attributes that are always there, or another one's affair: names and numbers of a port; what that does is what the file says. */
const UNTOLD: ReadonlySet<string> = new Set(["state", "alias", "host_end.mac", "host_end.address", "host_end.up"])

/** It reads the same; what is the very same need not be written for that. */
function readsAs(path: string, value: Value, usual: Value | undefined): boolean {
  if (value === usual) return true
  if (Array.isArray(value) && Array.isArray(usual) && value.length === usual.length && value.every((one, i) => one === usual[i]))
    return true
  return formatValue(path, value) === formatValue(path, usual)
}

function isUsual(path: string, value: Value): boolean {
  if (value === null || UNTOLD.has(path) || path.startsWith("seccomp_profile.")) return true
  // What most containers see; which names these are is told by the file itself.
  if (path === "hosts") return value !== "own"
  if (value === "") return !path.includes(".")
  if (Object.hasOwn(USUAL, path)) return readsAs(path, value, USUAL[path])
  if (path.startsWith("namespaces.")) return value === "new"
  return typeof value === "object" && Object.keys(value).length === 0
}
