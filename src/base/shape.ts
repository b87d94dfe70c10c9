/**
 * What is wrong with a value of unknown origin, with its path: `mtu is no whole number from 68 to 65535`; undefined where nothing is.
 * Without a path only whether anything is wrong counts, and no path is put together.
 */
export type Shape = (value: unknown, path: string | undefined) => string | undefined

/** The same by a shape of a whole. What is right, as nearly everything is, is looked through without a thought of where it is. */
export function wrongIn(shape: Shape, value: unknown, path: string): string | undefined {
  return shape(value, undefined) === undefined ? undefined : shape(value, path)
}

function unless(holds: (value: unknown) => boolean, words: string): Shape {
  return (value, path) => (holds(value) ? undefined : `${path} is no ${words}`)
}

/** A text that holds no NUL, for which the kernel's interfaces have no room, and for which this holds. */
export function text(words = "text", holds: (text: string) => boolean = () => true): Shape {
  return unless((value) => typeof value === "string" && !value.includes("\0") && holds(value), words)
}

export function textLike(pattern: RegExp, words: string): Shape {
  return text(words, (value) => pattern.test(value))
}

export function oneOf(...words: readonly string[]): Shape {
  return text(`word out of ${words.join(", ")}`, (value) => words.includes(value))
}

export function whole(least: number, most: number): Shape {
  return unless(
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    `whole number from ${least} to ${most}`,
  )
}

export function numeric(least: number, most: number): Shape {
  return unless((value) => typeof value === "number" && value >= least && value <= most, `number from ${least} to ${most}`)
}

export const truth: Shape = unless((value) => typeof value === "boolean", "truth value")

export function either(a: Shape, b: Shape): Shape {
  return (value, path) => (a(value, path) === undefined ? undefined : b(value, path))
}

/** Of `count` items, where that is given. */
export function listOf(item: Shape, count?: number): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} is no list`
    if (count !== undefined && value.length !== count) return `${path} has not ${count} items`
    for (let i = 0; i < value.length; i++) {
      const wrong = item(value[i], path === undefined ? undefined : `${path}[${i}]`)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

/** Keys that a user gives, each of a form. */
export function mapOf(key: Shape, item: Shape): Shape {
  return (value, path) => {
    if (!isObject(value)) return `${path} is no map`
    for (const name of Object.keys(value)) {
      const [ofKey, below] = path === undefined ? [] : [`${path}: the key ${JSON.stringify(name)}`, `${path}.${name}`]
      const wrong = key(name, ofKey) ?? item(value[name], below)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

type Shapes = { readonly [key: string]: Shape }

/** All of these keys, perhaps some of those, and no others. */
export function record(needed: Shapes, optional: Shapes = {}): Shape {
  return keyed(needed, optional, unknownKey)
}

/** All of these keys, perhaps some of those, and whatever others. */
export function including(needed: Shapes, optional: Shapes = {}): Shape {
  return keyed(needed, optional, () => undefined)
}

function keyed(needed: Shapes, optional: Shapes, others: Shape): Shape {
  const shapes = new Map([...Object.entries(needed), ...Object.entries(optional)])
  const names = Object.keys(needed)
  return (value, path) => {
    if (!isObject(value)) return `${path} is no map`
    for (const name of names) if (!Object.hasOwn(value, name)) return `${below(path, name)} is missing`
    for (const name of Object.keys(value)) {
      const wrong = (shapes.get(name) ?? others)(value[name], below(path, name))
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
}

function below(path: string | undefined, key: string): string | undefined {
  if (path === undefined) return undefined
  return path === "" ? key : `${path}.${key}`
}

const unknownKey: Shape = (_, path) => `${path} is no known key`

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
