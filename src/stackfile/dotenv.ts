/** One `NAME=value` of a `.env`, var or env file. */
export interface Assignment {
  name: string
  value: string
  line: number
}

/**
 * The lines of a `.env` file as compose reads them: `NAME=value`, `export NAME=value`, `#` comments, 'single quotes' as
 * they stand, "double quotes" with \n, \t, \" and \\. Lines that are none of these come back as `wrong`.
 */
export function parseDotenv(text: string): { assignments: Assignment[]; wrong: number[] } {
  const assignments: Assignment[] = []
  const wrong: number[] = []
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim()
    if (line === "" || line.startsWith("#")) continue
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)$/.exec(line)
    const value = match === null ? undefined : unquoted(match[2] as string)
    if (match === null || value === undefined) wrong.push(i + 1)
    else assignments.push({ name: match[1] as string, value, line: i + 1 })
  }
  return { assignments, wrong }
}

const ESCAPES: { readonly [letter: string]: string } = { n: "\n", t: "\t", r: "\r" }

function unquoted(text: string): string | undefined {
  if (text.startsWith("'")) return /^'([^']*)'\s*(#.*)?$/.exec(text)?.[1]
  if (text.startsWith('"'))
    return /^"((?:[^"\\]|\\.)*)"\s*(#.*)?$/.exec(text)?.[1]?.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter)
  const comment = /(^|\s)#/.exec(text)
  return (comment === null ? text : text.slice(0, comment.index)).trimEnd()
}
