/** Which address was meant where the plan has none that is called so. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { EVERYTHING, selectChanges } from "../../../src/plan/select.ts"
import { HOST } from "../../kinds/read-case.ts"
import { bridge, container } from "../../kinds/resources.ts"

const RESOURCES = [bridge("lan", {}), container("side", {}), container("web[0]", {}), container("web[1]", {})]
const { plan } = makePlan({ stack: "lab", resources: RESOURCES }, { resources: new Map(), foreign: [], host: HOST })

for (const [written, hint] of [
  ["container.sied", "did you mean container.side?"],
  ["container.web", "did you mean container.web[0]?"],
  ["side", "did you mean container.side?"],
  ["lan", "did you mean bridge.lan?"],
  ["contaner.side", "did you mean container.side?"],
  ["container.nope", "`stack plan` shows the addresses"],
  ["entirely-else", "`stack plan` shows the addresses"],
] as const) {
  test(written, () => {
    try {
      selectChanges(plan, { ...EVERYTHING, target: [written] })
    } catch (failure) {
      assert.instance(failure, DiagnosticError)
      return assert.is((failure as DiagnosticError).diagnostics[0]?.hint, hint)
    }
    assert.unreachable("it was taken for an address")
  })
}

test.run()
