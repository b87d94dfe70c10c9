import { test } from "uvu"
import * as assert from "uvu/assert"
import { applyPlan } from "../../../src/apply/apply.ts"
import { readLayout } from "../../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../../src/kernel/cgroup/tree.ts"
import type { Kernel, LaunchRecord } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import type { ApplyResult, Event } from "../../../src/model/event.ts"
import type { Desired, Resource } from "../../../src/model/resource.ts"
import { observe } from "../../../src/observe/observe.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { bridge, container, iface } from "../../kinds/resources.ts"
import type { FakeOptions } from "../../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const STACK: readonly Resource[] = [
  bridge("lan", { address: ["10.0.0.1/24"] }),
  container("web", { depends_on: ["container.db"] }),
  iface("web.eth0", { address: ["10.0.0.2/24"] }),
  container("db"),
]

interface Outcome extends ApplyResult {
  events: Event[]
  /** Actions of a plan made afterwards, by address. */
  next: { [address: string]: string }
}

interface How {
  kernel?: Kernel
  options?: FakeOptions
  onEvent?(event: Event, stop: () => void): void
}

async function run(resources: readonly Resource[], { options, kernel = fakeKernel(options), onEvent }: How = {}): Promise<Outcome> {
  const desired: Desired = { stack: "lab", resources }
  const layout = readLayout(kernel)
  const cgroups = stackGroups(kernel, layout, "lab")
  const snapshot = observe(kernel, desired, cgroups, layout.controllers)
  const events: Event[] = []
  const controller = new AbortController()
  let clock = 0
  const emit = (event: Event) => {
    events.push(event)
    onEvent?.(event, () => controller.abort())
  }
  const { plan } = makePlan(desired, snapshot)
  const result = await applyPlan(
    plan,
    snapshot,
    { kernel, cgroups },
    { parallelism: 2, signal: controller.signal, emit, now: () => clock++ },
  )
  const after = makePlan(desired, observe(kernel, desired, cgroups, layout.controllers)).plan
  return {
    ...result,
    events,
    next: Object.fromEntries(after.changes.filter((c) => c.action !== "no-op").map((c) => [c.address, c.action])),
  }
}

function ids(list: readonly { id: string }[]): string[] {
  return list.map((step) => step.id)
}

test("every step is told once when it begins and once when it ends, at times that do not run backwards", async () => {
  const { events, done, failed, skipped, next } = await run(STACK)
  assert.is(done.length, 8)
  assert.equal([failed, skipped, next], [[], [], {}])
  const times = events.flatMap((e) => ("at" in e ? [e.at] : []))
  assert.equal(
    times,
    [...times].sort((a, b) => a - b),
  )
  for (const step of done) {
    const own = events.filter((e) => "step" in e && e.step.id === step.id).map((e) => e.type)
    assert.equal(own, ["step-start", "step-done"])
  }
})

test("no step begins before those it waits for have ended", async () => {
  const { events } = await run(STACK)
  const ended = new Set<string>()
  for (const event of events) {
    if (event.type === "step-start") for (const id of event.step.after) assert.ok(ended.has(id), `${event.step.id} before ${id}`)
    if (event.type === "step-done") ended.add(event.step.id)
  }
})

test("a failure skips what waits for it and names it; the rest is done", async () => {
  const execError = (record: LaunchRecord) => (record.title.endsWith("container.db") ? "ENOENT" : undefined)
  const { done, failed, skipped, interrupted, next } = await run(STACK, { options: { execError } })
  assert.equal(
    failed.map((f) => f.step.id),
    ["container.db:start"],
  )
  assert.equal(
    skipped.map((s) => [s.step.id, s.because]),
    [["container.web:start", "container.db:start"]],
  )
  assert.ok(ids(done).includes("interface.web.eth0:create"))
  assert.not.ok(interrupted)
  assert.equal(next, { "container.web": "replace", "interface.web.eth0": "create", "container.db": "replace" })
})

test("what was skipped behind a failure several steps long names the failure itself", async () => {
  const refused = new KernelError("clone", "ENOSPC")
  const { failed, skipped } = await run(STACK, {
    options: { onOperation: (_, op) => (op === "bridge-add" ? refused : undefined) },
  })
  assert.ok(failed.some((f) => f.step.id === "bridge.lan:create" && f.diagnostic.errno === "ENOSPC"))
  assert.equal(
    skipped.map((s) => [s.step.id, s.because]),
    [
      ["interface.web.eth0:create", "bridge.lan:create"],
      ["container.web:start", "bridge.lan:create"],
    ],
  )
})

test("a parked container that will not be started is given up, and known as half-made", async () => {
  const kernel = fakeKernel({ onOperation: (_, op) => (op === "veth-add" ? new KernelError("ip link add", "EPERM") : undefined) })
  const { failed, next } = await run(STACK, { kernel })
  assert.equal(
    failed.map((f) => f.step.id),
    ["interface.web.eth0:create"],
  )
  const parked = [...kernel.machine.processes.values()].filter((p) => p.cmdline.includes("container.web"))
  assert.equal(parked, [])
  assert.equal(next["container.web"], "replace")
})

test("interrupted: what runs ends, nothing new begins, and what is left is told", async () => {
  const kernel = fakeKernel()
  const { done, skipped, interrupted, events } = await run(STACK, {
    kernel,
    onEvent: (event, stop) => {
      if (event.type === "step-done" && event.step.op === "spawn") stop()
    },
  })
  assert.ok(interrupted)
  assert.is(done.length + skipped.length, 8)
  assert.ok(skipped.every((s) => s.because === "interrupted"))
  assert.ok(ids(skipped.map((s) => s.step)).includes("container.web:start"))
  assert.is(events.filter((e) => e.type === "interrupted").length, 1)
  const again = await run(STACK, { kernel })
  assert.equal(again.next, {})
})

test("interrupted after the last step has begun: all is done, nothing was interrupted", async () => {
  const { done, skipped, interrupted } = await run(STACK, {
    onEvent: (event, stop) => {
      if (event.type === "step-start" && event.step.id === "container.web:start") stop()
    },
  })
  assert.is(done.length, 8)
  assert.equal(skipped, [])
  assert.not.ok(interrupted)
})

test("a bug in one driver fails its step only", async () => {
  const { done, failed, skipped } = await run(STACK, {
    options: {
      onOperation: (_, op) => {
        if (op === "bridge-add") throw new TypeError("x is not a function")
        return undefined
      },
    },
  })
  assert.equal(
    failed.map((f) => [f.step.id, f.diagnostic.code]),
    [["bridge.lan:create", "internal-error"]],
  )
  assert.match(failed[0]?.diagnostic.detail ?? "", "x is not a function")
  assert.ok(ids(done).includes("container.db:start"))
  assert.equal(ids(skipped.map((s) => s.step)), ["interface.web.eth0:create", "container.web:start"])
})

test("an image's missing user is the step's diagnostic", async () => {
  const { failed } = await run([container("web", { user: "nosuch" })])
  assert.equal(
    failed.map((f) => [f.step.id, f.diagnostic.code, f.diagnostic.address]),
    [["container.web:cgroup", "unknown-user", "container.web"]],
  )
})

test.run()
