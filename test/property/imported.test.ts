/** What is written of any live stack is that stack: a plan of it finds nothing to do. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Desired } from "../../src/model/resource.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { leave, run } from "../unit/cli/process.ts"
import { loadText } from "../unit/stackfile/load.ts"
import { anyStack } from "./arbitrary.ts"
import { apply, holds, mustConverge } from "./life.ts"
import { spellStack } from "./spell-stack.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 40)
const layouts = fc.constantFrom("v1" as const, "hybrid" as const, "v2" as const)

/** As a stack file says it: lists without order are sorted then. Undefined of one that no file may ask for. */
function asLoaded(any: Desired): Desired | undefined {
  return any.resources.length === 0 ? undefined : loadText(spellStack(any, 1)).desired
}

test("applied and imported, a plan is empty; with the record of the last apply, and without it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stack-imported-"))
  await holds(
    fc.asyncProperty(anyStack, layouts, fc.boolean(), async (any, layout, forgets) => {
      const desired = asLoaded(any)
      fc.pre(desired !== undefined)
      const kernel = fakeKernel({ layout })
      mustConverge(await apply(kernel, desired as Desired))
      if (forgets) kernel.removeTree("/run/stack/lab/.applied")
      const shell = { folder, environment: {}, kernel: kernel.restart() }
      const before = shell.kernel.describe()
      const written = await run(shell, "import", "--live", "-p", "lab")
      assert.is(written.err, "")
      writeFileSync(join(folder, "stack.yaml"), written.out)
      const planned = await run(shell, "plan", "--detailed-exitcode")
      assert.is(planned.code, 0, `${planned.err}${planned.out}\n${written.out}`)
      assert.fixture(shell.kernel.describe(), before)
      assert.is((await run(shell, "import", "--live")).out, written.out)
    }),
    RUNS,
  )
  leave({ folder, environment: {} })
})

test.run()
