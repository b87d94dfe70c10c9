/** How a container's first process comes about, and how it is ended. */
export interface Life {
  /**
   * `reaper`: a small process 1 of ours starts the command, passes signals on and reaps. `systemd`: the command is the process 1 of a
   * system container, with a console, and groups of its own below its group. "": the command is process 1 itself, and no more.
   */
  init: "" | "reaper" | "systemd"
  /** `SIGTERM`, `SIGRTMIN+3` */
  stop_signal: string
  /** Milliseconds from that signal to SIGKILL. */
  stop_grace_period: number
}

/** Of one of which the file says nothing; what every container had before a file could say it. */
export const USUAL_LIFE: Life = { init: "", stop_signal: "SIGTERM", stop_grace_period: 10_000 }

/** Of a system container: systemd halts at this signal, and gives its services a while. systemd(1), "SIGNALS" */
export const SYSTEM_LIFE: Life = { init: "systemd", stop_signal: "SIGRTMIN+3", stop_grace_period: 30_000 }

/** What a system container runs where the file says nothing. */
export const SYSTEM_COMMAND = "/sbin/init"
