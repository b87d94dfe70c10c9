import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { formatDelay, formatPercent, formatRate, parseDelay, parsePercent, parseRate } from "../../../src/base/units.ts"

test("times as tc writes them, in nanoseconds", () => {
  assert.equal(["10ms", "1.5s", "500us", "64ns", "0ms", " 2 MS "].map(parseDelay), [10_000_000, 1_500_000_000, 500_000, 64, 0, 2_000_000])
  assert.equal(["10", "ms", "-1ms", "1.5ns", "1h", "1,5ms"].map(parseDelay), Array(6).fill(undefined))
  assert.equal([10_000_000, 1_500_000, 1_000_000_000, 1, 0].map(formatDelay), ["10ms", "1500us", "1s", "1ns", "0ns"])
})

test("rates in powers of a thousand", () => {
  assert.equal(["10mbit", "1.5gbit", "8kbit", "9Bit", "1tbit"].map(parseRate), [10e6, 1.5e9, 8000, 9, 1e12])
  assert.equal(["10", "10m", "10mbps", "0.5bit"].map(parseRate), Array(4).fill(undefined))
})

test("percentages with no more digits than the kernel keeps", () => {
  assert.equal(["1%", "0.25%", "100%", "0%", "1.000001 %"].map(parsePercent), [1, 0.25, 100, 0, 1.000001])
  assert.equal(["101%", "1", "100.1%", "0.0000001%", "-1%"].map(parsePercent), Array(5).fill(undefined))
})

test("every spelling is read as what it was made of", () => {
  const whole = fc.integer({ min: 0, max: 10 ** 12 })
  fc.assert(
    fc.property(whole, fc.integer({ min: 0, max: 10 ** 8 }), (value, millionths) => {
      assert.equal([parseDelay(formatDelay(value)), parseRate(formatRate(value))], [value, value])
      assert.is(parsePercent(formatPercent(millionths / 1e6)), millionths / 1e6)
    }),
  )
})

test.run()
