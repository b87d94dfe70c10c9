/**
 * A piece of the stack file's JSON Schema (draft-07). Alternatives are told apart by JSON type, never by `anyOf`: a
 * wrong value then has one mistake, not one for each alternative. Six keys are ours and are taken out of what is
 * published: `form`, `names`, `later`, `instead`, `rewritten` and `meant`.
 */
export interface Fragment {
  description: string
  type?: JsonType | readonly JsonType[]
  properties?: { readonly [key: string]: Fragment }
  patternProperties?: { readonly [pattern: string]: Fragment | true }
  additionalProperties?: Fragment | false
  required?: readonly string[]
  items?: Fragment
  minItems?: number
  maxItems?: number
  minProperties?: number
  enum?: readonly (string | number | boolean)[]
  pattern?: string
  minimum?: number
  maximum?: number
  default?: unknown
  examples?: readonly unknown[]
  /** The allowed form in words, for messages: `a size such as 64M`. */
  form?: string
  /** What names of a map may look like, in words. */
  names?: string
  /** Keys of the design that a later version brings. */
  later?: readonly string[]
  /** Words of other tools, and the key here that does it; "": not needed. */
  instead?: { readonly [word: string]: string }
  /** The same with a value of it, by a pattern, where that has an equal here: what there is to do (`$1`: a part of it). */
  rewritten?: { readonly [word: string]: readonly (readonly [pattern: string, hint: string])[] }
  /** Texts as other tools take them, by a pattern, and what stands before such a text here. */
  meant?: readonly (readonly [pattern: string, before: string])[]
}

export type JsonType = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null"

/** `x-…` is everyone's own. */
const EXTENSIONS = { "^x-": true } as const

/** A map of known keys; any other is a mistake, but for `x-…`. */
export function keys(
  description: string,
  properties: { readonly [key: string]: Fragment },
  rest: Partial<Fragment> = {},
): Fragment & { properties: { readonly [key: string]: Fragment } } {
  return {
    type: "object",
    form: "a map of keys",
    ...rest,
    description,
    properties,
    patternProperties: EXTENSIONS,
    additionalProperties: false,
  }
}

const NAME = "^(?!x-)[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$"
const NAME_WORDS = "letters, digits, `-` and `_`, a letter or digit first, at most 63"

/** A map whose keys are names that the user gives. */
export function named(description: string, value: Fragment, pattern = NAME, names = NAME_WORDS): Fragment {
  return {
    description,
    type: ["object", "null"],
    form: "a map of names",
    names,
    patternProperties: { ...EXTENSIONS, [pattern]: value },
    additionalProperties: false,
  }
}

/** A single value or a list of such values. */
export function oneOrMore(description: string, item: Omit<Fragment, "description">, form: string): Fragment {
  const { type, ...rest } = item
  const types = typeof type === "string" ? [type] : (type ?? [])
  return { description, type: [...types, "array"], form, ...rest, items: { description, form, ...item }, minItems: 1 }
}

/** A map of texts, or a list of `NAME=value`, as compose writes environment and labels. */
export function textMap(description: string, form: string): Fragment {
  const description1 = "Its value, a text."
  return {
    description,
    type: ["object", "array"],
    form,
    additionalProperties: { description: description1, type: ["string", "number", "boolean", "null"], form: "a text" },
    items: { description: "`NAME=value`", type: "string", pattern: "^[^=]+(=[\\s\\S]*)?$", form: "`NAME=value`" },
  }
}

/** Bytes, with or without a unit. */
export function size(description: string): Fragment {
  const form = "a size: bytes, or a number with K, M, G or T such as 64M"
  return {
    description,
    type: ["string", "integer"],
    pattern: "^\\s*[0-9]+(\\.[0-9]+)?\\s*([kKmMgGtTpP]?)([iI]?[bB])?\\s*$",
    minimum: 0,
    form,
    examples: ["64M"],
  }
}

export function wholeNumber(description: string, minimum: number, maximum: number, more: Partial<Fragment> = {}): Fragment {
  return { description, type: "integer", minimum, maximum, form: `a whole number from ${minimum} to ${maximum}`, ...more }
}

export function truth(description: string, fallback: boolean): Fragment {
  return { description, type: "boolean", default: fallback, form: "true or false" }
}

/** An IP address with a prefix length, one or a list. */
export function addresses(description: string, words = "10.20.0.2/24"): Fragment {
  return oneOrMore(description, { type: "string", examples: [words] }, `an address such as ${words}, or a list of them`)
}

/** Other tools' words for it: of an `instead`. */
export const ADDRESS_WORDS: { readonly [word: string]: string } = Object.fromEntries(
  ["ip", "ips", "ipv4", "ipv6", "inet", "inet6", "ip_address", "ipv4_address", "ipv6_address"].map((word) => [word, "address"]),
)

export function macAddress(description: string): Fragment {
  return { description, type: "string", form: "a MAC address such as 02:00:00:00:00:01", examples: ["02:00:00:00:00:01"] }
}

/** What every resource may say of how changes of it are taken. */
export function lifecycleKeys(): { readonly [key: string]: Fragment } {
  return {
    ignore_drift: {
      description:
        "Attributes that others may change: what was changed by hand is left so. `limits.memory`, or `limits` for all of them; `*` for any part: `wireguard.peers.*.endpoint`.",
      type: "array",
      items: { description: "A path as a plan shows it.", type: "string", form: "the path of an attribute" },
      form: "a list of attributes",
      examples: [["limits.memory"]],
    },
    prevent_destroy: truth("It is neither destroyed nor replaced, whatever a plan wants: the rest is done, with exit code 3.", false),
  }
}
