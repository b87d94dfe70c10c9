import type { Shape } from "../../base/shape.ts"
import { oneOf, text, textLike, whole } from "../../base/shape.ts"
import { signalName, signalNumber } from "../../base/signal.ts"
import { RESTART } from "./spec-life.ts"

/** Of `Life`, in a record or a kept plan. */
export const lifeShapes: { readonly [key: string]: Shape } = {
  init: oneOf("", "reaper", "systemd"),
  stop_signal: text("signal", (name) => signalName(signalNumber(name) ?? 0) === name),
  stop_grace_period: whole(0, 86_400_000),
  restart: textLike(RESTART, "restart policy"),
}
