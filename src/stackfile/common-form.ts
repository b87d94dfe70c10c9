import type { ListNode, MapEntry, MapNode, Node, ScalarNode } from "./node.ts"
import type { SourceFile } from "./source.ts"

/**
 * The form nearly all stack files are written in: block maps and lists of `key: value` lines, `{ }` and `[ ]` within one line, texts
 * without escapes. It is read here twenty times as fast as by the library, into the very same nodes; `undefined` for anything
 * else, a mistake above all: the library reads that, and says what is wrong with it.
 *
 * test/unit/stackfile/common-form.test.ts holds it to the library's reading.
 */
export function readCommonForm(file: SourceFile): MapNode | undefined {
  if (/[\t\r\ufeff]/.test(file.text)) return undefined
  const reader: Reader = { file, text: file.text, at: 0, indent: -1, depth: 0 }
  toContent(reader)
  if (reader.indent !== 0) return undefined
  const root = blockMap(reader, 0)
  return root !== undefined && reader.indent < 0 ? root : undefined
}

/** At the content of a line, which is so far indented; -1 at the end of the text. */
interface Reader {
  readonly file: SourceFile
  readonly text: string
  at: number
  indent: number
  depth: number
}

/** What comes next is nothing, and so far indented that it ends nothing. */
function giveUp(reader: Reader): void {
  reader.at = reader.text.length
  reader.indent = Number.MAX_SAFE_INTEGER
}

/** Deeper than any stack file needs to be; how deep one may be is not decided here. */
const DEPTH = 16

const KEY = /[A-Za-z_][\w.-]{0,200}(?=:[ \n])/y
const ITEM = /- (?! )/y
/** What may follow a value on its line. */
const LINE_END = / *(?: #[^\n]*)?(?:\n|$)/y
const BLOCK_TEXT = /[\w./$](?:[\w./@=+${}-]|:(?=[\w./@=+${}-]))*(?: [\w./@=+${}-](?:[\w./@=+${}-]|:(?=[\w./@=+${}-]))*)*/y
const FLOW_TEXT = /[\w./](?:[\w./@=+-]|:(?=[\w./@=+-]))*(?: [\w./@=+-](?:[\w./@=+-]|:(?=[\w./@=+-]))*)*/y
const QUOTED = /"[^"\\\n]*"|'[^'\n]*'(?!')/y
const SPACES = / */y

/** The length of what is here, or -1. */
function match({ text, at }: Reader, expression: RegExp): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex - at : -1
}

function skip(reader: Reader, expression: RegExp): boolean {
  const length = match(reader, expression)
  if (length < 0) return false
  reader.at += length
  return true
}

/**
 * From the beginning of a line to the next content. A comment that is indented further belongs to what ends before it, and shows in
 * its place: that is left to the library.
 */
function toContent(reader: Reader): void {
  let deepest = 0
  for (;;) {
    const indent = match(reader, SPACES)
    const sign = reader.text[reader.at + indent]
    if (sign === "#") deepest = Math.max(deepest, indent)
    if (sign !== "#" && sign !== "\n") {
      reader.at += indent
      reader.indent = sign === undefined ? -1 : indent
      if (deepest > Math.max(0, reader.indent)) giveUp(reader)
      return
    }
    const end = reader.text.indexOf("\n", reader.at)
    reader.at = end < 0 ? reader.text.length : end + 1
  }
}

function blockMap(reader: Reader, indent: number): MapNode | undefined {
  const start = reader.at
  let end = start
  const entries = new Map<string, MapEntry>()
  while (reader.indent === indent) {
    const length = match(reader, KEY)
    if (length < 0) return undefined
    const name = reader.text.slice(reader.at, reader.at + length)
    const key = { file: reader.file, start: reader.at, end: reader.at + length }
    reader.at += length + 1
    const value = blockValue(reader, indent)
    if (value === undefined || entries.has(name)) return undefined
    entries.set(name, { key, value: value.node })
    end = value.end
  }
  return reader.indent > indent ? undefined : { kind: "map", file: reader.file, start, end, entries }
}

/** A node, and where the block it is the last of ends: behind its line. */
interface Placed {
  node: Node
  end: number
}

/** Behind `key:` in a map that is so far indented. */
function blockValue(reader: Reader, indent: number): Placed | undefined {
  if (skip(reader, LINE_END)) {
    toContent(reader)
    const isList = reader.text[reader.at] === "-"
    if (reader.indent < indent || (reader.indent === indent && !isList)) return undefined
    return nested(reader, () => (isList ? blockList(reader, reader.indent) : blockMap(reader, reader.indent)))
  }
  return inLine(reader)
}

function nested<T extends MapNode | ListNode>(reader: Reader, read: () => T | undefined): Placed | undefined {
  if (++reader.depth > DEPTH) return undefined
  const node = read()
  reader.depth--
  return node === undefined ? undefined : { node, end: node.end }
}

/** A value that ends with its line. */
function inLine(reader: Reader): Placed | undefined {
  skip(reader, SPACES)
  const node = flowValue(reader, BLOCK_TEXT)
  if (node === undefined || !skip(reader, LINE_END)) return undefined
  const end = reader.at
  toContent(reader)
  return { node, end }
}

function blockList(reader: Reader, indent: number): ListNode | undefined {
  const start = reader.at
  let end = start
  const items: Node[] = []
  while (reader.indent === indent && skip(reader, ITEM)) {
    const isMap = match(reader, KEY) >= 0
    reader.indent = indent + 2
    const item = isMap ? nested(reader, () => blockMap(reader, indent + 2)) : inLine(reader)
    if (item === undefined) return undefined
    items.push(item.node)
    end = item.end
  }
  const isOver = reader.indent < indent || (reader.indent === indent && match(reader, KEY) >= 0)
  return items.length > 0 && isOver ? { kind: "list", file: reader.file, start, end, items } : undefined
}

function flowValue(reader: Reader, plain: RegExp): Node | undefined {
  const first = reader.text[reader.at]
  if (first === "{" || first === "[") {
    return nested(reader, () => (first === "{" ? flowMap(reader) : flowList(reader)))?.node
  }
  return first === '"' || first === "'" ? quotedText(reader) : plainText(reader, plain)
}

function flowMap(reader: Reader): MapNode | undefined {
  const start = reader.at++
  const entries = new Map<string, MapEntry>()
  const isWhole = flowItems(reader, "}", () => {
    const length = match(reader, KEY)
    if (length < 0) return false
    const name = reader.text.slice(reader.at, reader.at + length)
    const key = { file: reader.file, start: reader.at, end: reader.at + length }
    reader.at += length + 1
    skip(reader, SPACES)
    const value = flowValue(reader, FLOW_TEXT)
    if (value === undefined || entries.has(name)) return false
    entries.set(name, { key, value })
    return true
  })
  return isWhole ? { kind: "map", file: reader.file, start, end: reader.at, entries } : undefined
}

function flowList(reader: Reader): ListNode | undefined {
  const start = reader.at++
  const items: Node[] = []
  const isWhole = flowItems(reader, "]", () => {
    const item = flowValue(reader, FLOW_TEXT)
    if (item !== undefined) items.push(item)
    return item !== undefined
  })
  return isWhole ? { kind: "list", file: reader.file, start, end: reader.at, items } : undefined
}

/** Items with commas between them, up to and with the bracket that closes them. */
function flowItems(reader: Reader, close: string, item: () => boolean): boolean {
  skip(reader, SPACES)
  if (reader.text[reader.at] === close) {
    reader.at++
    return true
  }
  for (;;) {
    if (!item()) return false
    skip(reader, SPACES)
    const next = reader.text[reader.at++]
    if (next === close) return true
    if (next !== ",") return false
    skip(reader, SPACES)
  }
}

function quotedText(reader: Reader): ScalarNode | undefined {
  const start = reader.at
  if (!skip(reader, QUOTED)) return undefined
  const value = reader.text.slice(start + 1, reader.at - 1)
  return { kind: "scalar", file: reader.file, start, end: reader.at, value, plain: false, source: value }
}

function plainText(reader: Reader, expression: RegExp): ScalarNode | undefined {
  const start = reader.at
  if (!skip(reader, expression)) return undefined
  const source = reader.text.slice(start, reader.at)
  const value = plainValue(source)
  return value === undefined ? undefined : { kind: "scalar", file: reader.file, start, end: reader.at, value, plain: true, source }
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["null", null],
  ["Null", null],
  ["NULL", null],
  ["true", true],
  ["True", true],
  ["TRUE", true],
  ["false", false],
  ["False", false],
  ["FALSE", false],
])

/** YAML 1.2's core schema, but for the numbers nobody writes: undefined. https://yaml.org/spec/1.2.2/#103-core-schema */
function plainValue(source: string): ScalarNode["value"] | undefined {
  if (/^[A-Za-z_/$]/.test(source)) {
    const word = WORDS.get(source)
    return word === undefined ? source : word
  }
  if (/^(?:[0-9]+|[0-9]+\.[0-9]+)$/.test(source)) return Number(source)
  return /^(?:0[ox]|\.[A-Za-z]|[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?$)/.test(source) ? undefined : source
}
