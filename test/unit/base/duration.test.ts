import { test } from "uvu"
import * as assert from "uvu/assert"
import { formatDuration, parseDuration } from "../../../src/base/duration.ts"

test("compose's durations, and a bare number of seconds", () => {
  assert.equal(
    ["10s", "1m30s", "500ms", "1h", "1h0m1s1ms", "90", 5, "0s"].map((text) => parseDuration(text)),
    [10_000, 90_000, 500, 3_600_000, 3_601_001, 90_000, 5000, 0],
  )
})

test("what is no duration", () => {
  for (const text of ["", "s", "10 s", "1.5s", "-1s", "1s1m", "10x", -1, 1.5]) assert.is(parseDuration(text), undefined, String(text))
})

test("it is written as one would, and read back", () => {
  for (const [ms, text] of [
    [0, "0s"],
    [1, "1ms"],
    [90_000, "1m30s"],
    [3_600_000, "1h"],
    [86_399_999, "23h59m59s999ms"],
  ] as const) {
    assert.is(formatDuration(ms), text)
    assert.is(parseDuration(text), ms)
  }
})

test.run()
