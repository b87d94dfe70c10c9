import type { Fragment } from "../../model/fragment.ts"
import { RESTART } from "./spec-life.ts"

/** What its process 1 is, and how it is ended. */
export function lifeKeys(): { [key: string]: Fragment } {
  return {
    init: {
      description:
        "`true`: a small process 1 starts the command, passes signals on to it, and reaps what it leaves behind. `systemd`: a system container, as a machine of its own: its command (default: /sbin/init) is process 1 with a console, all capabilities over its own namespaces, and cgroups that it may make itself.",
      type: ["boolean", "string"],
      pattern: "^systemd$",
      default: false,
      form: "true, false, or systemd",
      examples: ["systemd"],
    },
    stop_signal: {
      description: "What its process 1 is sent when it is to end. signal(7)",
      type: ["string", "integer"],
      minimum: 1,
      maximum: 64,
      default: "SIGTERM",
      form: "a signal such as SIGTERM or SIGRTMIN+3",
      examples: ["SIGINT", "SIGRTMIN+3"],
    },
    stop_grace_period: {
      description: "How long it may take after that, until it is killed.",
      type: ["string", "integer"],
      minimum: 0,
      maximum: 86400,
      default: "10s",
      form: "a duration such as 10s or 1m30s",
      examples: ["1m30s"],
    },
    restart: {
      description:
        "Whether its command is started again when it has ended, by its monitor, after growing pauses. `always` and `unless-stopped`: however it ends. `on-failure[:N]`: unless it ends with status 0, or, as a system container, powers off; N times at most. A system container that reboots ends by that, too. `unless-healthy`: however it ends, and when its healthcheck calls it unhealthy it is ended.",
      type: "string",
      pattern: RESTART.source,
      default: "no",
      form: "no, always, on-failure, on-failure:N, unless-stopped or unless-healthy",
      examples: ["on-failure:3", "unless-stopped", "always", "unless-healthy"],
    },
  }
}
