/** A value as a stack file spells it, for who writes one. */
export type Spelt = null | boolean | number | string | readonly Spelt[] | { readonly [key: string]: Spelt }

/** A map of a stack file. What is undefined is left out. */
export type SpeltMap = { readonly [key: string]: Spelt }

/** The keys that have a value, in their order. */
export function withoutAbsent(entries: { readonly [key: string]: Spelt | undefined }): SpeltMap {
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, Spelt] => entry[1] !== undefined))
}

/** The value, unless it is the one that its absence stands for. */
export function unless<T extends Spelt>(usual: Spelt | undefined, value: T | undefined): T | undefined {
  return JSON.stringify(value) === JSON.stringify(usual) ? undefined : value
}

/** One as it is, several as a list, none not at all. */
export function oneOrList(values: readonly string[]): Spelt | undefined {
  return values.length === 0 ? undefined : values.length === 1 ? (values[0] as string) : values
}

/** A map with something in it. */
export function filled(map: SpeltMap): SpeltMap | undefined {
  return Object.keys(map).length === 0 ? undefined : map
}

/** A number where a text is one and would be read back the same. */
export function numberOrText(text: string): number | string {
  const number = Number(text)
  return /^\d+$/.test(text) && Number.isSafeInteger(number) && String(number) === text ? number : text
}
