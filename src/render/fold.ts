/** How much deeper a line goes on than it began. */
const DEEPER = 4

/** SGR has no width. console_codes(4) */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const COLOUR = /\u001b\[\d+m/g

/** What a comment begins with stays with its first word. */
const WORD = /( *)([^ ]*# [^ ]+|[^ ]+)/g

/** No line wider than a terminal: what is, goes on below at a blank. A word that is too long by itself stays where it is, and whole. */
export function foldedText(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => (widthOf(line) <= columns ? line : foldedLine(line, columns)))
    .join("\n")
}

function foldedLine(line: string, columns: number): string {
  const [before = ""] = /^ */.exec(line.replace(COLOUR, "")) ?? []
  const deeper = " ".repeat(before.length + DEEPER)
  const lines: string[] = []
  let last = ""
  for (const [, gap = "", word = ""] of line.matchAll(WORD)) {
    const fits = widthOf(last) + gap.length + widthOf(word) <= columns
    if (last === "" || fits || (deeper.length + widthOf(word) > columns && widthOf(last) < columns)) last += gap + word
    else {
      lines.push(last)
      last = deeper + word
    }
  }
  return [...lines, last].join("\n")
}

function widthOf(text: string): number {
  return text.replace(COLOUR, "").length
}
