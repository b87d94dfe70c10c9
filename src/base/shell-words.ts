/**
 * Splits a text into words as a POSIX shell does, without expanding anything: blanks part words, 'single quotes' keep
 * all, "double quotes" keep all but a backslash before `"`, `\`, `$`, backquote and line break. POSIX.1-2024, 2.2
 */
export function shellWords(text: string): string[] | { problem: string } {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      continue
    }
    const part = character === "'" ? singleQuoted(text, i) : character === '"' ? doubleQuoted(text, i) : bare(text, i)
    if ("problem" in part) return part
    word = (word ?? "") + part.text
    i = part.last
  }
  return word === undefined ? words : [...words, word]
}

type Part = { text: string; last: number } | { problem: string }

function singleQuoted(text: string, start: number): Part {
  const end = text.indexOf("'", start + 1)
  return end < 0 ? { problem: "a ' is not closed" } : { text: text.slice(start + 1, end), last: end }
}

function doubleQuoted(text: string, start: number): Part {
  const parts: string[] = []
  for (let i = start + 1; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '"') return { text: parts.join(""), last: i }
    if (character === "\\" && /["\\$`\n]/.test(text.charAt(i + 1))) {
      i++
      if (text.charAt(i) !== "\n") parts.push(text.charAt(i))
    } else parts.push(character)
  }
  return { problem: 'a " is not closed' }
}

function bare(text: string, at: number): Part {
  if (text.charAt(at) !== "\\") return { text: text.charAt(at), last: at }
  if (at + 1 === text.length) return { problem: "a \\ stands at the end" }
  const escaped = text.charAt(at + 1)
  return { text: escaped === "\n" ? "" : escaped, last: at + 1 }
}
