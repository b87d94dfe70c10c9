import type { CST, Document } from "yaml"
import { Composer, Lexer, Parser } from "yaml"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { MAX_DEPTH } from "./bounds.ts"
import { readCommonForm } from "./common-form.ts"
import { composeNode } from "./compose.ts"
import type { Parsed } from "./node.ts"
import type { SourceFile } from "./source.ts"
import { positionAt, rangeAt } from "./source.ts"
import type { Problem } from "./syntax.ts"
import { syntaxError } from "./syntax.ts"
import type { Openings } from "./unclosed.ts"
import { noteOpening } from "./unclosed.ts"

/** More mistakes of syntax than this in one file are echoes. */
const MAX_ERRORS = 20
/** How many are looked at for those. */
const MOST_READ = 1000

/**
 * One YAML 1.2 document with the place of every node. Size, depth, aliases, tags, duplicate keys and the number of
 * documents are bounded: a deep document alone could exhaust the interpreter's stack further down.
 */
export function parseText(file: SourceFile): Parsed {
  const refused = controlCharacter(file)
  if (refused !== undefined) return { diagnostics: [refused] }
  const root = readCommonForm(file)
  return root === undefined ? parseYaml(file) : { root, diagnostics: [] }
}

/** The same by the YAML library: any form, and every mistake. */
export function parseYaml(file: SourceFile): Parsed {
  const { tokens, openings, problem } = tokensOf(file)
  if (problem !== undefined) return { diagnostics: [problem] }
  const composer = new Composer({ version: "1.2", uniqueKeys: false, prettyErrors: false, merge: false, resolveKnownTags: false })
  const documents = [...composer.compose(tokens, true, file.text.length)]
  const diagnostics = documents.flatMap((document) => syntaxErrors(file, document, openings))
  const [document, second] = documents
  if (second !== undefined) diagnostics.push(severalDocuments(file, second))
  if (document === undefined || document.errors.length > 0) return { diagnostics: onePerLine(diagnostics).slice(0, MAX_ERRORS) }
  const composed = composeNode(file, document)
  return {
    ...composed,
    partial: composed.partial === true || second !== undefined,
    diagnostics: [...onePerLine(diagnostics).slice(0, MAX_ERRORS), ...composed.diagnostics],
  }
}

/** YAML allows no control characters but tab and line breaks. https://yaml.org/spec/1.2.2/#51-character-set */
function controlCharacter(file: SourceFile): Diagnostic | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const at = file.text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|\r(?!\n)/)
  if (at < 0) return undefined
  if (file.text.charAt(at) === "\r") {
    const hint = "lines end with a line feed (U+000A): save the file with the line ends of Unix"
    return error("control-character", "a carriage return without a line feed", { hint, range: rangeAt(file, at, at + 1) })
  }
  const code = file.text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0")
  return error("control-character", `control character U+${code} in the text`, {
    hint: code === "0000" ? "this is not a text file" : 'take it out, or write it as an escape in a "quoted" text',
    range: rangeAt(file, at, at + 1),
  })
}

/** The tokens, unless they nest too deeply: counted while they are read, before anything walks down into them. */
function tokensOf(file: SourceFile): { tokens: CST.Token[]; openings: Openings; problem?: Diagnostic } {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let errors = 0
  let commas = 0
  const openings: Openings = { open: [], unclosed: [] }
  const take = (found: Iterable<CST.Token>) => {
    for (const token of found) {
      tokens.push(token)
      if (token.type === "error") errors++
    }
  }
  for (const lexeme of new Lexer().lex(file.text)) {
    noteOpening(openings, lexeme, parser.offset)
    take(parser.next(lexeme))
    // The document itself and the scalar at the bottom are on the stack too.
    if (parser.stack.length > MAX_DEPTH + 2) return { tokens, openings, problem: tooDeep(file, parser.offset) }
    if (errors > MAX_ERRORS) break
    if (lexeme === ",") commas++
    else if (lexeme.trim() !== "") commas = 0
    if (commas > MAX_ERRORS) return { tokens, openings, problem: emptyItems(file, parser.offset) }
  }
  take(parser.end())
  return { tokens, openings }
}

function tooDeep(file: SourceFile, offset: number): Diagnostic {
  return error("too-deep", `lists and maps nest more than ${MAX_DEPTH} levels deep`, {
    hint: "a stack file needs fewer than ten levels",
    range: rangeAt(file, Math.min(offset, file.text.length) - 1, offset),
  })
}

function emptyItems(file: SourceFile, offset: number): Diagnostic {
  const range = rangeAt(file, offset - 1, offset)
  return error("yaml-syntax", "commas with nothing between them", { hint: "take them out", range })
}

function severalDocuments(file: SourceFile, second: Document.Parsed): Diagnostic {
  const marker = file.text.lastIndexOf("---", second.range[0])
  const start = marker < 0 ? second.range[0] : marker
  return error("several-documents", "a second document begins here", {
    hint: "a stack file is one document: take the `---` out, or put the rest into a file of its own and `include` it",
    range: rangeAt(file, start, start + 3),
  })
}

function syntaxErrors(file: SourceFile, document: Document.Parsed, openings: Openings): Diagnostic[] {
  const problems = [...document.errors.slice(0, MOST_READ), ...document.warnings.slice(0, MOST_READ)]
  const found = withoutEchoes(file, problems).map((problem) => syntaxError(file, problem, openings))
  if (document.directives.yaml.explicit && document.directives.yaml.version !== "1.2") {
    found.unshift(error("yaml-version", "stack files are YAML 1.2", { hint: "take the %YAML directive out", range: rangeAt(file, 0, 5) }))
  }
  return found
}

/** What the library says more than once of a line is an echo, wherever the mistake then is told to be. */
function withoutEchoes(file: SourceFile, problems: readonly Problem[]): Problem[] {
  const lines = new Set<number>()
  return problems.filter(({ code, pos }) => {
    if (code === "TAG_RESOLVE_FAILED") return true
    const { line } = positionAt(file, pos[0])
    const known = lines.has(line)
    lines.add(line)
    return !known
  })
}

/** What follows on a line after its first mistake is an echo of it, and so is a document that ends too early. */
function onePerLine(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = new Set<number | undefined>()
  return diagnostics.filter(({ code, range, summary }, i) => {
    if (code === "unknown-tag") return true
    const known = lines.has(range?.start.line) || (i > 0 && summary.includes("in YAML stream"))
    lines.add(range?.start.line)
    return !known
  })
}
