import { addressOfAlias } from "../../model/ownership.ts"
import type { Step } from "../../model/step.ts"

/** Whether a link's alias is that of a step's resource: of one that the file has moved also the former, until both ends have the new. */
export function isMarkedFor({ address, change }: Step, stack: string, alias: string): boolean {
  const marked = addressOfAlias(stack, alias)
  return marked !== undefined && (marked === address || marked === change.observed?.movedFrom)
}
