import { test } from "uvu"
import * as assert from "uvu/assert"
import { error } from "../../../src/base/diagnostic.ts"
import { drivers } from "../../../src/kinds/drivers.ts"
import { completeText, unfinishedText } from "../../../src/render/outcome.ts"
import { formatTime, stepDone } from "../../../src/render/progress.ts"
import { diagnosticLine, jsonProgress } from "../../../src/render/progress-json.ts"
import { plainProgress } from "../../../src/render/progress-plain.ts"
import { change, planOf, step } from "./sample.ts"

const bridge = change("bridge.lan", {})
const web = change("container.web", {})
const made = step(bridge, "create")
const spawned = step(web, "spawn", [made.id])
const started = step(web, "start", [spawned.id])
const plan = planOf([bridge, web], [made, spawned, started])
const noSpace = error("kernel-refused", "mkdir: ENOSPC")

test("plain: a line for each step that ended, those of one turn at once", async () => {
  const written: string[] = []
  const display = plainProgress((text) => written.push(text))
  display.emit({ type: "plan", plan })
  display.emit({ type: "step-start", step: made, at: 0 })
  display.emit({ type: "step-done", step: made, at: 12.4, took: 12.4 })
  display.emit({ type: "step-failed", step: spawned, at: 15, took: 3, diagnostic: noSpace })
  display.note("Interrupted.")
  assert.equal(written, ["bridge.lan: created (12 ms)\ncontainer.web: spawn failed: mkdir: ENOSPC\n", "Interrupted.\n"])
  display.emit({ type: "step-done", step: started, at: 16, took: 1 })
  await new Promise((resolve) => setImmediate(resolve))
  assert.is(written[2], "container.web: started (1 ms)\n")
  display.emit({ type: "step-done", step: started, at: 17, took: 2 })
  await display.end()
  assert.is(written[3], "container.web: started (2 ms)\n")
})

test("each step is told in words of its own", () => {
  const steps = Object.values(drivers).flatMap(({ name, ops }) => Object.keys(ops).map((op) => step(change(`${name}.x`, {}), op)))
  for (const one of steps) assert.not.match(stepDone(one), / done$/, one.id)
  const moved = change("cgroup.front", { action: "update", movedFrom: "cgroup.tier" })
  assert.equal(
    ["create", "leave"].map((op) => stepDone(step(moved, op))),
    ["moved", "the former removed"],
  )
})

test("JSON lines: a resource starts with its first step and is complete with its last", () => {
  const lines: { [key: string]: unknown }[] = []
  const display = jsonProgress(
    (text) => lines.push(JSON.parse(text)),
    () => "2030-01-01T00:00:00.000Z",
  )
  display.emit({ type: "plan", plan })
  for (const [at, s] of [made, spawned, started].entries()) {
    display.emit({ type: "step-start", step: s, at: at * 1000 })
    display.emit({ type: "step-done", step: s, at: at * 1000 + 500, took: 500 })
  }
  display.emit({ type: "verify", converged: true })
  assert.equal(
    lines.map(({ type }) => type as string),
    "planned_change planned_change change_summary apply_start apply_complete apply_start apply_complete change_summary outputs".split(" "),
  )
  for (const line of lines) for (const key of ["@level", "@message", "@timestamp"]) assert.type(line[key], "string")
  const complete = lines[6] as unknown as { hook: { resource: { addr: string }; elapsed_seconds: number } }
  assert.equal([complete.hook.resource.addr, complete.hook.elapsed_seconds], ["container.web", 1.5])
})

test("JSON lines: a failure is an apply_errored, and nothing says that the whole is complete", () => {
  const types: string[] = []
  const display = jsonProgress(
    (text) => types.push(JSON.parse(text).type),
    () => "",
  )
  display.emit({ type: "plan", plan })
  display.emit({ type: "step-start", step: made, at: 0 })
  display.emit({ type: "step-failed", step: made, at: 1, took: 1, diagnostic: noSpace })
  assert.equal(types.slice(3), ["apply_start", "apply_errored"])
  assert.is(JSON.parse(diagnosticLine(noSpace, "")).diagnostic.summary, "mkdir: ENOSPC")
})

test("what a step has failed in the middle of is not left untouched", () => {
  const failed = [{ step: spawned, diagnostic: noSpace }]
  const result = { done: [made], failed, skipped: [{ step: started, because: spawned.id }], interrupted: false }
  assert.match(unfinishedText(plan, result, "apply"), "Half done: container.web (0 of 2)\n  Left:      nothing\n")
})

test("an interrupted apply says what is done and what is left", () => {
  const result = { done: [made, spawned], failed: [], skipped: [{ step: started, because: "interrupted" }], interrupted: true }
  assert.is(
    unfinishedText(plan, result, "apply"),
    `Apply interrupted.
  Done:      bridge.lan
  Half done: container.web (1 of 2)
  Left:      nothing
Run \`stack apply\` again to go on.
`,
  )
})

test("an apply that was interrupted behind its last step has nothing to go on with", () => {
  const text = unfinishedText(plan, { done: [made, spawned, started], failed: [], skipped: [], interrupted: true }, "apply")
  assert.match(text, "  Left:      nothing\nAll its steps were done: only the look whether they hold is left, by `stack apply` again.\n")
})

test("a link in a container that never started is gone with it, and is left, not done", () => {
  const on = (address: string) =>
    ({ kind: "interface", name: "", attributes: {}, range: () => undefined, address, references: [] }) as const
  const eth0 = change("interface.web.eth0", {
    resource: { ...on("interface.web.eth0"), references: [{ address: "container.web", onReplace: "replace" }] },
  })
  const joined = step(eth0, "create", [spawned.id])
  const whole = planOf([bridge, web, eth0], [made, spawned, joined, started])
  const skipped = [{ step: started, because: "interrupted" }]
  const text = unfinishedText(whole, { done: [made, spawned, joined], failed: [], skipped, interrupted: true }, "apply")
  assert.match(text, "Done:      bridge.lan\n")
  assert.match(text, "Left:      interface.web.eth0\n")
})

test("a long list of names is cut, and says by how many", () => {
  const many = Array.from({ length: 100 }, (_, i) => change(`container.c${i}`, {}))
  const steps = many.map((c) => step(c, "spawn"))
  const result = { done: [], failed: [{ step: steps[0] as (typeof steps)[0], diagnostic: noSpace }], skipped: [], interrupted: false }
  const text = unfinishedText(planOf(many, steps), result, "apply")
  assert.match(text, "Apply failed: 1 of 100 steps.")
  assert.match(text, "container.c12 and 87 more\n")
})

test("the last line counts", () => {
  assert.is(completeText(plan, "apply"), "Apply complete! Resources: 2 added, 0 changed, 0 destroyed.\n")
  assert.is(completeText(planOf([change("bridge.a", { action: "delete" })]), "destroy"), "Destroy complete! Resources: 1 destroyed.\n")
})

test("times are short", () => {
  assert.equal([0.2, 12.4, 999.4, 999.5, 61_234].map(formatTime), ["0 ms", "12 ms", "999 ms", "1.0 s", "61.2 s"])
})

test.run()
