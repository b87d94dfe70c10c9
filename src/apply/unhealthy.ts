import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import type { Health } from "../kinds/container/health.ts"
import { lastCheck } from "../kinds/container/health.ts"
import type { Plan } from "../model/plan.ts"

/** Containers whose monitors tell that they are unhealthy: as the file wants them all the same, so that a plan does nothing about it. */
export function unhealthy({ changes }: Plan): Diagnostic[] {
  return changes.flatMap(({ address, name, resource, observed }) => {
    const health = observed?.live.health as unknown as Health | undefined
    if (health?.status !== "unhealthy") return []
    const range = resource?.range("healthcheck") ?? resource?.range()
    return [
      warning("unhealthy", `${address} is unhealthy`, {
        address,
        detail: lastCheck(health),
        hint: `\`stack logs ${name}\` shows what it has printed, \`stack show\` how it goes on`,
        ...(range === undefined ? {} : { range }),
      }),
    ]
  })
}
