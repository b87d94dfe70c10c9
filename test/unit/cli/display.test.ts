import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Context } from "../../../src/cli/context.ts"
import { openDisplay } from "../../../src/cli/display.ts"
import { change, step } from "../render/sample.ts"

test("a terminal that cannot move its cursor gets a line for each step", async () => {
  let written = ""
  const err = { write: (text: string) => (written += text), terminal: true, color: false, closed: false }
  const display = await openDisplay(false, { err, environment: { TERM: "dumb" } } as unknown as Context)
  display.emit({ type: "step-done", step: step(change("bridge.lan", {}), "create"), at: 12, took: 12 })
  await display.end()
  assert.is(written, "bridge.lan: created (12 ms)\n")
})

test.run()
