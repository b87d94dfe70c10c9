/** Which address was meant where the plan has none that is called so. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { makePlan } from "../../../src/plan/plan.ts"
import { EVERYTHING, selectChanges } from "../../../src/plan/select.ts"
import { HOST, readCase } from "../../kinds/read-case.ts"
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

const LYING = readCase(new URL("../../kinds/interface/cases/on-own-link", import.meta.url).pathname)

function selected(kind: "target" | "exclude", ...addresses: string[]): string[] {
  const whole = makePlan(LYING.desired, LYING.snapshot).plan
  const { changes } = selectChanges(whole, { ...EVERYTHING, [kind]: addresses })
  return changes.filter(({ action }) => action !== "no-op").map(({ address }) => address)
}

test("what lies on a link that is made anew is selected with it, and what it loses its routes by", () => {
  const with20 = selected("target", "interface.web.eth2")
  for (const address of ["interface.web.eth2", "interface.web.eth2.20", "interface.web.inner", "container.web"])
    assert.ok(with20.includes(address), address)
  assert.equal(selected("target", "interface.web.eth3"), ["interface.web.eth3", "interface.web.eth3.30"])
  assert.equal(selected("target", "interface.web.eth1"), ["interface.web.eth1", "interface.web.eth1.13"])
  assert.equal(selected("target", "interface.web.other"), ["veth.core", "interface.web.up0.40", "interface.web.other"])
})

test("without what lies on a link nothing becomes of that", () => {
  const without = selected("exclude", "interface.web.inner")
  for (const address of ["interface.web.eth2", "interface.web.eth2.20", "interface.web.inner", "container.web"])
    assert.not.ok(without.includes(address), address)
  assert.ok(without.includes("interface.web.eth3"))
})

test.run()
