import { DiagnosticError, error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"

/** What a filter is called where a mistake in it is shown. */
export const FILTER_SOURCE = "filter"

/** One word of a filter, and where it begins, counted from 0. */
interface Word {
  text: string
  at: number
}

/** What is beyond this part of the language: numbers taken out of a packet, and compared. */
const ARITHMETIC = /[[\]<>=&|+*^]/
const ELSEWHERE = "have tcpdump compile it: `tcpdump -ddd -y EN10MB 'FILTER' | stack capture LINK --bpf -`"

/** The words of a filter, one after another. */
export class Words {
  readonly #words: readonly Word[]
  readonly #length: number
  readonly #known: readonly string[]
  #at = 0

  /** `known`: what a mistyped one may have been meant to be. */
  constructor(text: string, known: readonly string[]) {
    this.#words = [...text.matchAll(/&&|\|\||[()]|!(?!=)|[^\s()!]+|!/g)].map((found) => ({ text: found[0], at: found.index }))
    this.#length = text.length
    this.#known = known
  }

  /** Empty at the end. */
  get next(): string {
    return this.#words[this.#at]?.text ?? ""
  }

  get after(): string {
    return this.#words[this.#at + 1]?.text ?? ""
  }

  take(): string {
    const { next } = this
    this.#at++
    return next
  }

  /** Takes the next one if it is one of these. */
  takeOf<T extends string>(...texts: readonly T[]): T | undefined {
    const found = texts.find((text) => text === this.next)
    if (found !== undefined) this.#at++
    return found
  }

  /** A mistake at the next word, or one that was taken so many words ago. */
  wrong(summary: string, ago = 0): DiagnosticError {
    const { text, at } = this.#words[this.#at - ago] ?? { text: " ", at: this.#length }
    const near = text.length < 3 ? undefined : nearest(text, this.#known)
    const beyond = ARITHMETIC.test(text) && !["&&", "||"].includes(text)
    const hint = beyond ? ELSEWHERE : near === undefined || near === text ? undefined : `did you mean ${near}?`
    const [start, end] = [at, at + text.length].map((offset) => ({ line: 1, column: offset + 1 })) as [Position, Position]
    const said = beyond ? "bytes of a packet are not compared in this filter" : summary
    return new DiagnosticError(
      error("bad-filter", said, { range: { file: FILTER_SOURCE, start, end }, ...(hint === undefined ? {} : { hint }) }),
    )
  }
}

type Position = { line: number; column: number }
