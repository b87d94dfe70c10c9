import { Writable } from "node:stream"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { error } from "../../../src/base/diagnostic.ts"
import type { Change } from "../../../src/model/change.ts"
import type { Event } from "../../../src/model/event.ts"
import { liveProgress } from "../../../src/render/progress-live.ts"
import { change, planOf, step } from "./sample.ts"

/** Shows events as on a terminal; what stands there in the end, without colours and cursor movements, and all that was ever written. */
async function shown(changes: readonly Change[], events: (emit: (event: Event) => void) => void): Promise<{ end: string; bytes: number }> {
  let written = ""
  const terminal = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk)
      done()
    },
  })
  const display = liveProgress(Object.assign(terminal, { isTTY: true, columns: 80, rows: 24 }) as unknown as NodeJS.WriteStream)
  const steps = changes.map((of) => step(of, "create"))
  display.emit({ type: "plan", plan: planOf(changes, steps) })
  events((event) => display.emit(event))
  await display.end()
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g")
  // What is drawn last comes behind the last time that the lines before were wiped away.
  const end = written.slice(written.lastIndexOf("\u001b[G") + 1).replaceAll(escapes, "")
  return { end, bytes: written.length }
}

function finish(of: Change, emit: (event: Event) => void): void {
  const made = step(of, "create")
  emit({ type: "step-start", step: made, at: 0 })
  emit({ type: "step-done", step: made, at: 5, took: 5 })
}

test("few resources have a line each", async () => {
  const few = [change("bridge.lan", {}), change("container.web", {})]
  const { end } = await shown(few, (emit) => {
    for (const of of few) finish(of, emit)
  })
  assert.is(end.split("bridge.lan (5 ms)").length, 2, end)
  assert.is(end.split("container.web (5 ms)").length, 2, end)
})

test("many resources have a line for each kind, and do not flood the terminal", async () => {
  const many = Array.from({ length: 500 }, (_, i) => change(`container.c${i}`, {}))
  const { end, bytes } = await shown(many, (emit) => {
    for (const of of many) finish(of, emit)
  })
  assert.match(end, "create 500 containers (5 ms)")
  assert.ok(bytes < 4000, `${bytes} bytes`)
})

test("what has failed, and what was left, shows as not done", async () => {
  const [bad, left] = [change("container.bad", {}), change("container.left", {})]
  const { end } = await shown([bad, left], (emit) => {
    const failed = step(bad, "create")
    emit({ type: "step-start", step: failed, at: 0 })
    emit({ type: "step-failed", step: failed, at: 1, took: 1, diagnostic: error("x", "run /no: ENOENT") })
    emit({ type: "step-skipped", step: step(left, "create"), because: failed.id })
  })
  assert.match(end, "container.bad: 0 of 1 steps, 1 failed")
  assert.match(end, /container\.left$/m)
  assert.not.match(end, /container\.left \(/)
})

test("bytes that are fetched or unpacked have a bar", async () => {
  const image = change("image.tar:/root.tar", {})
  const { end } = await shown([image], (emit) => {
    const unpack = step(image, "create")
    emit({ type: "step-start", step: unpack, at: 0 })
    emit({ type: "step-progress", step: unpack, at: 1, done: 13 << 20, total: 40 << 20 })
  })
  assert.match(end, "image.tar:/root.tar: ██████▌░░░░░░░░░░░░░ 13.0M of 40.0M")
})

test.run()
