import type { Relaxation } from "../kinds/container/kind-relaxations.ts"
import { relaxationsOf } from "../kinds/container/kind-relaxations.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Plan } from "../model/plan.ts"
import type { Paint } from "./paint.ts"
import { table } from "./table.ts"
import { formatValue } from "./value.ts"

/** Of a plan's containers, those that stay as they are too: what is held less tightly than is usual. */
export function planRelaxations({ changes }: Pick<Plan, "changes">): ({ address: string } & Relaxation)[] {
  return changes.flatMap(({ kind, address, after }) => {
    if (kind !== "container" || after === null || !tells(after)) return []
    return relaxationsOf(after).map((one) => ({ address, ...one }))
  })
}

/** What a kept plan shows of a container is taken as it stands there, whatever that is. */
function tells(after: object): after is ContainerAttributes {
  const { namespaces, capabilities, seccomp, devices, ulimits, unmask } = after as Partial<ContainerAttributes>
  const isMap = (value: unknown) => typeof value === "object" && value !== null
  return (
    isMap(namespaces) &&
    isMap(ulimits) &&
    Array.isArray(capabilities) &&
    Array.isArray(devices) &&
    Array.isArray(unmask) &&
    typeof seccomp === "string"
  )
}

/** A block that ends in an empty line; "" where there is nothing to tell. */
export function relaxationsText(plan: Pick<Plan, "changes">, style: Paint): string {
  const all = planRelaxations(plan)
  if (all.length === 0) return ""
  const rows = all.map(({ address, option, value, meaning }) => [
    `  ${style.bold(style.red("!"))}`,
    address,
    `${option}: ${formatValue(option, value)}`,
    style.dim(`# ${meaning}`),
  ])
  return `${style.bold(style.red("Isolation is relaxed:"))}\n${table(rows)}\n`
}
