import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Diagnostic } from "../../../src/base/diagnostic.ts"
import { error, warning } from "../../../src/base/diagnostic.ts"
import { renderDiagnostics } from "../../../src/render/diagnostic.ts"
import { together } from "../../../src/render/together.ts"

const at = (line: number, column: number, endColumn: number, endLine = line) => ({
  file: "a.yaml",
  start: { line, column },
  end: { line: endLine, column: endColumn },
})
const show = (text: string, ...diagnostics: Diagnostic[]) => renderDiagnostics(diagnostics, new Map([["a.yaml", text]]), { color: false })

test("place, line, mark, detail, hint", () => {
  assert.is(
    show("one: 1\ntwo: 2\n", error("x", "two is wrong", { range: at(2, 6, 7), detail: "why\nand why", hint: "write 3" })),
    "a.yaml:2:6: error: two is wrong\n   2 | two: 2\n     |      ^\n  why\n  and why\n  hint: write 3\n",
  )
})

test("without a place: the resource, unless the summary names it", () => {
  assert.is(show("", warning("x", "odd", { address: "container.web" })), "container.web: warning: odd\n")
  assert.is(show("", error("x", "container.web is odd", { address: "container.web" })), "error: container.web is odd\n")
  assert.is(show("", error("x", "gone", { range: { ...at(1, 1, 2), file: "b.yaml" } })), "b.yaml:1:1: error: gone\n")
})

/** The text that stands above the mark. */
function marked(text: string, column: number, endColumn: number): string {
  const [, line = "", mark = ""] = show(text, error("x", "y", { range: at(1, column, endColumn) })).split("\n")
  return [...line].slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1).join("")
}

test("the mark stands under the spot behind tabs", () => {
  assert.is(marked("\ta:\tbad", 5, 8), "bad")
  assert.is(marked("ab\tbad", 4, 7), "bad")
})

test("wide letters take two columns, combining marks none", () => {
  const [, line = "", mark = ""] = show("日本: bad", error("x", "y", { range: at(1, 5, 8) })).split("\n")
  assert.is(line, "   1 | 日本: bad")
  assert.is(mark, `     | ${" ".repeat(6)}^^^`)
  const [, , combined = ""] = show("e\u0301: bad", error("x", "y", { range: at(1, 5, 8) })).split("\n")
  assert.is(combined, "     |    ^^^")
  const [, , emoji = ""] = show("\u{1f600}: bad", error("x", "y", { range: at(1, 5, 8) })).split("\n")
  assert.is(emoji, "     |     ^^^")
})

test("a long line is shown around the spot", () => {
  for (const before of [10, 100, 500, 5_000, 500_000]) {
    for (const after of [0, 100, 500_000]) {
      const text = `${"a".repeat(before)}bad${"c".repeat(after)}`
      const [, line = ""] = show(text, error("x", "y", { range: at(1, before + 1, before + 4) })).split("\n")
      assert.ok(line.length < 140, `${line.length}`)
      assert.is(marked(text, before + 1, before + 4), "bad", `${before} ${after}`)
    }
  }
})

test("on a terminal neither the line nor its mark is wider than that, and the mark is under the spot", () => {
  for (const columns of [40, 80, 100, 200]) {
    for (const before of [0, 10, 30, 70, 76, 100, 300]) {
      for (const after of [0, 1, 60]) {
        const text = `${"a".repeat(before)}bad${"c".repeat(after)}`
        const shown = (from: number, to: number) =>
          renderDiagnostics([error("x", "y", { range: at(1, from, to) })], new Map([["a.yaml", text]]), { color: false, columns }).split(
            "\n",
          )
        const [, line = "", mark = ""] = shown(before + 1, before + 4)
        assert.is([...line].slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1).join(""), "bad", `${columns} ${before} ${after}`)
        const [, , end = ""] = shown(text.length + 1, text.length + 2)
        for (const one of [line, mark, end]) assert.ok(one.length <= columns, `${one.length} of ${columns} columns`)
      }
    }
  }
})

test("the same of several replicas is said once, and names them", () => {
  const of = (name: string, rest: Partial<Diagnostic> = {}) =>
    error("x", `write /sys/lab/${name}: EBUSY`, { range: at(1, 1, 2), address: `container.${name}`, hint: "wait", ...rest })
  const replicas = Array.from({ length: 12 }, (_, i) => of(`box[${i}]`))
  const [first, ...rest] = together([...replicas.reverse(), of("web", { hint: "other" }), of("web", { range: at(2, 1, 2) })])
  assert.is(first?.summary, "write /sys/lab/box[0]: EBUSY")
  assert.match(first?.detail ?? "", /^the same of container\.box\[1\], .*, container\.box\[8\] and 3 more$/)
  assert.is(rest.length, 2)
  const unplaced = [error("x", "y", { address: "container.a" }), error("x", "y", { address: "container.b" })]
  assert.equal(together(unplaced), unplaced)
})

test("a spot of several lines is marked to the end of its first; an end of a line has a mark", () => {
  assert.match(show("a: [1,\n 2]", error("x", "y", { range: at(1, 4, 4, 2) })), "   1 | a: [1,\n     |    ^^^\n")
  assert.match(show("ab", error("x", "y", { range: at(1, 3, 4) })), "   1 | ab\n     |   ^\n")
  assert.match(show("", error("x", "y", { range: at(1, 1, 2) })), "   1 |\n     | ^\n")
})

test("nothing that a file holds steers the terminal", () => {
  const evil = "a: \u001b[31m\u0007\u202e\u009b\r\u2028x"
  const text = show(evil, error("x", `bad ${evil}`, { range: at(1, 4, 9), hint: evil, detail: evil }))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  assert.not.match(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/)
})

test("colour only when asked", () => {
  const diagnostics = [error("x", "y", { range: at(1, 1, 2), hint: "z" })]
  const sources = new Map([["a.yaml", "a"]])
  const colored = renderDiagnostics(diagnostics, sources, { color: true })
  assert.ok(colored.includes("\u001b[1;31merror:\u001b[0m"))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colours
  assert.is(colored.replace(/\u001b\[[0-9;]*m/g, ""), renderDiagnostics(diagnostics, sources, { color: false }))
})

test.run()
