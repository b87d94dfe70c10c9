import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Desired, Observed, Resource, Snapshot } from "../../../src/model/resource.ts"
import { fingerprint } from "../../../src/plan/digest.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { HOST } from "../../kinds/read-case.ts"
import { bridge, container, iface, observed } from "../../kinds/resources.ts"

function snapshot(...found: Observed[]): Snapshot {
  return { resources: new Map(found.map((o) => [o.address, o])), foreign: [], host: HOST }
}

function lab(count: number): Desired {
  const pairs = Array.from({ length: count }, (_, i) => [
    container(`c${i}`, { uid_map: { auto: 65_536 }, gid_map: { auto: 65_536 } }),
    iface(`c${i}.eth0`, { address: ["auto"] }),
  ])
  return { stack: "lab", resources: [bridge("lan", { address: ["10.0.0.1/20"] }), ...pairs.flat()] }
}

function applied(resources: readonly Resource[]): Snapshot {
  return snapshot(...resources.map((r) => observed(r)))
}

test("nothing to change when the kernel holds what was settled", () => {
  const { plan } = makePlan(lab(20), snapshot())
  assert.ok(plan.hasChanges)
  const again = makePlan(lab(20), applied(plan.desired.resources))
  assert.not.ok(again.plan.hasChanges)
  assert.equal(again.plan.steps, [])
  assert.equal(again.diagnostics, [])
})

test("the steps respect their edges, and edges name steps of the plan only", () => {
  const { plan } = makePlan(lab(20), snapshot())
  const seen = new Set<string>()
  for (const step of plan.steps) {
    for (const id of step.after) assert.ok(seen.has(id), `${step.id} stands before ${id}`)
    assert.not.ok(seen.has(step.id))
    seen.add(step.id)
  }
})

test("a part keeps what it has when the stack grows around it", () => {
  const { plan } = makePlan(lab(20), snapshot())
  const grown = makePlan(lab(30), applied(plan.desired.resources)).plan
  assert.equal(grown.summary, { add: 20, change: 0, destroy: 0 })
})

test("a thousand containers: new, unchanged and gone", () => {
  const { plan } = makePlan(lab(1000), snapshot())
  const live = applied(plan.desired.resources)
  const count = plan.desired.resources.length
  assert.equal(plan.summary, { add: count, change: 0, destroy: 0 })
  assert.not.ok(makePlan(lab(1000), live).plan.hasChanges)
  assert.equal(makePlan({ stack: "lab", resources: [] }, live).plan.summary, { add: 0, change: 0, destroy: count })
})

test("the fingerprint: the same for a permuted file, another for another object of the same name", () => {
  const desired: Desired = { stack: "lab", resources: [bridge("a", { mtu: 9000 }), bridge("b")] }
  const permuted: Desired = { stack: "lab", resources: [...desired.resources].reverse() }
  const [a, b] = [bridge("a"), bridge("b")]
  const print = (d: Desired, ifindex: number, state = "up") =>
    fingerprint(makePlan(d, snapshot(observed(a, {}, { live: { ifindex, state } }), observed(b))).plan)
  assert.is(print(desired, 7), print(permuted, 7))
  assert.is(print(desired, 7), print(desired, 7, "down"))
  assert.is.not(print(desired, 7), print(desired, 8))
  assert.is.not(print(desired, 7), print({ stack: "lab", resources: [bridge("a", { mtu: 9001 }), bridge("b")] }, 7))
})

test("the fingerprint tells a restarted container and a recreated pair", () => {
  const web = container("web")
  const print = (live: Observed["live"]) =>
    fingerprint(makePlan({ stack: "lab", resources: [web] }, snapshot(observed(web, {}, { live }))).plan)
  const monitor = { pid: 5, startTime: "10" }
  assert.is.not(print({ monitor, init: { pid: 6, startTime: "11" } }), print({ monitor, init: { pid: 6, startTime: "99" } }))
  assert.is.not(
    print({ ends: [{ container: "host", ifindex: 3, state: "up" }] }),
    print({ ends: [{ container: "host", ifindex: 4, state: "up" }] }),
  )
  assert.is(
    print({ ends: [{ container: "host", ifindex: 3, state: "up" }] }),
    print({ ends: [{ container: "host", ifindex: 3, state: "down" }] }),
  )
})

test.run()
