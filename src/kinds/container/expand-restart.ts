import type { Entry } from "../../model/entry.ts"
import { hasConfig } from "../image/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { hasHealthcheck } from "./spec-health.ts"
import { isRestarted } from "./spec-life.ts"

type Asked = Pick<ContainerAttributes, "image" | "init" | "healthcheck" | "restart">

/** What `restart` needs of the rest. Whether an image that has a configuration has a healthcheck is known later: `problems.ts`. */
export function checkRestart({ image, init, healthcheck, restart }: Asked, entry: Entry): void {
  if (!isRestarted({ restart })) return
  if (init === "systemd")
    entry.report(["restart"], "restart-system", "a system container (`init: systemd`) is not started again by its monitor", {
      hint: "take `restart` out; systemd restarts its services itself (Restart= of systemd.service(5))",
    })
  if (restart === "unless-healthy" && !hasConfig(image) && !hasHealthcheck(healthcheck) && !entry.has(["healthcheck", "test"]))
    entry.report(["restart"], "no-healthcheck", `container.${entry.name} has no healthcheck: nothing tells when it is to be restarted`, {
      hint: "give it one (`healthcheck: { test: [CMD, …] }`), or write `restart: always`",
    })
}
