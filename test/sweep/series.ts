import type { Case, Phase } from "./case.ts"

/** What the kernel may say at any time. */
export const ERRNOS = ["EPERM", "ENOSPC", "EBUSY", "ENOMEM", "EINTR", "ENOBUFS"]

/** One fault at each operation of a command, from the first on until there are no more. */
export interface Series {
  stack: string
  phase: Phase
  recovery: Case["recovery"]
  /** The fault at the k-th operation. */
  faultAt(k: number): string
  /** For each of them, a second one at each operation of the command that follows. */
  secondAt?(k: number): string
}

export const KINDS = ["kill", "late:EINTR", ...ERRNOS.map((errno) => `err:${errno}`), "monitor", "child", "beside"]

/** All that is done to a stack; destroy at once comes after the kills alone: what is left is the same for many of the others. */
export function allSeries(stacks: readonly string[], phases: readonly Phase[]): Series[] {
  return stacks.flatMap((stack) =>
    phases.flatMap((phase) =>
      KINDS.flatMap((kind): Series[] => {
        const again: Series = { stack, phase, recovery: "again", faultAt: faultAt(kind) }
        return kind === "kill" || kind === "monitor" || kind === "child" ? [again, { ...again, recovery: "destroy" }] : [again]
      }),
    ),
  )
}

/** Killed, and killed again in what should mend it: all pairs, for the stack that has the fewest. */
export function pairs(): Series {
  return { stack: "smallest", phase: "apply", recovery: "again", faultAt: faultAt("kill"), secondAt: faultAt("kill") }
}

/** `err:EPERM` at 3 is `err:3:EPERM`. */
export function faultAt(kind: string): (k: number) => string {
  const [word, ...more] = kind.split(":")
  return (k) => [word, k, ...more].join(":")
}
