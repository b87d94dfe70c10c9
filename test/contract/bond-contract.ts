import * as assert from "uvu/assert"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { remove } from "./links-contract.ts"
import type { Contract } from "./subject.ts"
import { answers, linkIn, must } from "./subject.ts"

export const bondAdd = (name: string): NetRequest => {
  const options = { mode: "active-backup" }
  return { op: "link-add", name, ns: "host", kind: "bond", options, group: 0, mac: "02:00:00:00:00:0b" }
}

/** What drivers count on of bonds, of kernels that have them. */
export const bondContract: Contract = {
  "a bond takes in what is down, and has it up; what it lets go is down, and has its own MAC address all the while": ({ kernel }) => {
    const end = (name: string, mac: string): NetRequest => ({ op: "veth-add", end: { name, mac, up: false }, peer: { name: `${name}p` } })
    const joins = (link: string): NetRequest => ({ op: "link-set", link, master: "bo" })
    const leaves = (link: string): NetRequest => ({ op: "link-set", link, master: 0 })
    const [one, two] = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    const seen = () => {
      const { links } = kernel.dump("host")
      const bond = links.find(({ name }) => name === "bo")?.index
      return links.flatMap(({ name, mac, up, master }) =>
        name === "va" || name === "vb" ? [`${name} ${mac} ${up} ${master === bond}`] : [],
      )
    }
    must(kernel, [bondAdd("bo"), end("va", one), end("vb", two), { op: "link-set", link: "va", up: true }])
    assert.equal(answers(kernel, [joins("va")]), ["EPERM"])
    must(kernel, [
      { op: "link-set", link: "va", up: false },
      joins("va"),
      joins("vb"),
      { op: "link-set", link: "bo", bond: { miimon: 70 } },
    ])
    assert.equal(seen().sort(), [`va ${one} true true`, `vb ${two} true true`])
    const bond = () => linkIn(kernel.dump("host"), "bo")
    assert.equal([bond().mac, bond().options], ["02:00:00:00:00:0b", { mode: "active-backup", miimon: 70 }])
    must(kernel, [leaves("va")])
    assert.equal(seen().sort(), [`va ${one} false false`, `vb ${two} true true`])
    assert.is(bond().mac, "02:00:00:00:00:0b")
    must(kernel, [leaves("vb")])
    assert.is.not(bond().mac, "02:00:00:00:00:0b")
    must(kernel, [joins("va")])
    assert.is(bond().mac, one)
    must(kernel, [leaves("va"), { op: "link-set", link: "bo", mac: "02:00:00:00:00:0c" }, joins("va")])
    assert.is(bond().mac, "02:00:00:00:00:0c")
    must(kernel, [remove("bo")])
    assert.equal(seen().sort(), [`va ${one} false false`, `vb ${two} false false`])
    must(kernel, [remove("va"), remove("vb")])
  },
}
