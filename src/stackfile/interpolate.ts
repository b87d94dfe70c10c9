/** What stands between `${` and `}`, or why it does not. Offsets are into the text. */
export type Piece =
  | { kind: "text"; text: string }
  | { kind: "variable"; name: string; fallback: Piece[] | undefined; start: number; end: number }
  | { kind: "wrong"; problem: string; start: number; end: number }

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
/** Fallbacks in fallbacks. */
const MAX_NESTING = 8

/** True of a text that has anything to replace. */
export function hasVariables(text: string): boolean {
  return text.includes("${") || text.includes("$$")
}

/**
 * The pieces of a text: `${name}`, `${name:-fallback}`, where a fallback may hold variables again, and `$$` for a dollar
 * sign. A lone `$` stands for itself, so that a shell's `$HOME` needs no care.
 */
export function piecesOf(text: string): Piece[] {
  return read(text, 0, 0, false).pieces
}

function read(text: string, from: number, depth: number, inner: boolean): { pieces: Piece[]; end: number; closed: boolean } {
  const pieces: Piece[] = []
  let plain = ""
  let at = from
  const flush = () => {
    if (plain !== "") pieces.push({ kind: "text", text: plain })
    plain = ""
  }
  while (at < text.length && !(inner && text.charAt(at) === "}")) {
    if (text.startsWith("$$", at)) {
      plain += "$"
      at += 2
    } else if (text.startsWith("${", at)) {
      flush()
      const { piece, end } = variable(text, at, depth)
      pieces.push(piece)
      at = end
    } else plain += text.charAt(at++)
  }
  flush()
  return { pieces, end: at, closed: at < text.length }
}

function variable(text: string, start: number, depth: number): { piece: Piece; end: number } {
  NAME.lastIndex = start + 2
  const name = NAME.exec(text)?.[0]
  const after = start + 2 + (name?.length ?? 0)
  const wrong = (problem: string, end: number): { piece: Piece; end: number } => ({ piece: { kind: "wrong", problem, start, end }, end })
  if (name !== undefined && text.charAt(after) === "}")
    return { piece: { kind: "variable", name, fallback: undefined, start, end: after + 1 }, end: after + 1 }
  if (name !== undefined && text.startsWith(":-", after) && depth < MAX_NESTING) {
    const { pieces, end, closed } = read(text, after + 2, depth + 1, true)
    if (!closed) return wrong("is not closed by `}`", text.length)
    return { piece: { kind: "variable", name, fallback: pieces, start, end: end + 1 }, end: end + 1 }
  }
  const brace = text.indexOf("}", start)
  return brace < 0 ? wrong("is not closed by `}`", text.length) : wrong("is no variable", brace + 1)
}
