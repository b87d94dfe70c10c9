import type { Shape } from "../../base/shape.ts"
import { either, listOf, mapOf, oneOf, record, text, textLike, truth, whole } from "../../base/shape.ts"
import { knownCalls } from "../../seccomp/architecture.ts"
import { CAPABILITIES } from "./spec-capabilities.ts"
import { whyNoNode } from "./spec-devices.ts"
import { ULIMIT_NAMES } from "./spec-ulimits.ts"

const action = textLike(/^(allow|log|trap|kill-process|kill-thread|errno:\d{1,4}|trace:\d{1,5})$/, "action of a seccomp profile")
const number = text("number of 64 bits", (value) => /^\d{1,20}$/.test(value) && BigInt(value) < 1n << 64n)
const args = listOf(record({ index: whole(0, 5), op: oneOf("==", "!=", "<", "<=", ">", ">=", "masked"), value: number }, { mask: number }))
const call = text("system call", (name) => knownCalls().has(name))
const profile = record(
  { otherwise: action, rules: listOf(record({ names: listOf(call), action }, { args, on: listOf(oneOf("x86-64", "arm64")) })) },
  { also: listOf(oneOf("i386")), flags: listOf(oneOf("log", "spec-allow")) },
)

const seccompWords = textLike(/^(default|unconfined|file:\/.*#[0-9a-f]{16})$/s, "seccomp profile")
const bound = either(oneOf("unlimited"), whole(0, Number.MAX_SAFE_INTEGER))

/** One step for the whole list: every record has one. */
const capabilities: Shape = (value, path) =>
  Array.isArray(value) && value.every((name) => CAPABILITIES.includes(name as string)) ? undefined : `${path} is no list of capabilities`

const devicePath = textLike(/^\/[^\n]+$/, "path of a device")
const nodePath = text("path below /dev", (path) => whyNoNode(path) === undefined)

/** What a container's processes may do, in a record or a kept plan. */
export const powerShapes: { readonly [key: string]: Shape } = {
  group_add: listOf(textLike(/^[^:\s]+$/, "group")),
  capabilities,
  no_new_privileges: truth,
  seccomp: seccompWords,
  seccomp_profile: profile,
  unmask: listOf(textLike(/^(ALL|\/(proc|sys)\/[^/\n]+)$/, "path of /proc or /sys")),
  all_devices: truth,
  devices: listOf(record({ source: devicePath, target: nodePath, access: textLike(/^(?=.)r?w?m?$/, "way to use a device") })),
  ulimits: mapOf(oneOf(...ULIMIT_NAMES), record({ soft: bound, hard: bound })),
  oom_score_adj: whole(-1000, 1000),
}
