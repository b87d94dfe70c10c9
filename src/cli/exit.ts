/** What the command line ends with. sysexits(3) names 64. */
export const EXIT = {
  ok: 0,
  error: 1,
  /** `plan --detailed-exitcode`: there is something to do. */
  changes: 2,
  /** `--fail-on` met its case, or a saved plan is stale. */
  refused: 3,
  usage: 64,
  /** Ended by SIGINT, as a shell says it: 128 + 2. */
  interrupted: 130,
} as const

/** A mistake on the command line itself: told on standard error, exit code 64. */
export class UsageError extends Error {}
