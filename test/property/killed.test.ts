/** Whatever happens after any single change of the kernel: the next apply converges, and the next destroy leaves nothing. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { KernelError } from "../../src/kernel/kernel.ts"
import type { Desired } from "../../src/model/resource.ts"
import type { FakeKernel, Fault } from "../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { anyStack } from "./arbitrary.ts"
import { apply, destroy, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 25)
const NOTHING: Desired = { stack: "lab", resources: [] }

/** Applies `b` on a kernel that holds `a`, with a fault at one of its changes; returns the next run on that kernel. */
async function disturbed(a: Desired, b: Desired, where: number, fault: Fault): Promise<{ kernel: FakeKernel; before: string }> {
  const first = fakeKernel({ layout: "hybrid" })
  const before = first.describe()
  mustConverge(await apply(first, a))
  const trial = first.restart()
  const total = await countOperations(a, b)
  const at = 1 + Math.floor(where * total)
  const second = trial.restart((n) => (n === at ? fault : undefined))
  await apply(second, b).catch(() => undefined)
  return { kernel: second.restart(), before }
}

async function countOperations(a: Desired, b: Desired): Promise<number> {
  const kernel = fakeKernel({ layout: "hybrid" })
  await apply(kernel, a)
  const second = kernel.restart()
  await apply(second, b)
  return second.counts.operations.length
}

const somewhere = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const kills = fc.constantFrom<Fault>("kill-before", "kill-after")

for (const [name, from, to] of [
  ["creating", fc.constant(NOTHING), anyStack],
  ["changing", anyStack, anyStack],
  ["destroying", anyStack, fc.constant(NOTHING)],
] as const) {
  test(`killed while ${name}: the next apply converges, destroy leaves nothing`, async () => {
    await holds(
      fc.asyncProperty(from, to, somewhere, kills, async (a, b, where, fault) => {
        const { kernel, before } = await disturbed(a, b, where, fault)
        mustConverge(await apply(kernel, b))
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), before)
      }),
      RUNS,
    )
  })

  test(`killed while ${name}: nothing it did is told as another's`, async () => {
    await holds(
      fc.asyncProperty(from, to, somewhere, kills, async (a, b, where, fault) => {
        const { kernel } = await disturbed(a, b, where, fault)
        const told = [a, b].flatMap((desired) => plan(kernel, desired).plan.changes.filter((change) => change.drift))
        assert.equal(
          told.map(({ address, cause }) => `${address}: ${cause}`),
          [],
        )
      }),
      RUNS,
    )
  })

  test(`killed while ${name}: destroy alone leaves nothing`, async () => {
    await holds(
      fc.asyncProperty(from, to, somewhere, kills, async (a, b, where, fault) => {
        const { kernel, before } = await disturbed(a, b, where, fault)
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), before)
      }),
      RUNS,
    )
  })

  test(`refused once while ${name}: nothing waits for ever, the next apply converges`, async () => {
    await holds(
      fc.asyncProperty(from, to, somewhere, async (a, b, where) => {
        const { kernel, before } = await disturbed(a, b, where, new KernelError("a change", "ENOSPC"))
        mustConverge(await apply(kernel, b))
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), before)
      }),
      RUNS,
    )
  })
}

test.run()
