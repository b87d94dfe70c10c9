import { formatSize } from "../base/size.ts"
import type { Action, FieldChange } from "../model/change.ts"
import type { Value } from "../model/resource.ts"
import { canonicalJson } from "./values.ts"

/** What a resource whose replacement the user asked for is said to lack (`Observed.incomplete`). */
export const REPLACEMENT_ASKED = "its replacement is asked for"

/** Fields that a cause names one by one. */
const NAMED = 3

/** Why a resource that is there is changed: `mtu: 1500 -> 9000`, `image: host -> dir:/x (forces replacement)`, `its command exited (1)`. */
export function causeOf(action: Action, fields: readonly FieldChange[]): string {
  const [first] = fields
  if (fields.length === 1 && first?.path === STATE) return fieldReason(first)
  const telling = action === "replace" ? fields.filter((f) => f.forcesReplacement) : fields
  const named = telling.slice(0, NAMED).map(fieldReason).join(", ")
  const more = telling.length > NAMED ? ` and ${telling.length - NAMED} more` : ""
  return `${named}${more}${action === "replace" ? " (forces replacement)" : ""}`
}

/** Of containers: how their command does. */
const STATE = "state"

/** What has ended its process 1 by reboot(2) is a whole system; and there may have been no command. */
const TOLD: { readonly [state: string]: string } = {
  "never started": "its command was never started",
  "powered off": "its system powered off",
  "ended (reboot)": "its system rebooted, and nothing has started it again",
}

function fieldReason(field: FieldChange): string {
  const ended = field.path === STATE ? TOLD[String(field.before)] : undefined
  if (ended !== undefined) return ended
  const [, how, status] = (field.path === STATE && /^(exited|killed) (\(.*\))$/.exec(String(field.before))) || []
  if (how === undefined) return fieldText(field)
  return `its command ${how === "killed" ? "was killed" : how} ${status}`
}

/** Why a half-made one is made anew. */
export function incompleteCause(incomplete: string): string {
  return incomplete === REPLACEMENT_ASKED ? incomplete : `half-made: ${incomplete}`
}

export function fieldText({ path, before, after }: FieldChange): string {
  return `${path}: ${valueText(path, before)} -> ${valueText(path, after)}`
}

/** A value as a person would write it; sizes with their unit. */
export function valueText(path: string, value: Value | undefined): string {
  if (value === undefined) return "none"
  if (typeof value === "number" && /(^|\.)memory(_[a-z]+)?$/.test(path)) return formatSize(value)
  if (typeof value === "string" && value !== "" && !/["\n]/.test(value)) return value
  if (Array.isArray(value) && value.length > 0 && value.every((v) => typeof v === "string" && /^[^\s,"]+$/.test(v))) return value.join(",")
  return canonicalJson(value)
}
