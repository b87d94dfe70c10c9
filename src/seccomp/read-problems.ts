/** What there is to say of a file, and what to do about it. */
export interface Told {
  severity: "error" | "warning"
  summary: string
  hint: string
}

/** Nobody reads more of one file. */
const MOST = 20

/** Collects what is wrong with a profile; what cannot be understood is left out, so that the rest is looked at all the same. */
export class Problems {
  readonly told: Told[] = []

  error(summary: string, hint: string): void {
    this.#tell({ severity: "error", summary, hint })
  }

  warning(summary: string, hint: string): void {
    this.#tell({ severity: "warning", summary, hint })
  }

  get hasErrors(): boolean {
    return this.told.some(({ severity }) => severity === "error")
  }

  /** An error is never left out for warnings. */
  #tell(one: Told): void {
    if (this.told.filter(({ severity }) => severity === one.severity).length < MOST) this.told.push(one)
  }
}

/** A map of these keys alone: one that is misspelt might be what holds everything else back. */
export function mapOf<K extends string>(
  problems: Problems,
  value: unknown,
  where: string,
  keys: readonly K[],
): { readonly [key in K]?: unknown } | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value !== undefined) problems.error(`${where} is no map`, "write it as the OCI runtime specification has it")
    return undefined
  }
  const strange = Object.keys(value).find((key) => !(keys as readonly string[]).includes(key))
  if (strange !== undefined) problems.error(`${where} has an unknown key ${JSON.stringify(strange)}`, `it may have ${keys.join(", ")}`)
  return value
}

/** Nothing where it is null, as Go writes an empty list. */
export function listOf(problems: Problems, value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (value !== null) problems.error(`${where} is no list`, "write a list: [ … ]")
  return []
}

export function textsOf(problems: Problems, value: unknown, where: string): string[] {
  return listOf(problems, value, where).flatMap((item) => {
    if (typeof item === "string") return [item]
    problems.error(`${where} holds something that is no text: ${JSON.stringify(item)}`, "write texts in quotes")
    return []
  })
}

export function wholeOf(problems: Problems, value: unknown, where: string, most: number): number | undefined {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value
  problems.error(`${where} is no whole number from 0 to ${most}: ${JSON.stringify(value)}`, "correct it")
  return undefined
}
