/** What must hold of any stacks, on a kernel in memory. A failure prints its seed and the smallest example. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { anyStack } from "./arbitrary.ts"
import { apply, destroy, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 40)
const layouts = fc.constantFrom("v1" as const, "hybrid" as const, "v2" as const)

test("applied, a plan is empty; and so is it for the same file in another order", async () => {
  await holds(
    fc.asyncProperty(anyStack, layouts, async (desired, layout) => {
      const kernel = fakeKernel({ layout })
      mustConverge(await apply(kernel, desired))
      const again = plan(kernel.restart(), desired)
      assert.not.ok(again.plan.hasChanges)
      const permuted = plan(kernel.restart(), { ...desired, resources: [...desired.resources].reverse() })
      assert.not.ok(permuted.plan.hasChanges)
    }),
    RUNS,
  )
})

test("from any stack to any other; destroyed, the kernel is as before", async () => {
  await holds(
    fc.asyncProperty(anyStack, anyStack, layouts, async (a, b, layout) => {
      const kernel = fakeKernel({ layout })
      const before = kernel.describe()
      mustConverge(await apply(kernel, a))
      const second = kernel.restart()
      mustConverge(await apply(second, b))
      const third = second.restart()
      assert.not.ok(plan(third, b).plan.hasChanges)
      mustConverge(await destroy(third, "lab"))
      assert.fixture(third.restart().describe(), before)
    }),
    RUNS,
  )
})

test("the order of ready steps never matters", async () => {
  await holds(
    fc.asyncProperty(anyStack, anyStack, fc.integer({ min: 1, max: 1e6 }), async (a, b, shuffle) => {
      const kernel = fakeKernel()
      const before = kernel.describe()
      mustConverge(await apply(kernel, a, { shuffle, parallelism: 1 }))
      mustConverge(await apply(kernel, b, { shuffle, parallelism: 2 }))
      mustConverge(await destroy(kernel, "lab", { shuffle }))
      assert.fixture(kernel.describe(), before)
    }),
    RUNS,
  )
})

test("whatever is replaced because somebody asks for it, all is as before", async () => {
  await holds(
    fc.asyncProperty(anyStack, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), layouts, async (desired, picks, layout) => {
      const kernel = fakeKernel({ layout })
      mustConverge(await apply(kernel, desired))
      const addresses = desired.resources.map(({ address }) => address)
      if (addresses.length === 0) return
      const replace = picks.map((pick) => addresses[pick % addresses.length] as (typeof addresses)[number])
      mustConverge(await apply(kernel, desired, { replace }))
      assert.not.ok(plan(kernel.restart(), desired).plan.hasChanges)
    }),
    RUNS,
  )
})

test("planning changes nothing", async () => {
  await holds(
    fc.asyncProperty(anyStack, anyStack, async (a, b) => {
      const kernel = fakeKernel()
      await apply(kernel, a)
      const reader = kernel.restart()
      const before = reader.describe()
      plan(reader, b)
      assert.equal(reader.counts.operations, [])
      assert.fixture(reader.describe(), before)
    }),
    RUNS,
  )
})

test.run()
