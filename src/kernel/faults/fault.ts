import { errnoOf } from "../errno.ts"

/** What goes wrong at one operation. Operations are counted from 1. */
export type Fault =
  /** The process is killed before the operation, or right after it. */
  | { kind: "before" | "kill"; at: number }
  /** It is refused in its place, or done and called refused: its answer is lost. */
  | { kind: "err" | "late"; at: number; errno: string }
  /** It waits until a file is there. */
  | { kind: "pause"; at: number; file: string }

/** `kill:17`, `before:17`, `err:3:ENOSPC`, `late:3:EINTR`, `pause:3:/path`. Throws a TypeError for anything else. */
export function parseFault(text: string): Fault {
  const [, kind = "", digits = "", more] = /^([a-z]+):([1-9][0-9]*)(?::(.+))?$/.exec(text) ?? []
  const at = Number(digits)
  if ((kind === "kill" || kind === "before") && more === undefined) return { kind, at }
  if ((kind === "err" || kind === "late") && more !== undefined && errnoOf(more) > 0) return { kind, at, errno: more }
  if (kind === "pause" && more !== undefined) return { kind, at, file: more }
  throw new TypeError(`not a fault: ${text}`)
}
