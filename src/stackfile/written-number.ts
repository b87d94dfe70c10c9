import type { ScalarNode } from "./node.ts"
import { plainScalar } from "./node.ts"

/** A number in another spelling than the shortest: where it stands for a text (`1.10` in an environment, `0o440` of a mode) that is what counts. */
export class WrittenNumber {
  readonly source: string
  readonly #value: number

  constructor(value: number, source: string) {
    this.#value = value
    this.source = source
  }

  /** JSON has one spelling for a number, and texts; where a number is written by its sixteens that one is meant. */
  toJSON(): string | number {
    return /^[-+]?0x/i.test(this.source) ? this.#value : this.source
  }
}

/** The value of a scalar, with the spelling of what reads as a number. */
export function withSpelling(node: ScalarNode): unknown {
  const value = plainScalar(node)
  return typeof value === "number" && node.plain && String(value) !== node.source ? new WrittenNumber(value, node.source) : value
}
