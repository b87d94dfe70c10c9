/** From 1 on. signal(7), x86 and arm */
const NAMES = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT " +
  "CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ")

/** `SIGKILL` of 9; a number that has no name of its own (real-time signals) as it stands. */
export function signalName(number: number | string): string {
  const name = NAMES[Number(number) - 1]
  return name === undefined ? `${number}` : `SIG${name}`
}
