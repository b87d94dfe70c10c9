import { test } from "uvu"
import * as assert from "uvu/assert"
import { GraphWalk } from "../../../src/apply/graph-walk.ts"
import type { Change } from "../../../src/model/change.ts"
import type { Step } from "../../../src/model/step.ts"

function step(id: string, ...after: string[]): Step {
  return { id, op: "create", address: id, cause: "", after, change: {} as Change }
}

function ids(steps: readonly Step[]): string[] {
  return steps.map((s) => s.id)
}

const a = step("a")
const b = step("b", "a")
const c = step("c", "a")
const d = step("d", "b", "c")
const e = step("e")

test("a step is ready when all it waits for have succeeded", () => {
  const walk = new GraphWalk([a, b, c, d, e])
  assert.equal(ids(walk.ready), ["a", "e"])
  walk.take([a])
  assert.equal(ids(walk.ready), ["e"])
  walk.succeeded(a)
  assert.equal(ids(walk.ready), ["e", "b", "c"])
  walk.take([b, c])
  walk.succeeded(c)
  assert.equal(ids(walk.ready), ["e"])
  walk.succeeded(b)
  assert.equal(ids(walk.ready), ["e", "d"])
  assert.equal(ids(walk.rest()), ["d", "e"])
})

test("a failure loses all that waits for it, once, and nothing else", () => {
  const walk = new GraphWalk([a, b, c, d, e])
  walk.take([a])
  assert.equal(ids(walk.failed(a)), ["b", "c", "d"])
  assert.equal(ids(walk.ready), ["e"])
  assert.equal(ids(walk.rest()), ["e"])
})

test("what was lost with one is not lost again with another, nor ever ready", () => {
  const walk = new GraphWalk([a, b, c, d])
  walk.take([a])
  walk.succeeded(a)
  walk.take([b, c])
  assert.equal(ids(walk.failed(b)), ["d"])
  assert.equal(ids(walk.failed(c)), [])
  assert.equal(ids(walk.ready), [])
  assert.equal(ids(walk.rest()), [])
})

test.run()
