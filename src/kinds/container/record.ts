import type { ResolvConf } from "../../base/resolv-conf.ts"
import { wrongIn } from "../../base/shape.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { runFolderOf } from "../../model/ownership.ts"
import type { Ids } from "./identity.ts"
import { recordShape } from "./record-shape.ts"
import type { ContainerAttributes } from "./spec.ts"
import { DEFAULT_CAPABILITIES } from "./spec-capabilities.ts"
import type { Life } from "./spec-life.ts"
import { USUAL_LIFE } from "./spec-life.ts"
import { ALL_PATHS, UNCONFINED } from "./spec-security.ts"
import { DEFAULT_ULIMITS } from "./spec-ulimits.ts"

/**
 * `spec.json` in the run folder: what was applied and no kernel interface gives back, and what `exec` needs to make
 * a second process like the first. Boot id: a record of an earlier boot says nothing.
 */
export interface ContainerRecord {
  version: 1
  boot: string
  attributes: ContainerAttributes
  ids: Ids
  /** Its command has not run yet, nor will of itself: what has ended, if anything, is the one before. */
  unstarted?: true
  /** Values that the sysctls of the file had before, to go back to. */
  sysctlDefaults: { [name: string]: string }
  /** Rules, neighbours or routes of other tables have been set, or were about to be. */
  routing?: true
  /** While it is renamed, or gets another group: by which name its layer is kept until that is done, and in which groups it may be. */
  moving?: { layer: string; groups: string[] }
}

export function recordPath(stack: string, container: string): string {
  return `${runFolderOf(stack, container)}/spec.json`
}

export function bootId(kernel: Kernel): string {
  return (kernel.read("/proc/sys/kernel/random/boot_id") ?? "").trim()
}

export function writeRecord(kernel: Kernel, stack: string, container: string, record: ContainerRecord): void {
  kernel.replaceFile(recordPath(stack, container), `${JSON.stringify(lasting(record))}\n`)
}

/** Without what only the undo that is going on needs to know. */
function lasting(record: ContainerRecord): ContainerRecord {
  const { attributes } = record
  if (!attributes.routes.some(({ ways }) => ways !== undefined)) return record
  return { ...record, attributes: { ...attributes, routes: attributes.routes.map(({ ways: _, ...route }) => route) } }
}

/** Of one whose command will not run before something is done about it. */
export function markUnstarted({ kernel, stack }: Pick<Run, "kernel" | "stack">, container: string): void {
  const record = parseRecord(kernel.read(recordPath(stack, container)), bootId(kernel))
  if (record !== undefined) writeRecord(kernel, stack, container, { ...record, unstarted: true })
}

/** What the text of a record came to. */
export interface ReadRecord {
  /** Of this boot, and understood. */
  record?: ContainerRecord
  /** Why nobody can understand it. */
  problem?: string
  /** A record, written before the machine was booted for the last time. */
  earlier?: true
}

/** An apply reads everything twice, and in most records there is then what was there before: of which boot, by text. */
const READ = new Map<string, { boot: string; read: ReadRecord }>()

/** Nothing of all that where there is no record. */
export function readRecord(text: string | null, boot: string): ReadRecord {
  if (text === null) return {}
  const known = READ.get(text)
  if (known?.boot === boot) return known.read
  const read = understood(text, boot)
  READ.set(text, { boot, read })
  return read
}

function understood(text: string, boot: string): ReadRecord {
  const value = parsed(text)
  const problem = problemOf(value)
  if (problem !== undefined) return { problem }
  const record = completed(value as ContainerRecord)
  return record.boot === boot ? { record } : { earlier: true }
}

/** What every container had before a file could say it. */
const BEFORE: Pick<
  ContainerAttributes,
  | "ephemeral"
  | "read_only"
  | "mounts"
  | "secrets"
  | "configs"
  | "capabilities"
  | "no_new_privileges"
  | "seccomp"
  | "devices"
  | "all_devices"
  | "unmask"
  | "group_add"
  | "ulimits"
  | "oom_score_adj"
  | "conditions"
  | "healthcheck"
  | "hosts"
  | keyof ResolvConf
  | keyof Life
> = {
  ephemeral: false,
  read_only: false,
  mounts: {},
  secrets: {},
  configs: {},
  capabilities: [...DEFAULT_CAPABILITIES],
  no_new_privileges: true,
  seccomp: UNCONFINED,
  devices: [],
  all_devices: false,
  unmask: [ALL_PATHS],
  group_add: [],
  ulimits: DEFAULT_ULIMITS,
  oom_score_adj: 0,
  conditions: {},
  healthcheck: {},
  hosts: "image",
  dns: [],
  dns_search: [],
  dns_opt: [],
  ...USUAL_LIFE,
}

const LATER = Object.keys(BEFORE)

/** A record that an earlier version has written says nothing of what came later. */
function completed(record: ContainerRecord): ContainerRecord {
  if (LATER.every((key) => Object.hasOwn(record.attributes, key))) return record
  return { ...record, attributes: { ...BEFORE, ...record.attributes } }
}

/** The record, or undefined where there is none, it is of another boot, or not ours to understand. */
export function parseRecord(text: string | null, boot: string): ContainerRecord | undefined {
  return readRecord(text, boot).record
}

function problemOf(value: unknown): string | undefined {
  if (value === undefined) return "it is no JSON"
  if (typeof value !== "object" || value === null) return "it is no map"
  const { version } = value as { version?: unknown }
  if (version !== undefined && version !== 1) return `its version is ${JSON.stringify(version)}, and this program knows 1`
  return Array.isArray(value) ? "it is no map" : wrongIn(recordShape, value, "")
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
