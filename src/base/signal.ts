import { nearest } from "./nearest.ts"

/** From 1 on. signal(7), x86 and arm */
const NAMES = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT " +
  "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ")

/** As glibc counts: the kernel's first two are its own. signal(7) */
const REALTIME_FIRST = 34
const LAST = 64

/** `SIGKILL` of 9, `SIGRTMIN+3` of 37; a number that has no name (32, 33) as it stands. */
export function signalName(number: number | string): string {
  const n = Number(number)
  const name = NAMES[n - 1]
  if (name !== undefined) return `SIG${name}`
  if (n === REALTIME_FIRST) return "SIGRTMIN"
  return n > REALTIME_FIRST && n <= LAST ? `SIGRTMIN+${n - REALTIME_FIRST}` : `${number}`
}

/** The number of `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`, `RTMAX-1`; undefined of what is none. */
export function signalNumber(text: string): number | undefined {
  const word = text.toUpperCase().replace(/^SIG/, "")
  if (/^\d+$/.test(word)) return within(Number(word), 1)
  const [, end, sign = "+", distance = "0"] = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(word) ?? []
  if (end !== undefined) return within((end === "MIN" ? REALTIME_FIRST : LAST) + Number(`${sign}${distance}`), REALTIME_FIRST)
  const at = NAMES.indexOf(word)
  return at < 0 ? undefined : at + 1
}

/** The name that a mistyped one was meant to be, undefined when none is near. */
export function nearestSignal(text: string): string | undefined {
  const name = nearest(text.toUpperCase().replace(/^SIG/, ""), NAMES)
  return name === undefined ? undefined : `SIG${name}`
}

function within(number: number, least: number): number | undefined {
  return number >= least && number <= LAST ? number : undefined
}
