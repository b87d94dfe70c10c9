import type { Summary } from "../model/plan.ts"

/** `1 to adopt, 2 to add, 0 to change, 0 to destroy.`; what is adopted only where something is. */
export function summaryText({ add, change, destroy, adopt }: Summary): string {
  return `${adopt === undefined ? "" : `${adopt} to adopt, `}${add} to add, ${change} to change, ${destroy} to destroy.`
}
