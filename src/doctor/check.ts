/** What can be looked at, in the order it is told. */
export const SUBJECTS = ["namespaces", "cgroups", "links", "traffic", "files", "isolation", "user", "host"] as const

export type Subject = (typeof SUBJECTS)[number]

/**
 * `yes`; `user`: only as the root of a user namespace of one's own; `loads`: the kernel loads a module when it is first used, and was not
 * made to; `no`; `info`: a fact that is neither good nor bad.
 */
export type State = "yes" | "user" | "loads" | "no" | "info"

/** One answer of the doctor. */
export interface Check {
  /** Stable, for programs: `link:bridge`. */
  id: string
  subject: Subject
  /** What it is about, for people. */
  what: string
  state: State
  /** What was found: where it is, the kernel's words. */
  detail: string
  /** What to do about a `no`. */
  fix: string
  errno: string
}

export function check(
  subject: Subject,
  id: string,
  what: string,
  state: State,
  rest: Partial<Pick<Check, "detail" | "fix" | "errno">> = {},
): Check {
  return { id, subject, what, state, detail: "", fix: "", errno: "", ...rest }
}

/** It can be had, as this process is or as it may become. */
export function works({ state }: Check): boolean {
  return state !== "no"
}
