import { isCheck } from "../../kernel/launch/check.ts"
import type { Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"
import type { Health } from "./health.ts"
import { checkPath, healthPath, parseHealth } from "./health.ts"
import type { ContainerRecord } from "./record.ts"
import { hasHealthcheck, NO_HEALTHCHECK } from "./spec-health.ts"

/** What there is of a healthcheck that the last apply has asked for. */
export interface Checked {
  /** What its monitor says; it is shown, and no part of a plan. */
  health?: Health
  /** Its monitor has nothing that it could run. */
  isLost: boolean
}

/** Of those that have a healthcheck by their records. */
export function observedHealth({ kernel, stack }: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): Map<string, Checked> {
  const checked = [...records].flatMap(([name, record]) => (hasHealthcheck(record?.attributes.healthcheck) ? [name] : []))
  if (checked.length === 0) return new Map()
  const texts = kernel.readMany(checked.flatMap((name) => [healthPath(stack, name), checkPath(stack, name)]))
  return new Map(
    checked.map((name, i) => {
      const health = parseHealth(texts[2 * i] ?? null)
      return [name, { ...(health === undefined ? {} : { health }), isLost: !isCheck(texts[2 * i + 1] ?? null) }]
    }),
  )
}

/** The rest of it is as it was told: nobody writes such a file by hand. */
export function checkInForce(checked: Checked | undefined, record: ContainerRecord | undefined): Attributes {
  return checked?.isLost ? { healthcheck: { ...record?.attributes.healthcheck, test: [NO_HEALTHCHECK] } } : {}
}
