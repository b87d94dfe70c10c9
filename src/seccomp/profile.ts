/**
 * What becomes of a call: it is let through, refused with an errno, kills its process or thread, sends SIGSYS, is told to a tracer or
 * logged. `errno:1` is EPERM; `trace:N` has a number for the tracer. seccomp(2)
 */
export type Action = "allow" | "log" | "kill-process" | "kill-thread" | "trap" | `errno:${number}` | `trace:${number}`

/** One argument, of 64 bits, against a number; `masked` first takes the bits of the mask alone. Numbers are decimal, as JSON's end at 53 bits. */
export interface Comparison {
  /** 0 to 5. */
  index: number
  op: "==" | "!=" | "<" | "<=" | ">" | ">=" | "masked"
  value: string
  /** Of `masked` alone. */
  mask?: string
}

/** Calls, by name, and what becomes of them where all of `args` hold. */
export interface Rule {
  names: string[]
  action: Action
  args?: Comparison[]
  /** Hosts that it is for; absent: all. */
  on?: ("x86-64" | "arm64")[]
}

/**
 * A filter in words. Of several rules that hold for a call the strictest wins, in whatever order they stand: what a file takes away from
 * a call that it allows elsewhere stays taken away.
 */
export interface Profile {
  /** Of calls that no rule holds for. */
  otherwise: Action
  rules: Rule[]
  /** Those of its host whose programs are let in besides its own: `i386` on x86-64. */
  also?: "i386"[]
  /** SECCOMP_FILTER_FLAG_*: `log`, `spec-allow`. */
  flags?: ("log" | "spec-allow")[]
}

/** What the kernel is told: SECCOMP_RET_*, <linux/seccomp.h> */
export function returnValue(action: Action): number {
  const [word, number = "0"] = action.split(":")
  switch (word) {
    case "kill-process":
      return 0x8000_0000
    case "kill-thread":
      return 0
    case "trap":
      return 0x0003_0000
    case "errno":
      return 0x0005_0000 | Number(number)
    case "trace":
      return 0x7ff0_0000 | Number(number)
    case "log":
      return 0x7ffc_0000
    default:
      return 0x7fff_0000
  }
}

/** The kernel's order of strictness: the less, the stricter. seccomp(2), "Action values" */
export function looseness(action: Action): number {
  return action === "kill-process" ? -1 : returnValue(action) & 0x7fff_0000
}
