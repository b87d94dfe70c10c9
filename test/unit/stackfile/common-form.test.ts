import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { readCommonForm } from "../../../src/stackfile/common-form.ts"
import { parseYaml } from "../../../src/stackfile/parse.ts"

const ROOT = fileURLToPath(new URL("../../..", import.meta.url))

/** True where the quick reader takes the text; then nothing may be read otherwise, or with another place, than the library reads it. */
function taken(text: string): boolean {
  const file = { name: "stack.yaml", folder: "/", text }
  const root = readCommonForm(file)
  if (root === undefined) return false
  const reference = parseYaml(file)
  assert.equal(reference.diagnostics, [], text)
  assert.equal(root, reference.root, text)
  return true
}

function textsBelow(folder: string): string[] {
  const names = readdirSync(`${ROOT}/${folder}`, { recursive: true }) as string[]
  return names.filter((name) => /\.ya?ml$/.test(name)).map((name) => readFileSync(`${ROOT}/${folder}/${name}`, "utf8"))
}

test("every stack file of the repository is read as by the library", () => {
  for (const text of [...textsBelow("test"), ...textsBelow("examples"), ...textsBelow("stacks")]) taken(text)
})

test("the stack that the bench makes is taken", () => {
  assert.ok(
    taken(
      'name: lab\nidmaps:\n  box: { uid: ["0 1 2"] }\ncontainers:\n  a:\n    image: dir:/r\n    command: [a, b]\n    limits: { pids: 64 }\n',
    ),
  )
})

test("what it takes", () => {
  for (const text of [
    "# head\n\na: 1 # one\nb:\n  c: x y\n\n  # between\n  d: 'q #'\n# last\n",
    "a:\n- 1\n- b: 2\n  c: 3\n- { d: [4, five] }\nz: 1",
    "a:\n  - x\n\n  - y\nb: {}\nc: []\n",
    `a: "\${v}"\nb: \${v}\nc: 10.0.0.1/24\nd: 1.50\ne: 007\nf: True\ng: null\nh: 2024-01-01\ni: 1.2.3\nj: a:b:c\n`,
    "a: { b : }\n".replace(" :", ":").replace(": }", ": x}"),
  ])
    assert.ok(taken(text), text)
})

test("what it leaves to the library", () => {
  for (const text of [
    "",
    "a\n",
    "- a\n",
    "a: &x 1\n",
    "a: 1\na: 2\n",
    "a: |\n  x\n",
    "a: b\n  c\n",
    "a:\n",
    'a: "\\n"\n',
    "a: 0x10\n",
    "a: 1e3\n",
    "a: -1\n",
  ])
    assert.not.ok(readCommonForm({ name: "f", folder: "/", text }), text)
})

const WORDS = ["a", "bc", "1", "0", "1.5", ".5", "5.", "0x1", "1e3", "~", "null", "True", "x y", "a:b", "10.0.0.1/8", "${v}", "-", ".", "é"]
const SIGNS = [
  ":",
  ": ",
  ":\n",
  " ",
  "  ",
  "\n",
  "\n  ",
  "\n    ",
  "- ",
  "{",
  "}",
  "{ ",
  " }",
  "[",
  "]",
  ", ",
  ",",
  "#",
  " # c",
  '"',
  "'",
  '"q"',
  "'s'",
  "---\n",
  "? ",
]

test("any text of pieces of YAML", () => {
  const text = fc.array(fc.constantFrom(...WORDS, ...SIGNS), { maxLength: 24 }).map((pieces) => pieces.join(""))
  fc.assert(
    fc.property(text, (t) => void taken(t)),
    { numRuns: 20_000 },
  )
  fc.assert(
    fc.property(text, (t) => void taken(`a: ${t}`)),
    { numRuns: 20_000 },
  )
})

test("any text of lines", () => {
  const line = fc.constantFrom(
    "a: 1",
    "b:",
    "c: x y",
    "- d",
    "- e: 2",
    "- [f, g]",
    "h: { i: j, k: [] }",
    "",
    "# l",
    "m: 'n' # o",
    'p: "q"  ',
    "r:  s",
    "-  t",
  )
  const indented = fc.tuple(fc.nat(3), line).map(([depth, text]) => "  ".repeat(depth) + text)
  const text = fc
    .tuple(fc.array(indented, { maxLength: 12 }), fc.constantFrom("", "\n", "\n\n"))
    .map(([lines, end]) => lines.join("\n") + end)
  let count = 0
  fc.assert(
    fc.property(text, (t) => void (taken(t) && count++)),
    { numRuns: 30_000 },
  )
  assert.ok(count > 100, `${count} texts were taken`)
})

test.run()
