/** Whatever a link is like that somebody made: adopted it is as the file has it, and given back as it was. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { readLayout } from "../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../src/kernel/cgroup/tree.ts"
import type { Kernel, NetRequest } from "../../src/kernel/kernel.ts"
import type { Attributes, Desired, Snapshot } from "../../src/model/resource.ts"
import { observe } from "../../src/observe/observe.ts"
import { wishOf } from "../../src/plan/undo.ts"
import { bridge, endpoint, veth } from "../kinds/resources.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { apply, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60)

const addresses = fc.subarray(["10.0.0.1/24", "10.1.0.1/24", "fd00::1/64"])
/** What a link is like, whoever made it. */
const like = fc.record({
  mtu: fc.constantFrom(1300, 1500, 9000),
  up: fc.boolean(),
  alias: fc.constantFrom("", "mine"),
  group: fc.constantFrom(0, 7),
  addresses,
})
type Like = typeof like extends fc.Arbitrary<infer T> ? T : never

function made(name: string, { mtu, up, alias, group, addresses: all }: Like): NetRequest[] {
  // Addresses of IPv6 go with a link that is set down: they come last.
  return [
    { op: "link-set", link: name, mtu, up, group, ...(alias === "" ? {} : { alias }) },
    ...all.map((address): NetRequest => ({ op: "address-add", link: name, address })),
  ]
}

function send(kernel: Kernel, requests: NetRequest[]): void {
  assert.equal(
    kernel.net("host", requests).filter((answer) => answer !== null),
    [],
  )
}

function reading(kernel: Kernel, desired: Desired): Snapshot {
  const layout = readLayout(kernel)
  return observe(kernel, desired, stackGroups(kernel, layout, desired.stack), layout.controllers)
}

/** Adopts, finds nothing more to do, and undoes it. */
async function adoptAndGiveBack(kernel: ReturnType<typeof fakeKernel>, desired: Desired): Promise<void> {
  const links = () =>
    kernel
      .dump("host")
      .links.map(({ index, name, alias, group, mtu, up, mac, bridge: options }) => ({ index, name, alias, group, mtu, up, mac, options }))
  // Addresses that the kernel gives by itself come and go with the carrier.
  const given = () => kernel.dump("host").addresses.filter(({ scope }) => scope === "global")
  const held = () =>
    given()
      .map(({ index, address }) => `${index} ${address}`)
      .sort()
  const [linksBefore, addressesBefore] = [links(), held()]
  const before = reading(kernel, desired)
  mustConverge(await apply(kernel, desired))
  assert.not.ok(plan(kernel, desired).plan.hasChanges)
  const { imports: _, ...without } = desired
  assert.not.ok(plan(kernel, without).plan.hasChanges)
  assert.equal(
    links().map(({ index }) => index),
    linksBefore.map(({ index }) => index),
  )
  mustConverge(await apply(kernel, wishOf(before, "lab", reading(kernel, wishOf(before, "lab", before)))))
  assert.equal(links(), linksBefore)
  assert.equal(held(), addressesBefore)
}

test("a bridge", async () => {
  const wanted = fc.record({
    mtu: fc.constantFrom(1400, 1500),
    stp: fc.boolean(),
    address: addresses,
    interface: fc.constantFrom("br0", "lab-lan"),
  })
  await holds(
    fc.asyncProperty(like, fc.boolean(), wanted, async (found, stp, attributes) => {
      const kernel = fakeKernel()
      send(kernel, [{ op: "bridge-add", name: "br0", group: 0, up: false, bridge: { stp } }, ...made("br0", found)])
      const resources = [bridge("lan", attributes as Attributes)]
      await adoptAndGiveBack(kernel, { stack: "lab", resources, imports: [{ to: "bridge.lan", id: "br0" }] })
    }),
    RUNS,
  )
})

test("a pair on the host", async () => {
  const wanted = fc.record({ mtu: fc.constantFrom(1400, 1500), first: addresses, up: fc.boolean() })
  await holds(
    fc.asyncProperty(like, like, wanted, fc.constantFrom("a0", "a1"), async (one, other, { mtu, first, up }, id) => {
      const kernel = fakeKernel()
      send(kernel, [
        { op: "veth-add", end: { name: "a0", up: false }, peer: { name: "a1" } },
        ...made("a0", { ...one, mtu: other.mtu }),
        ...made("a1", { ...other, addresses: [] }),
      ])
      const endpoints = [endpoint("host", "a0", { address: first }), endpoint("host", "a1", { up })]
      await adoptAndGiveBack(kernel, { stack: "lab", resources: [veth("core", { endpoints, mtu })], imports: [{ to: "veth.core", id }] })
    }),
    RUNS,
  )
})

test.run()
