import type { Address } from "../../base/address.ts"
import type { NetNs } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"

/** The network namespace of a container of this run (or of `host`): what its `spawn` made, or what the snapshot found. */
export function netnsOf(run: Run, container: Address): NetNs {
  if (container === "host") return "host"
  const netns = run.born.get(container)?.netns
  if (typeof netns !== "string") throw new Error(`${container} has no network namespace of its own in this run`)
  return netns
}
