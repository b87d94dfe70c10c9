import type { Entry } from "../../model/entry.ts"
import { hasConfig } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { hasHealthcheck } from "./spec-health.ts"
import { isRestarted } from "./spec-life.ts"

type Asked = Pick<ContainerAttributes, "image" | "healthcheck" | "restart">

/** What `restart` needs of the rest. Whether an image that has a configuration has a healthcheck is known later: `problems.ts`. */
export function checkRestart({ image, healthcheck, restart }: Asked, entry: Entry): void {
  if (!isRestarted({ restart })) return
  if (restart === "unless-healthy" && !hasConfig(image) && !hasHealthcheck(healthcheck) && !entry.has(["healthcheck", "test"]))
    entry.report(["restart"], "no-healthcheck", `container.${entry.name} has no healthcheck: nothing tells when it is to be restarted`, {
      hint: "give it one (`healthcheck: { test: [CMD, …] }`), or write `restart: always`",
    })
}
