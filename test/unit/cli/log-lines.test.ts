import { test } from "uvu"
import * as assert from "uvu/assert"
import { LogReader } from "../../../src/cli/log-lines.ts"

const T = "2030-01-01T00:00:00.000000000Z"

test("parts of a line are joined, each stream's own", () => {
  const lines = new LogReader().feed(`${T} stdout P he\n${T} stderr F oops\n${T} stdout P ll\n${T} stdout F o\n${T} stdout F \n`)
  assert.equal(
    lines.map(({ stream, text }) => `${stream} ${text}`),
    ["stderr oops", "stdout hello", "stdout "],
  )
})

test("a record may come in any pieces", () => {
  const text = `${T} stdout F a b  c\n${T} stderr F \n`
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new LogReader()
    const lines = [...reader.feed(text.slice(0, cut)), ...reader.feed(text.slice(cut))]
    assert.equal(
      lines.map((line) => line.text),
      ["a b  c", ""],
    )
  }
})

test("what never got its line break comes at the end, without one", () => {
  const reader = new LogReader()
  assert.equal(reader.feed(`${T} stdout P prompt> \n`), [])
  assert.equal(reader.end(), [{ time: T, stream: "stdout", text: "prompt> ", whole: false }])
  assert.equal(reader.end(), [])
})

test("what is no record is not taken for one", () => {
  assert.equal(new LogReader().feed("garbage\n\nx stdout Q y\n"), [])
})

test.run()
