import type { Spelt } from "../../model/spelt.ts"

/** A dollar sign stands for itself where there are two. */
export function escaped(value: Spelt): Spelt {
  if (typeof value === "string") return value.replaceAll("$", "$$$$")
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(escaped)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner as Spelt)]))
}
