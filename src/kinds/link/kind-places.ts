import type { StepDraft } from "../../model/step.ts"

/** The places that a link leaves and takes by being renamed. */
export function renamedPlaces(before: readonly string[], after: readonly string[]): Pick<StepDraft, "frees" | "takes"> {
  return { frees: before.filter((place) => !after.includes(place)), takes: after.filter((place) => !before.includes(place)) }
}
