/** Texts made to hurt: each ends in diagnostics, soon, whatever its size. */
import { performance } from "node:perf_hooks"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { loadText, told } from "./load.ts"

/** A quarter of what is allowed: the time grows with it, but does not square. */
const SIZE = 2 ** 18
const fill = (text: string) => text.repeat(Math.floor(SIZE / text.length))
const lines = (count: number, line: (i: number) => string) => Array.from({ length: count }, (_, i) => line(i)).join("\n")
const containers = (count: number, rest: (i: number) => string) => `containers:\n${lines(count, (i) => ` c${i}: { command: x${rest(i)} }`)}`

/** Generous: the machine may be busy. What is quadratic takes minutes. */
const MOST_MS = 15_000

const REFUSED: { readonly [name: string]: [text: string, code: string] } = {
  "open brackets": [fill("["), "too-deep"],
  "open maps": [fill("{a: "), "too-deep"],
  "lists in lists on one line": [fill("- "), "too-deep"],
  "keys of keys": [fill("? "), "too-deep"],
  "65 levels of indentation": [lines(70, (i) => `${" ".repeat(i)}a:`), "too-deep"],
  "closing brackets": [fill("]"), "yaml-syntax"],
  commas: [`[${fill(",")}`, "yaml-syntax"],
  quotes: [fill('"'), "yaml-syntax"],
  anchors: [fill("&a "), "yaml-syntax"],
  tags: [fill("!a "), "yaml-syntax"],
  "line breaks": [fill("\n"), "not-a-map"],
  documents: [fill("---\n"), "several-documents"],
  "one key again and again": [fill("a:\n"), "duplicate-key"],
  "empty keys": [fill("? \n: \n"), "bad-key"],
  "a billion laughs": [lines(40, (i) => `x-${i}: &a${i} [${i === 0 ? "1" : `*a${i - 1}, *a${i - 1}`}]`), "too-many-aliases"],
  "too many aliases": [`x-a: &a 1\nx-b: [${"*a, ".repeat(51)}]`, "too-many-aliases"],
  "an alias deep in what an alias holds": [
    lines(5, (i) => `x-${i}: &a${i} ${"[".repeat(20)}${i === 0 ? "1" : `*a${i - 1}`}${"]".repeat(20)}`),
    "too-deep",
  ],
  "an alias of itself": ["x-a: &a [*a]", "unknown-anchor"],
  "a file that is too large": [fill("# x\n").repeat(5), "too-large"],
  "variables nobody knows": [`name: ${fill("${a}")}`, "unknown-variable"],
  "fallbacks in fallbacks": [`name: ${fill("${a:-")}`, "bad-variable"],
  "a pattern without an end": [`variables: { a: { default: ${"a".repeat(5000)}, pattern: '^(a|a)*$' } }`, "bad-pattern"],
  "a pattern of many repetitions": [`variables: { a: { default: ${"a".repeat(5000)}b, pattern: '^a*a*a*a*a*$' } }`, "bad-variable"],
  "a repeated group of what may be missing": [`variables: { a: { default: ${"a".repeat(100)}b, pattern: '^(a?a?)*$' } }`, "bad-pattern"],
  "a repeated group with a lazy end": [`variables: { a: { default: ${"a".repeat(100)}b, pattern: '^(\\w\\w??)*$' } }`, "bad-pattern"],
  "much that may be missing": [`variables: { a: { default: ${"a".repeat(100)}b, pattern: '^${"a?".repeat(60)}$' } }`, "bad-pattern"],
  "unknown keys": [`containers:\n a:\n${lines(15_000, (i) => `  k${i}: 1`)}`, "unknown-key"],
  "unknown names": [containers(4_000, (i) => `, depends_on: [d${i}]`), "unknown-reference"],
  "a long way round": [containers(4_000, (i) => `, depends_on: [c${(i + 1) % 4_000}]`), "dependency-cycle"],
  "a namespace that is shared round": [
    containers(4_000, (i) => `, namespaces: { net: 'container:c${(i + 1) % 4_000}' }`),
    "namespace-cycle",
  ],
  "one address for all": [
    `bridges: { l: }\n${containers(4_000, () => ", interfaces: { e: { bridge: l, address: 10.0.0.1/24 } }")}`,
    "address-clash",
  ],
  "overlapping ids": [containers(4_000, (i) => `, idmap: { uid: ["0 ${100_000 + i} 65536"] }`), "id-overlap"],
  "too many containers": [containers(300, () => ", replicas: 1000"), "too-many-containers"],
  "names of every object": [
    `containers: { __proto__: { command: x }, constructor: { command: x, depends_on: [toString, hasOwnProperty, __proto__] } }\n__proto__: 1\nvalueOf: 2`,
    "unknown-key",
  ],
}

for (const [name, [text, code]] of Object.entries(REFUSED)) {
  test(name, () => {
    const start = performance.now()
    const loaded = loadText(text)
    const shown = told(loaded)
    const took = performance.now() - start
    assert.ok(
      loaded.diagnostics.some((d) => d.code === code),
      `${code} is not among:\n${shown.slice(0, 2000)}`,
    )
    assert.is(loaded.desired, undefined)
    assert.ok(loaded.diagnostics.length <= 201)
    assert.ok(took < MOST_MS, `it took ${Math.round(took)} ms`)
  })
}

const FINE: { readonly [name: string]: string } = {
  "64 levels": `x-a: ${"[".repeat(62)}1${"]".repeat(62)}`,
  "50 aliases": `x-a: &a 1\nx-b: [${"*a, ".repeat(50)}]`,
  "4,000 containers in a chain": containers(4_000, (i) => (i === 0 ? "" : `, depends_on: [c${i - 1}]`)),
  "a long comment": `containers: {}\n${fill("# x\n")}`.slice(0, SIZE),
  "a long text": `containers: { a: { command: [x, "${"y".repeat(900_000)}"] } }`,
}

for (const [name, text] of Object.entries(FINE)) {
  test(name, () => {
    const start = performance.now()
    const loaded = loadText(text)
    assert.is(told(loaded), "")
    assert.ok(loaded.desired)
    assert.ok(performance.now() - start < MOST_MS)
  })
}

test("how many mistakes are not told stands last", () => {
  const keys = (count: number) => loadText(`containers:\n a:\n  command: x\n${lines(count, (i) => `  k${i}: 1`)}`).diagnostics
  const two = `containers:\n${lines(110, (i) => ` a${i}: { command: x, k: 1, interfaces: { e: { bridge: none } } }`)}`
  assert.is(keys(150).at(-1)?.summary, "50 more mistakes of form")
  assert.is(keys(150).length, 101)
  const both = loadText(two).diagnostics
  assert.is(both.length, 202)
  assert.equal(
    both.slice(-2).map(({ summary }) => summary),
    ["10 more mistakes are not shown", "10 more mistakes of form"],
  )
})

test("aliases that stand for too much are told once", () => {
  const { diagnostics } = loadText((REFUSED["a billion laughs"] as [string, string])[0])
  assert.equal(
    diagnostics.map(({ code, range }) => [code, range?.start.line]),
    [["too-many-aliases", 16]],
  )
})

test("many small documents after a deep one: the process lives on", () => {
  for (let i = 0; i < 50; i++) {
    loadText(fill("[ "))
    assert.ok(loadText("containers: {}").desired)
  }
})

test("a map does not pollute any other object", () => {
  loadText(
    "containers: { web: { command: x, __proto__: { polluted: 1 }, environment: { __proto__: y, constructor: z } } }\nx-a: { __proto__: { polluted: 1 } }",
  )
  assert.is(({} as { polluted?: number }).polluted, undefined)
})

test.run()
