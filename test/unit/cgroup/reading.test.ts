/** What is read of groups, on hosts of each layout. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { container } from "../../kinds/resources.ts"
import { apply, mustConverge, plan } from "../../property/life.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const LIMITS = { pids: 64, cpuset: "0", cpu_weight: 50, cpus: 0.5, memory: 67_108_864 }

for (const layout of ["v1", "v2", "hybrid"] as const) {
  test(`${layout}: limits are told in one order on every host`, async () => {
    const kernel = fakeKernel({ layout })
    const desired = { stack: "lab", resources: [container("web", { limits: LIMITS })] }
    mustConverge(await apply(kernel, desired))
    const [change] = plan(kernel.restart(), desired).plan.changes
    assert.equal(Object.keys(change?.before?.limits ?? {}), ["memory", "cpus", "cpu_weight", "cpuset", "pids"])
  })
}

test.run()
