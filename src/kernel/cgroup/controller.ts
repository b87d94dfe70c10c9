import type { Limits } from "../../kinds/cgroup/spec.ts"

/** One write(2) to a file of a group. */
export interface Write {
  file: string
  text: string
}

/** How one controller's limits stand in the files of one version of cgroups. */
export interface Codec {
  /** What `read` needs, below the group's folder. */
  files: readonly string[]
  /** The limits that the files' texts hold, in the order of `files`; null where there is no such file. `wanted` by the stack file, to tell what texts alone do not. */
  read(texts: readonly (string | null)[], wanted: Limits): Limits
  /** What brings a group from `before` to `after`, in order. A limit that is no more goes back to the kernel's default. `present`: what `steering` hold now. */
  writes(before: Limits, after: Limits, present: readonly (string | null)[]): Write[]
  /** Files whose text decides how the others are to be written, and which limits do not tell. */
  steering?: readonly string[]
}

export interface Controller {
  name: string
  keys: readonly (keyof Limits)[]
  v1: Codec
  v2: Codec
}

/** A number, or undefined for no file and for words such as `max`. */
export function numberOf(text: string | null | undefined): number | undefined {
  const trimmed = text?.trim() ?? ""
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined
}

/** `{ [key]: value }`, or nothing where there is no value. */
export function limit<K extends keyof Limits>(key: K, value: Limits[K] | undefined): Limits {
  return value === undefined ? {} : { [key]: value }
}
