import type { Shape } from "../../base/shape.ts"
import { either, listOf, mapOf, oneOf, record, text, textLike, whole } from "../../base/shape.ts"

const time = (least: number) => whole(least, 86_400_000)
const healthcheck = record({
  test: listOf(text()),
  ...{ interval: time(1), timeout: time(1), retries: whole(1, 1_000_000), start_period: time(0), start_interval: time(1) },
})

/** Of a healthcheck and of what is waited for, in a record or a kept plan. */
export const healthShapes: { readonly [key: string]: Shape } = {
  healthcheck: either(record({}), healthcheck),
  conditions: mapOf(textLike(/^container\./, "address of a container"), oneOf("service_healthy", "service_completed_successfully")),
}
