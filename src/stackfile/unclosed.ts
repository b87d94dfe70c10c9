/** Where a bracket, brace or quote was opened. */
export interface Opening {
  sign: string
  /** Offset in the text. */
  at: number
}

/** What is open while the tokens of a text go by, and what was never closed. */
export interface Openings {
  open: Opening[]
  unclosed: Opening[]
}

const PARTNERS: { readonly [closing: string]: string } = { "]": "[", "}": "{" }
/** The lexer's word for a flow collection that ends because a line begins too far to the left. */
const FLOW_END = "\x18"

/** Takes one more lexeme, which begins at `at`, into account. */
export function noteOpening({ open, unclosed }: Openings, lexeme: string, at: number): void {
  const sign = lexeme.charAt(0)
  if (lexeme === "[" || lexeme === "{") open.push({ sign, at })
  else if (lexeme === FLOW_END) unclosed.push(...open.splice(0))
  else if ((sign === "'" || sign === '"') && (lexeme.length === 1 || !lexeme.endsWith(sign))) unclosed.push({ sign, at })
  else if (lexeme in PARTNERS) {
    const partner = open.map((opening) => opening.sign).lastIndexOf(PARTNERS[lexeme] ?? "")
    if (partner >= 0) unclosed.push(...open.splice(partner).slice(1))
  }
}

/** The last of these signs before `end` that was never closed. */
export function lastUnclosed({ open, unclosed }: Openings, sign: string, end: number): number | undefined {
  return [...unclosed, ...open]
    .filter((opening) => opening.sign === sign && opening.at < end)
    .map((opening) => opening.at)
    .sort((a, b) => a - b)
    .at(-1)
}
