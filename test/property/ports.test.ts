/** Stacks whose bridges masquerade, publish, are internal or isolated: whatever one becomes another, the kernel is as wanted, and afterwards as before. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { BridgeAttributes } from "../../src/kinds/bridge/spec.ts"
import type { NatEntry, PublishedPort } from "../../src/kinds/nat/expand.ts"
import { expandNat } from "../../src/kinds/nat/expand.ts"
import { parsePublished } from "../../src/kinds/nat/spec-ports.ts"
import type { Entry } from "../../src/model/entry.ts"
import type { Desired, Resource } from "../../src/model/resource.ts"
import { bridge, container, iface, resource } from "../kinds/resources.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { apply, destroy, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 40)
const PORTS = ["8080/tcp", "127.0.0.1:53/udp", "10.20.0.1:81/tcp", "7000-7002/tcp"]

interface BridgeWish extends NatEntry {
  name: string
  address: string[]
  interface: string
}

function anyBridge(name: string, ...addresses: string[]): fc.Arbitrary<BridgeWish> {
  return fc.record({
    name: fc.constant(name),
    address: fc.constantFrom(addresses, addresses.slice(0, 1)),
    interface: fc.constantFrom(`lab-${name}`, `sw.${name}`),
    nat: fc.boolean(),
    internal: fc.constantFrom(false, false, true),
    isolated: fc.boolean(),
  })
}

/** Two bridges and two containers, each with an interface on one of them, or none, and some of the ports. */
const anyStack: fc.Arbitrary<Desired> = fc
  .record({
    bridges: fc.tuple(anyBridge("lan", "10.20.0.1/24", "fd20::1/64"), anyBridge("dmz", "10.21.0.1/24")),
    on: fc.tuple(fc.constantFrom("", "lan", "dmz"), fc.constantFrom("", "lan", "dmz")),
    ports: fc.tuple(fc.subarray(PORTS.slice(0, 2)), fc.subarray(PORTS.slice(2))),
  })
  .map(({ bridges, on, ports }) => {
    const wishes = ["app", "web"].map((name, i) => ({ name, on: on[i] ?? "", ports: ports[i] ?? [] }))
    const links = wishes.filter((one) => one.on !== "")
    return {
      stack: "lab",
      resources: [
        ...bridges.map(({ name, address, interface: link }) => bridge(name, { address, interface: link })),
        ...bridges.flatMap((one) => natOf(one, bridges, links)),
        ...wishes.map(({ name }) => container(name)),
        ...links.map(({ name, on: lan }) => iface(`${name}.eth0`, linkTo(bridges.find((one) => one.name === lan) as BridgeWish))),
      ],
    }
  })

function linkTo({ name, interface: master }: BridgeWish) {
  return { bridge: `bridge.${name}`, master, address: ["auto"] }
}

/** As the stack file's layer makes it. */
function natOf(one: BridgeWish, all: readonly BridgeWish[], links: readonly { name: string; on: string; ports: string[] }[]): Resource[] {
  const own = links.filter(({ on }) => on === one.name && one.internal !== true)
  const ports = own.flatMap(({ name, ports: texts }) =>
    texts.flatMap((text): PublishedPort[] => {
      const published = parsePublished(text)
      if (published === undefined) return []
      const port = published.first === published.last ? "80" : "7000-7002"
      const families = one.address.length > 1 && published.host === "" ? (["ip", "ip6"] as const) : (["ip"] as const)
      return [{ published, target: { interface: `interface.${name}.eth0`, port }, link: `lab-${name}-eth0`, families }]
    }),
  )
  const beside = all.filter((other) => other !== one)
  const others = beside.map((other) => other.interface)
  const silent = beside.filter(({ address }) => address.length === 0).map((other) => other.interface)
  const { nat = false, internal = false } = one
  const whole = {
    ...one,
    alias: "",
    mtu: 0,
    mac: "",
    stp: false,
    vlan_filtering: false,
    ageing_time: 0,
    up: true,
  } satisfies BridgeAttributes & BridgeWish
  const attributes = expandNat({ ...one, nat: nat && !internal }, whole, {} as Entry, { ports, others, silent })
  if (attributes === undefined) return []
  const hangsOn = [`bridge.${one.name}`, ...own.map(({ name }) => `interface.${name}.eth0`)]
  const references = hangsOn.map((address) => ({ address, onReplace: ports.length === 0 ? ("none" as const) : { update: "hairpin" } }))
  return [{ ...resource("nat", one.name, {}), attributes: attributes as unknown as Resource["attributes"], references }]
}

test("from any stack to any other, in any order; destroyed, the kernel is as before", async () => {
  await holds(
    fc.asyncProperty(anyStack, anyStack, fc.integer({ min: 1, max: 1e6 }), async (a, b, shuffle) => {
      const kernel = fakeKernel()
      const before = kernel.describe()
      mustConverge(await apply(kernel, a, { shuffle, parallelism: 2 }))
      const second = kernel.restart()
      mustConverge(await apply(second, b, { shuffle, parallelism: 2 }))
      const third = second.restart()
      assert.not.ok(plan(third, b).plan.hasChanges)
      mustConverge(await destroy(third, "lab", { shuffle }))
      assert.fixture(third.restart().describe(), before)
    }),
    RUNS,
  )
})

test("killed anywhere, the next apply converges, and destroy leaves nothing", async () => {
  await holds(
    fc.asyncProperty(anyStack, anyStack, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (a, b, where) => {
      const undisturbed = fakeKernel()
      const before = undisturbed.describe()
      await apply(undisturbed, a)
      const counted = undisturbed.restart()
      await apply(counted, b)
      const at = 1 + Math.floor(where * counted.counts.operations.length)
      const first = fakeKernel()
      await apply(first, a)
      const second = first.restart((n) => (n === at ? "kill-after" : undefined))
      await apply(second, b).catch(() => undefined)
      const third = second.restart()
      mustConverge(await apply(third, b))
      const fourth = third.restart()
      mustConverge(await destroy(fourth, "lab"))
      assert.fixture(fourth.restart().describe(), before)
    }),
    RUNS,
  )
})

test("a bridge that goes, beside it, while its parameter is put back needs none", async () => {
  const lan: BridgeWish = { name: "lan", address: ["10.20.0.1/24"], interface: "lab-lan", nat: true, internal: false, isolated: false }
  const resources = [
    bridge("lan", { address: lan.address, interface: lan.interface }),
    ...natOf(lan, [lan], [{ name: "web", on: "lan", ports: ["127.0.0.1:53/udp"] }]),
    container("web"),
    iface("web.eth0", linkTo(lan)),
  ]
  const first = fakeKernel()
  const before = first.describe()
  mustConverge(await apply(first, { stack: "lab", resources }))
  let met = 0
  const second: ReturnType<typeof fakeKernel> = first.restart((_, op) => {
    if (op.includes("route_localnet") && met++ === 0) assert.equal(second.net("host", [{ op: "link-delete", link: "lab-lan" }]), [null])
    return undefined
  })
  mustConverge(await destroy(second, "lab"))
  assert.is(met, 1)
  assert.fixture(second.restart().describe(), before)
})

test.run()
