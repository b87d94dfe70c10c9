import { test } from "uvu"
import * as assert from "uvu/assert"
import { applyPlan } from "../../../src/apply/apply.ts"
import { readLayout } from "../../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../../src/kernel/cgroup/tree.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import { observe } from "../../../src/observe/observe.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { container } from "../../kinds/resources.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const STATE = "/run/stack/lab/job/state"
const SIGKILL = 9

// It was read before it was asked whether it is there: then the command was taken for one of which nobody knows how it has ended.
test("what a monitor writes while containers are read is waited for", async () => {
  const { kernel, read } = await endedJob()

  // As long as nobody has asked for it but beside: the monitor is not so far.
  let isWritten = false
  const late = (paths: readonly string[]) => kernel.readMany(paths).map((text, i) => (paths[i] === STATE && !isWritten ? null : text))
  const slow: Kernel = {
    ...kernel,
    readMany: late,
    readBeside: (paths) => {
      const texts = late(paths)
      isWritten ||= paths.includes(STATE)
      return () => texts
    },
  }
  assert.is(read(slow).resources.get("container.job")?.attributes.state, read(kernel).resources.get("container.job")?.attributes.state)
  assert.is.not(read(kernel).resources.get("container.job")?.attributes.state, "exited (unknown)")
})

test("a monitor that gets no time is waited for, for longer than a command that ends over and over", async () => {
  const { kernel, read } = await endedJob()
  let asked = 0
  const starved = (paths: readonly string[]) => kernel.readMany(paths).map((text, i) => (paths[i] === STATE && ++asked < 40 ? null : text))
  const slow: Kernel = { ...kernel, readMany: starved, readBeside: (paths) => () => starved(paths) }
  assert.is(read(slow).resources.get("container.job")?.attributes.state, "killed (SIGKILL)")
})

/** A container whose command was killed, and what reads it. */
async function endedJob(): Promise<{ kernel: Kernel; read: (from: Kernel) => ReturnType<typeof observe> }> {
  const kernel = fakeKernel()
  const layout = readLayout(kernel)
  const cgroups = stackGroups(kernel, layout, "lab")
  const desired = { stack: "lab", resources: [container("job")] }
  const read = (from: Kernel) => observe(from, desired, stackGroups(from, layout, "lab"), layout.controllers)
  const before = read(kernel)
  const { plan } = makePlan(desired, before)
  const options = { parallelism: 1, signal: new AbortController().signal, emit: () => undefined, now: () => 0 }
  assert.equal((await applyPlan(plan, before, { kernel, cgroups }, options)).failed, [])
  const init = read(kernel).resources.get("container.job")?.live.init as unknown as { pid: number; startTime: string }
  kernel.signal(init, SIGKILL)
  assert.is.not(kernel.read(STATE), null)
  return { kernel, read }
}

test.run()
