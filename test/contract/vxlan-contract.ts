import * as assert from "uvu/assert"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { remove } from "./links-contract.ts"
import type { Contract } from "./subject.ts"
import { answers, linkIn, must, recordOf } from "./subject.ts"
import { PAIR } from "./tagged-contract.ts"

/** What drivers count on of vxlans in a container. */
export const vxlanContract: Contract = {
  "a vxlan's packets leave by links of the namespace in which it is made; its mtu leaves room for their headers": async (subject) => {
    const { kernel } = subject
    const monitor = await kernel.spawn(recordOf(subject))
    const { net } = kernel.heldNamespaces(monitor)
    const vxlan = (name: string, id: number, more: { parent?: string; mtu?: number } = {}): NetRequest => {
      return { op: "link-add", name, ns: net, kind: "vxlan", options: { id, port: 4789 }, group: 0, ...more }
    }
    // A number is one's own by whose links the packets leave.
    must(kernel, [PAIR, vxlan("vx0", 7), vxlan("vx1", 8, { parent: "va", mtu: 1500 })])
    must(kernel, [PAIR, vxlan("vx2", 7), vxlan("vx3", 8, { parent: "va" })], net)
    const read = (name: string) => {
      const { parent, parentBeside, mtu } = linkIn(kernel.dump(net), name)
      return [parent, parentBeside, mtu]
    }
    const [here, there] = [linkIn(kernel.dump("host"), "va").index, linkIn(kernel.dump(net), "va").index]
    assert.equal(
      [read("vx0"), read("vx1")],
      [
        [undefined, undefined, 1500],
        [here, undefined, 1450],
      ],
    )
    assert.equal(
      [read("vx2"), read("vx3")],
      [
        [undefined, true, 1500],
        [there, true, 1450],
      ],
    )
    assert.equal(answers(kernel, [{ op: "link-set", link: "vx3", mtu: 1451 }], net), ["EINVAL"])
    must(kernel, [{ op: "link-set", link: "va", mtu: 1400 }], net)
    assert.is(linkIn(kernel.dump(net), "vx3").mtu, 1450)
    must(kernel, [remove("va")], net)
    assert.not.ok(kernel.dump(net).links.some(({ name }) => name === "vx3"))
    must(kernel, [remove("va")])
    assert.not.ok(kernel.dump(net).links.some(({ name }) => name === "vx1"))
    monitor.abandon()
    assert.equal([await kernel.gone(monitor, 10_000), await kernel.gone(monitor.init, 10_000)], [true, true])
  },
}
