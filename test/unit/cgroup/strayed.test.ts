/** A process moved out of its group by hand: the limits it escaped show as not there, and it is brought back. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Desired } from "../../../src/model/resource.ts"
import { cgroup, container } from "../../kinds/resources.ts"
import { apply, destroy, mustConverge, plan } from "../../property/life.ts"
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
  assert.is(fields[0], "container.web cgroup: / -> ")
  assert.is(fields.length, 3)
})

for (const layout of ["v1", "hybrid", "v2"] as const) {
  test(`into another container's group: it is made anew in its own, and who was there stays (${layout})`, async () => {
    const desired: Desired = { stack: "lab", resources: [...SHARED.resources, container("db", { limits: LIMITS })] }
    const { kernel, other } = await mixedUp(layout, desired)
    mustConverge(await apply(kernel, desired))
    assert.ok(kernel.machine.processes.has(other), "the other container's process lives")
    mustConverge(await destroy(kernel, "lab"))
  })

  test(`into another container's group, then out of the file: only it goes (${layout})`, async () => {
    const desired: Desired = { stack: "lab", resources: [...SHARED.resources, container("db", { limits: LIMITS })] }
    const { kernel, other } = await mixedUp(layout, desired)
    mustConverge(await apply(kernel, { stack: "lab", resources: [container("db", { limits: LIMITS })] }))
    assert.ok(kernel.machine.processes.has(other), "the other container's process lives")
    mustConverge(await destroy(kernel, "lab"))
  })
}

/** The process of `web` has been moved to the group of `db`, in the hierarchy that holds all. */
async function mixedUp(layout: Layout, desired: Desired): Promise<{ kernel: FakeKernel; other: number }> {
  const kernel = fakeKernel({ layout })
  mustConverge(await apply(kernel, desired))
  const groups = { v1: "/sys/fs/cgroup/pids", hybrid: "/sys/fs/cgroup/unified", v2: "/sys/fs/cgroup" }
  const other = processOf(kernel, "db")
  kernel.write(`${groups[layout]}/stack/lab/db/cgroup.procs`, `${processOf(kernel, "web")}`)
  return { kernel: kernel.restart(), other }
}

/** The first process of a container: its monitor's child. */
function processOf(kernel: FakeKernel, name: string): number {
  const monitor = [...kernel.machine.processes.values()].find((p) => p.record?.title.endsWith(`container.${name}`))
  return Number(kernel.read(`/proc/${monitor?.pid}/task/${monitor?.pid}/children`)?.trim())
}

test("a hierarchy that holds none of its limits is not asked", async () => {
  const kernel = fakeKernel({ layout: "hybrid" })
  mustConverge(await apply(kernel, ALONE))
  kernel.write("/sys/fs/cgroup/cpuset/tasks", `${initOf(kernel)}`)
  assert.not.ok(plan(kernel, ALONE).plan.hasChanges)
})

test.run()
