import type { Fragment } from "../../model/fragment.ts"
import { keys, wholeNumber } from "../../model/fragment.ts"
import { USUAL_HEALTHCHECK } from "./spec-health.ts"

function duration(description: string, usual: string): Fragment {
  return {
    description,
    type: ["string", "integer"],
    minimum: 0,
    maximum: 86400,
    default: usual,
    form: "a duration such as 10s or 1m30s",
    examples: [usual],
  }
}

/** `healthcheck:` */
export function healthcheckSchema(): Fragment {
  return keys("What tells whether it is healthy, in compose's words; what is not said here is the image's. `depends_on` may wait for it.", {
    test: {
      description:
        "What is run in it, as it is itself: `[CMD, word, …]`, `[CMD-SHELL, text]` or a text for `/bin/sh -c`; exit status 0 is healthy. `[NONE]`: nothing, whatever the image says.",
      type: ["string", "array"],
      items: { description: "One word.", type: ["string", "number", "boolean"], form: "a text" },
      form: "[CMD, word, …], [CMD-SHELL, text], [NONE], or one text",
      examples: [["CMD", "pg_isready"], "wget -qO- http://localhost/ || exit 1"],
    },
    interval: duration("From the end of one check to the next.", "30s"),
    timeout: duration("A check that takes longer has failed, and is killed.", "30s"),
    retries: {
      ...wholeNumber("So many failures one after the other make it unhealthy.", 1, 1_000_000),
      default: USUAL_HEALTHCHECK.retries,
    },
    start_period: duration("From its start on, failures do not count for so long.", "0s"),
    start_interval: duration("The interval within `start_period`.", "5s"),
    disable: { description: "No check, whatever the image says.", type: "boolean", default: false, form: "true or false" },
  })
}

/** Of one container in `depends_on`. */
export function conditionSchema(): Fragment {
  return {
    description:
      "`service_started`: it runs. `service_healthy`: its healthcheck says so. `service_completed_successfully`: its command has ended with status 0.",
    enum: ["service_started", "service_healthy", "service_completed_successfully"],
    default: "service_started",
    form: "service_started, service_healthy or service_completed_successfully",
  }
}
