/** What an image says of its health, in docker's form, below what the file says. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { imageConfig } from "../../../src/image/manifest.ts"
import { checkWords, hasHealthcheck, longestStart, wholeHealthcheck } from "../../../src/kinds/container/spec-health.ts"

const said = (Healthcheck: unknown) => imageConfig({ config: { Healthcheck } }, "it").healthcheck

test("docker's words, times in nanoseconds; what is no such thing is passed over", () => {
  assert.equal(said({ Test: ["CMD", "a"], Interval: 1_500_000_000, Timeout: 0, Retries: 5, StartPeriod: 2e9, StartInterval: 1e9 }), {
    ...{ test: ["CMD", "a"], interval: 1500, retries: 5, start_period: 2000, start_interval: 1000 },
  })
  assert.equal(said({ Test: ["NONE"] }), { test: ["NONE"] })
  for (const wrong of [
    { Test: "a" },
    { Test: [] },
    { Test: ["CMD"] },
    { Test: ["a", "b"] },
    { Interval: -1, Retries: 0 },
    { Interval: 1e30 },
  ])
    assert.equal(said(wrong), {}, JSON.stringify(wrong))
  assert.is(said("x"), undefined)
})

test("the file's words stand above the image's, each for itself", () => {
  const image = said({ Test: ["CMD-SHELL", "a || b"], Interval: 5e9, Retries: 9 }) ?? {}
  const usual = { timeout: 30_000, start_period: 0, start_interval: 5000 }
  assert.equal(wholeHealthcheck({}, image), { ...usual, test: ["CMD-SHELL", "a || b"], interval: 5000, retries: 9 })
  const mixed = wholeHealthcheck({ interval: 1000 }, image)
  assert.equal(mixed, { ...usual, test: ["CMD-SHELL", "a || b"], interval: 1000, retries: 9 })
  assert.ok(hasHealthcheck(mixed))
  assert.equal(checkWords(mixed), ["/bin/sh", "-c", "a || b"])
  assert.is(longestStart(mixed), 10 * 31_000)
  assert.equal(wholeHealthcheck({ test: ["NONE"] }, image), {})
  assert.equal(wholeHealthcheck({ interval: 1000 }), {})
})

test.run()
