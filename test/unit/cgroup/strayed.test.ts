/** A process moved out of its group by hand: the limits it escaped show as not there, and it is brought back. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Desired } from "../../../src/model/resource.ts"
import { cgroup, container } from "../../kinds/resources.ts"
import { apply, mustConverge, plan } from "../../property/life.ts"
import type { FakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import type { Layout } from "../../support/fake-kernel/machine.ts"

const LIMITS = { memory: 67_108_864, pids: 64 }
const ALONE: Desired = { stack: "lab", resources: [container("web", { limits: LIMITS })] }
const SHARED: Desired = {
  stack: "lab",
  resources: [cgroup("tier", { limits: { pids: 500 } }), container("web", { limits: LIMITS, cgroup: "tier" })],
}

function initOf(kernel: FakeKernel): number {
  return [...kernel.machine.processes.values()].find((p) => p.cmdline.startsWith("sleep"))?.pid ?? 0
}

async function escaped(layout: Layout, desired: Desired, files: readonly string[]): Promise<{ fields: string[]; repaired: FakeKernel }> {
  const kernel = fakeKernel({ layout })
  mustConverge(await apply(kernel, desired))
  const pid = initOf(kernel)
  const before = kernel.read(`/proc/${pid}/cgroup`)
  for (const file of files) kernel.write(file, `${pid}`)
  const again = kernel.restart()
  const { changes } = plan(again, desired).plan
  const changed = changes.filter((c) => c.action !== "no-op")
  assert.ok(changed.every((c) => c.action === "update" && c.drift))
  mustConverge(await apply(again, desired))
  assert.is(initOf(again), pid)
  assert.is(again.read(`/proc/${pid}/cgroup`), before)
  return { fields: changed.flatMap((c) => c.fields.map((f) => `${c.address} ${f.path}: ${f.before} -> ${f.after}`)), repaired: again }
}

for (const [what, desired] of [
  ["alone", ALONE],
  ["in a shared group", SHARED],
] as const) {
  test(`out of one v1 hierarchy: its limits are not in force (${what})`, async () => {
    const { fields } = await escaped("hybrid", desired, ["/sys/fs/cgroup/memory/tasks"])
    assert.equal(fields, ["container.web limits.memory: undefined -> 67108864"])
  })
}

test("out of several", async () => {
  const { fields } = await escaped("hybrid", ALONE, ["/sys/fs/cgroup/memory/tasks", "/sys/fs/cgroup/pids/cgroup.procs"])
  assert.is(fields.length, 2)
})

test("out of cgroup2, which holds all of them", async () => {
  const { fields } = await escaped("v2", ALONE, ["/sys/fs/cgroup/cgroup.procs"])
  assert.is(fields.length, 2)
})

test("a hierarchy that holds none of its limits is not asked", async () => {
  const kernel = fakeKernel({ layout: "hybrid" })
  mustConverge(await apply(kernel, ALONE))
  kernel.write("/sys/fs/cgroup/cpuset/tasks", `${initOf(kernel)}`)
  assert.not.ok(plan(kernel, ALONE).plan.hasChanges)
})

test.run()
