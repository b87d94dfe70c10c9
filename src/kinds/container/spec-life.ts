/** How a container's first process comes about, how it is ended, and whether it is started again when it has ended. */
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
  /** `no`, `always`, `on-failure`, `on-failure:3`, `unless-stopped`, `unless-healthy` */
  restart: string
}

/** Of one of which the file says nothing; what every container had before a file could say it. */
export const USUAL_LIFE: Life = { init: "", stop_signal: "SIGTERM", stop_grace_period: 10_000, restart: "no" }

/** Of a system container: systemd halts at this signal, and gives its services a while. systemd(1), "SIGNALS" */
export const SYSTEM_LIFE: Life = { init: "systemd", stop_signal: "SIGRTMIN+3", stop_grace_period: 30_000, restart: "no" }

/** What a system container runs where the file says nothing. */
export const SYSTEM_COMMAND = "/sbin/init"

/** What `restart` may be. */
export const RESTART = /^(no|always|on-failure(:[1-9]\d{0,5})?|unless-stopped|unless-healthy)$/

/** Its monitor starts its command again by itself. */
export function isRestarted({ restart }: Partial<Life>): boolean {
  return restart !== undefined && restart !== "no"
}

/** What is told of one that was made, and whose command never ran (`Observed.incomplete`). */
export const NEVER_STARTED = "its command was never started"

/** The same as its state. */
export const UNSTARTED = "never started"
