/** How a container's first process comes about, and how it is ended. */
export interface Life {
  /** `reaper`: a small process 1 of ours starts the command, passes signals on and reaps; "": the command is process 1 itself. */
  init: "" | "reaper"
  /** `SIGTERM`, `SIGRTMIN+3` */
  stop_signal: string
  /** Milliseconds from that signal to SIGKILL. */
  stop_grace_period: number
}

/** Of one of which the file says nothing; what every container had before a file could say it. */
export const USUAL_LIFE: Life = { init: "", stop_signal: "SIGTERM", stop_grace_period: 10_000 }
