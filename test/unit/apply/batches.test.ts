import { test } from "uvu"
import * as assert from "uvu/assert"
import { nextBatches } from "../../../src/apply/batches.ts"
import { shuffler } from "../../../src/apply/shuffle.ts"
import type { Change } from "../../../src/model/change.ts"
import type { KindName } from "../../../src/model/resource.ts"
import type { Step } from "../../../src/model/step.ts"

function step(kind: KindName, name: string, op: string): Step {
  const address = `${kind}.${name}`
  return { id: `${address}:${op}`, op, address, cause: "", after: [], change: { kind } as Change }
}

function texts(batches: Step[][]): string[] {
  return batches.map((batch) => batch.map((s) => s.id).join(" "))
}

test("all links of one op go together, however many", () => {
  const links = Array.from({ length: 100 }, (_, i) => step("interface", `c${i}.eth0`, "create"))
  const bridges = [step("bridge", "lan", "create")]
  const batches = nextBatches([...links.slice(0, 50), ...bridges, ...links.slice(50)], new Set(), 2)
  assert.equal(
    batches.map((b) => b.length),
    [100, 1],
  )
})

test("of processes no more than the running ones leave room for", () => {
  const spawns = ["a", "b", "c", "d"].map((name) => step("container", name, "spawn"))
  assert.equal(texts(nextBatches(spawns, new Set(), 3)), ["container.a:spawn container.b:spawn container.c:spawn"])
  assert.equal(texts(nextBatches(spawns, new Set([step("container", "x", "spawn"), step("container", "y", "start")]), 3)), [
    "container.a:spawn",
  ])
  assert.equal(texts(nextBatches(spawns, new Set([step("container", "x", "spawn")]), 1)), [])
  assert.equal(texts(nextBatches(spawns, new Set([step("interface", "x.eth0", "create")]), 1)), ["container.a:spawn"])
})

test("all that one runner runs goes together, and links and signals, which the kernel takes long for, go before anything else", () => {
  const ready = [step("container", "a", "stop"), step("bridge", "lan", "delete"), step("interface", "a.eth0", "delete")]
  const runnerOf = (s: Step) => (s.op === "delete" ? "links" : s.op)
  assert.equal(texts(nextBatches(ready, new Set(), 1, runnerOf)), ["bridge.lan:delete interface.a.eth0:delete", "container.a:stop"])
})

test("to stop is to wait: any number at once", () => {
  const stops = ["a", "b", "c"].map((name) => step("container", name, "stop"))
  assert.is(nextBatches(stops, new Set([step("container", "x", "spawn")]), 1)[0]?.length, 3)
})

test("what has been spawned is started before another is spawned", () => {
  const ready = [step("container", "a", "spawn"), step("container", "b", "start")]
  assert.equal(texts(nextBatches(ready, new Set(), 1)), ["container.b:start"])
})

test("steps of processes do not hold back the others", () => {
  const ready = [step("container", "a", "spawn"), step("bridge", "lan", "create"), step("container", "b", "cgroup")]
  assert.equal(texts(nextBatches(ready, new Set([step("container", "x", "spawn")]), 1)), ["bridge.lan:create", "container.b:cgroup"])
})

test("a seed gives one order, another seed another", () => {
  const list = Array.from({ length: 50 }, (_, i) => i)
  assert.equal(shuffler(7)(list), shuffler(7)(list))
  assert.not.equal(shuffler(7)(list), shuffler(8)(list))
  assert.equal(
    [...shuffler(0)(list)].sort((a, b) => a - b),
    list,
  )
})

test.run()
