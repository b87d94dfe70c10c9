import * as assert from "uvu/assert"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { remove } from "./links-contract.ts"
import type { Contract } from "./subject.ts"
import { answers, linkIn, must } from "./subject.ts"

export const tagged = (name: string, parent: string, id: number): NetRequest => {
  return { op: "link-add", name, ns: "host", kind: "vlan", parent, options: { id }, group: 0 }
}

export const PAIR: NetRequest = { op: "veth-add", end: { name: "va", up: true }, peer: { name: "vb" } }

/** What drivers count on of VLANs on another link, of kernels that have them. */
export const taggedContract: Contract = {
  "a VLAN is up and down with what it lies on, and has no larger mtu; one on that follows it": ({ kernel }) => {
    must(kernel, [PAIR, tagged("ten", "va", 10), tagged("inner", "ten", 5), { op: "link-set", link: "ten", up: true }])
    must(kernel, [{ op: "link-set", link: "inner", up: true }])
    const seen = () => ["ten", "inner"].map((name) => linkIn(kernel.dump("host"), name)).map(({ up, mtu }) => `${up} ${mtu}`)
    const set = (up: boolean) => must(kernel, [{ op: "link-set", link: "va", up }])
    const { parent, parentBeside, options } = linkIn(kernel.dump("host"), "ten")
    assert.equal([parent, parentBeside, options], [linkIn(kernel.dump("host"), "va").index, true, { id: 10 }])
    set(false)
    assert.equal(seen(), ["false 1500", "false 1500"])
    assert.equal(answers(kernel, [{ op: "link-set", link: "ten", up: true }]), ["ENETDOWN"])
    set(true)
    assert.equal(seen(), ["true 1500", "true 1500"])
    must(kernel, [{ op: "link-set", link: "va", mtu: 1400 }])
    assert.equal(seen(), ["true 1400", "true 1400"])
    assert.equal(answers(kernel, [{ op: "link-set", link: "ten", mtu: 1401 }]), ["ERANGE"])
    must(kernel, [{ op: "link-set", link: "va", mtu: 9000 }])
    assert.equal(seen(), ["true 1400", "true 1400"])
    assert.equal(answers(kernel, [tagged("again", "va", 10)]), ["EEXIST"])
    must(kernel, [remove("va")])
    assert.not.ok(kernel.dump("host").links.some(({ kind }) => kind === "vlan"))
  },
}
