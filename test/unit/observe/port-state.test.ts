/** A port on its way to forward is not taken for one that somebody has shut. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Link } from "../../../src/kernel/kernel.ts"
import { observedState } from "../../../src/kinds/interface/port.ts"
import type { Scope } from "../../../src/model/driver.ts"

const LAN = { index: 2, up: true, bridge: { stp: false } } as unknown as Link
const port = (port_state?: Link["port_state"]) => ({ index: 3, up: true, state: "up", master: 2, port_state }) as unknown as Link

/** `then`: the port at the second look. */
function scopeOf(then: Link): { scope: Scope; looks: () => number } {
  let looks = 0
  const dump = () => {
    looks++
    return { links: [LAN, then], addresses: [], routes: [] }
  }
  return { scope: { kernel: { dump }, linkByIndex: () => LAN } as unknown as Scope, looks: () => looks }
}

test("a timer of which less than a hundredth of a second is left is told as none: the port is looked at once more", () => {
  const gone = scopeOf(port())
  assert.equal(observedState(gone.scope, port("listening")), {})
  assert.equal(observedState(gone.scope, port("listening")), {})
  assert.is(gone.looks(), 1)
})

test("a port that is still there, with no timer, was left there by somebody", () => {
  const { scope } = scopeOf(port("learning"))
  assert.equal(observedState(scope, port("learning")), { state: "learning" })
})

test("one that is shut is told at once", () => {
  const { scope, looks } = scopeOf(port("disabled"))
  assert.equal(observedState(scope, port("disabled")), { state: "disabled" })
  assert.is(looks(), 0)
})

test.run()
