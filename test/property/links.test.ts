/** Links that were renamed in the file, or by hand lost their mark, their place or their peer, on a kernel in memory. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { readLayout } from "../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../src/kernel/cgroup/tree.ts"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { ROUTE_PROTOCOL } from "../../src/kernel/kernel.ts"
import { addressOfAlias, linkGroupOf } from "../../src/model/ownership.ts"
import type { Desired, Resource, Snapshot } from "../../src/model/resource.ts"
import { observe } from "../../src/observe/observe.ts"
import { bridge, container, endpoint, iface, OWN_NAMESPACES, oneEnded, veth } from "../kinds/resources.ts"
import type { FakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import type { FakeProcess } from "../support/fake-kernel/machine.ts"
import { type Network, newNetwork } from "../support/fake-kernel/network.ts"
import { apply, mustConverge, plan } from "./life.ts"

function lab(...resources: Resource[]): Desired {
  return { stack: "lab", resources: [container("a"), container("b"), ...resources] }
}

/** A pair between a container and the host. */
function uplink(name: string, inside: string, outside: string): Resource {
  return veth(name, { endpoints: [endpoint("container.a", inside), endpoint("host", outside)] })
}

async function applied(desired: Desired): Promise<FakeKernel> {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, desired))
  return kernel.restart()
}

/** What a plan would do: `replace veth.v1`. */
function verdicts(kernel: FakeKernel, desired: Desired): string[] {
  const { plan: found, diagnostics } = plan(kernel.restart(), desired)
  assert.equal(diagnostics, [])
  return found.changes.filter((c) => c.action !== "no-op").map((c) => `${c.action} ${c.address}`)
}

/** What is live, as one sees it who has no file. */
function observed(kernel: FakeKernel): Snapshot {
  const layout = readLayout(kernel)
  return observe(kernel, { stack: "lab", resources: [] }, stackGroups(kernel, layout, "lab"), layout.controllers)
}

function errors(kernel: FakeKernel, desired: Desired): string[] {
  return plan(kernel.restart(), desired).diagnostics.map((d) => `${d.address}: ${d.summary}`)
}

function monitorOf(kernel: FakeKernel, name: string): FakeProcess {
  return [...kernel.machine.processes.values()].find((p) => p.record?.title.endsWith(`container.${name}`)) as FakeProcess
}

/** The network namespace of a container, held open by its monitor. */
function insideOf(kernel: FakeKernel, name: string): Network {
  return monitorOf(kernel, name).fds.get(10)?.network as Network
}

/** Done by hand, on the host or in a container. */
function byHand(kernel: FakeKernel, where: string, ...requests: NetRequest[]): void {
  const failures = kernel
    .net(where === "host" ? "host" : `/proc/${monitorOf(kernel, where).pid}/fd/10`, requests)
    .filter((error) => error !== null)
  assert.equal(failures, [])
}

/** Repairs the kernel, and says who owns the host's links then: `core-x1 veth.core`. */
async function repaired(kernel: FakeKernel, desired: Desired): Promise<string[]> {
  const repairing = kernel.restart()
  mustConverge(await apply(repairing, desired))
  return repairing
    .dump("host")
    .links.flatMap((link) => addressOfAlias("lab", link.alias) ?? [])
    .sort()
}

// ------------------------------------------------------------------ renamed

test("a pair that has another name in the file is deleted, then made by that name", async () => {
  const kernel = await applied(lab(uplink("v1", "x1", "up1")))
  const renamed = lab(uplink("core", "x1", "up1"))
  assert.equal(verdicts(kernel, renamed), ["create veth.core", "delete veth.v1"])
  assert.equal(await repaired(kernel, renamed), ["veth.core"])
})

test("two pairs swap their ends on the host, or their names in the file", async () => {
  const kernel = await applied(lab(uplink("v1", "x1", "up1"), uplink("v2", "x2", "up2")))
  const ends = lab(uplink("v1", "x1", "up2"), uplink("v2", "x2", "up1"))
  assert.equal(verdicts(kernel, ends), ["replace veth.v1", "replace veth.v2"])
  await repaired(kernel, ends)
  const names = lab(uplink("v2", "x1", "up2"), uplink("v1", "x2", "up1"))
  assert.equal(verdicts(kernel, names), ["replace veth.v2", "replace veth.v1"])
  await repaired(kernel, names)
})

test("a pair takes over the name of a bridge that is dropped, and the other way round", async () => {
  const dropped = lab(bridge("lan", { interface: "shared0" }))
  const kernel = await applied(dropped)
  const taken = lab(uplink("v1", "x1", "shared0"))
  assert.equal(verdicts(kernel, taken), ["create veth.v1", "delete bridge.lan"])
  assert.equal(await repaired(kernel, taken), ["veth.v1"])
  assert.equal(await repaired(kernel, dropped), ["bridge.lan"])
})

test("a link of another stack in the place of a pair's end is said to be that one's", async () => {
  const kernel = await applied(lab())
  const [a, b] = ["up1", "other"]
  byHand(
    kernel,
    "host",
    { op: "veth-add", end: { name: a, up: false }, peer: { name: b } },
    { op: "link-set", link: a, alias: "stack:two/veth.x" },
  )
  const [text] = errors(kernel, lab(uplink("v1", "x1", "up1")))
  assert.match(text ?? "", /^veth\.v1: link up1 \(index \d+, veth\) is marked "stack:two\/veth\.x", and veth\.v1 wants its place$/)
})

test("only what differs of a pair is named, whichever of its ends is changed", async () => {
  const inside = { mac: "02:00:00:00:00:01" }
  const ends = (container: string, name: string, up: string) => [endpoint(container, name, inside), endpoint("host", up)]
  const kernel = await applied(lab(veth("v1", { endpoints: ends("container.a", "x0", "up1") })))
  for (const [endpoints, ...paths] of [
    [ends("container.a", "x1", "up1"), "endpoints.0.interface"],
    [ends("container.b", "x0", "up1"), "endpoints.0.container"],
    [ends("container.b", "x1", "up1"), "endpoints.0.container", "endpoints.0.interface"],
    [ends("container.a", "x0", "up2"), "endpoints.1.interface", "endpoints.1.mac"],
  ] as const) {
    const changed = plan(kernel.restart(), lab(veth("v1", { endpoints }))).plan.changes.find((c) => c.kind === "veth")
    assert.equal(changed?.fields.map((f) => f.path).sort(), paths)
  }
  const { resources } = observed(kernel.restart())
  const left = resources.get("veth.v1")?.attributes.endpoints as { container: string }[]
  assert.equal(
    left.map((e) => e.container),
    ["container.a", "host"],
    "without a file the host's end comes last",
  )
})

// ------------------------------------------------------- in other hands

const PORT = lab(bridge("lan"), iface("a.eth1", { address: ["10.20.0.2/24"] }))

test("an end of a pair in the place of an interface that is dropped is a new one", async () => {
  const kernel = await applied(PORT)
  const pair = lab(bridge("lan"), uplink("v1", "eth1", "up1"))
  assert.equal(verdicts(kernel, pair), ["create veth.v1", "delete interface.a.eth1"])
  assert.equal(await repaired(kernel, pair), ["bridge.lan", "veth.v1"])
  assert.equal(await repaired(kernel, PORT), ["bridge.lan", "interface.a.eth1"])
})

test("what someone made inside a container in the place of an interface or a pair's end is named, and left alone", async () => {
  const kernel = await applied(lab(bridge("lan")))
  byHand(kernel, "a", { op: "veth-add", end: { name: "eth1", up: false }, peer: { name: "eth2" } })
  const wanted = lab(bridge("lan"), iface("a.eth1"), uplink("v1", "eth2", "up1"))
  assert.equal(
    errors(kernel, wanted).map((text) => text.replace(/index \d+/, "index N")),
    [
      "interface.a.eth1: link eth1 (index N, veth) in container.a bears no mark of a stack, and interface.a.eth1 wants its place",
      "veth.v1: link eth2 (index N, veth) in container.a bears no mark of a stack, and veth.v1 wants its place",
    ],
  )
  const anew = container("a", { namespaces: { ...OWN_NAMESPACES, uts: "host" }, hostname: "" })
  const replaced = { ...wanted, resources: [anew, ...wanted.resources.slice(1)] }
  assert.equal(errors(kernel, replaced), [], "it goes with the namespace")
  await repaired(kernel, replaced)
})

for (const [what, hand] of [
  ["another stack's", { alias: "stack:two/bridge.lan" }],
  ["somebody's, and whose group too", { alias: "someone's", group: 7 }],
] as const) {
  test(`a link whose mark became ${what} is that one's`, async () => {
    const kernel = await applied(ROUTED)
    for (const link of ["lab-lan", "lab-a-eth0"]) byHand(kernel, "host", { op: "link-set", link, ...hand })
    assert.equal(
      errors(kernel, ROUTED).map((text) => text.replace(/index \d+/, "index N")),
      [
        `bridge.lan: link lab-lan (index N, bridge) is marked "${hand.alias}", and bridge.lan wants its place`,
        `interface.a.eth0: link lab-a-eth0 (index N, veth) is marked "${hand.alias}", and interface.a.eth0 wants its place`,
      ],
    )
  })
}

const SPOKEN = lab(bridge("lan"), iface("a.eth0"), uplink("v1", "x1", "up1"))

/** Each link of it, and some inside, is called something by somebody. */
function speak(kernel: FakeKernel): void {
  for (const link of ["lab-lan", "lab-a-eth0", "up1"]) byHand(kernel, "host", { op: "link-set", link, alias: "someone's" })
  for (const link of ["x1", "eth0"]) byHand(kernel, "a", { op: "link-set", link, alias: "someone's" })
}

test("a link in the stack's group, in its place, is the stack's, whatever somebody calls it", async () => {
  const kernel = await applied(SPOKEN)
  speak(kernel)
  const { changes } = plan(kernel.restart(), SPOKEN).plan
  assert.equal(
    changes.flatMap(({ address, fields }) => fields.map(({ path, drift }) => `${address} ${path} ${drift === true}`)),
    ["bridge.lan alias true", "interface.a.eth0 alias true", "veth.v1 alias true"],
  )
  assert.equal(await repaired(kernel, SPOKEN), ["bridge.lan", "interface.a.eth0", "veth.v1"])
})

test("what somebody calls otherwise and no file wants goes, if the last apply has it in its record; else it stays", async () => {
  const kernel = await applied(SPOKEN)
  speak(kernel)
  byHand(kernel, "host", { op: "bridge-add", name: "own", group: linkGroupOf("lab"), up: false, bridge: {} })
  byHand(kernel, "host", { op: "link-set", link: "own", alias: "someone's" })
  assert.equal(verdicts(kernel, lab()), ["delete bridge.lan", "delete interface.a.eth0", "delete veth.v1"])
  await repaired(kernel, lab())
  assert.equal(
    kernel
      .restart()
      .dump("host")
      .links.flatMap((link) => (link.kind === "" ? [] : link.name)),
    ["own"],
  )
})

test("an end inside that somebody calls otherwise goes with its interface whose port is gone", async () => {
  const kernel = await applied(ROUTED)
  byHand(kernel, "a", { op: "link-set", link: "eth0", alias: "someone's" })
  move(kernel, "lab-a-eth0", newNetwork())
  assert.equal(verdicts(kernel, ROUTED), ["replace interface.a.eth0"])
  await repaired(kernel, ROUTED)
})

test("a link that lost its mark and is no longer wanted goes", async () => {
  const all = lab(bridge("lan", { address: ["10.20.0.1/24"] }), iface("a.eth0"), uplink("v1", "x1", "up1"))
  const kernel = await applied(all)
  for (const link of ["lab-lan", "lab-a-eth0", "up1"]) byHand(kernel, "host", { op: "link-set", link, alias: "" })
  byHand(kernel, "a", { op: "link-set", link: "x1", alias: "" })
  assert.equal(await repaired(kernel, lab()), [])
  assert.equal(
    kernel
      .restart()
      .dump("host")
      .links.filter((l) => l.kind !== "")
      .map((l) => l.name),
    [],
  )
})

/** `ip link set LINK netns …` */
function move(kernel: FakeKernel, name: string, to: Network): void {
  const host = kernel.machine.processes.get(1)?.namespaces.net.network
  const link = [...(host?.links.values() ?? [])].find((l) => l.name === name)
  if (link === undefined) throw new Error(`no link ${name}`)
  link.network.links.delete(link.index)
  Object.assign(link, { network: to, index: to.nextIndex++, master: 0 })
  to.links.set(link.index, link)
}

for (const [where, target] of [
  ["its own container", (kernel: FakeKernel) => insideOf(kernel, "a")],
  ["another container", (kernel: FakeKernel) => insideOf(kernel, "b")],
  ["some namespace", () => newNetwork()],
] as const) {
  test(`an interface whose port was moved into ${where} is made anew, it alone`, async () => {
    const kernel = await applied(ROUTED)
    move(kernel, "lab-a-eth0", target(kernel))
    assert.equal(verdicts(kernel, ROUTED), ["replace interface.a.eth0"])
    assert.equal(await repaired(kernel, ROUTED), ["bridge.lan", "interface.a.eth0"])
    move(kernel, "lab-a-eth0", target(kernel))
    const without = lab(bridge("lan", { address: ["10.20.0.1/24"] }))
    assert.equal(verdicts(kernel, without), ["delete interface.a.eth0"])
    await repaired(kernel, without)
    for (const name of ["a", "b"])
      assert.equal(
        [...insideOf(kernel, name).links.values()].map((l) => l.name),
        ["lo"],
      )
  })
}

test("an end that a pair was never given a mark for goes with the pair that is no longer wanted", async () => {
  const kernel = await applied(lab(veth("core", { endpoints: [endpoint("container.a", "x1"), endpoint("container.b", "x1")] })))
  for (const where of ["a", "b"]) byHand(kernel, where, { op: "link-set", link: "x1", alias: "" })
  await repaired(kernel, lab())
  for (const name of ["a", "b"])
    assert.equal(
      [...insideOf(kernel, name).links.values()].map((l) => l.name),
      ["lo"],
    )
})

// ------------------------------------------------------------------- routes

const ROUTED = lab(bridge("lan", { address: ["10.20.0.1/24"] }), iface("a.eth0", { address: ["10.20.0.2/24"], gateway: ["10.20.0.1"] }))

test("the gateway of an interface that lost its mark is no route of the container's", async () => {
  const kernel = await applied(ROUTED)
  byHand(kernel, "host", { op: "link-set", link: "lab-a-eth0", alias: "" })
  const paths = plan(kernel.restart(), ROUTED).plan.changes.map((c) => `${c.action} ${c.address}`)
  assert.ok(paths.includes("no-op container.a"), paths.join(", "))
  await repaired(kernel, ROUTED)
})

test("a route that leads nowhere is ours where it bears our protocol number, and nobody else's", async () => {
  const kernel = await applied(ROUTED)
  const blackhole = { to: "10.66.0.0/16", dev: 0, metric: 0, table: 254, type: "blackhole" }
  insideOf(kernel, "a").routes.push({ ...blackhole, protocol: 4 })
  assert.equal(verdicts(kernel, ROUTED), [])
  insideOf(kernel, "a").routes.push({ ...blackhole, to: "10.67.0.0/16", protocol: ROUTE_PROTOCOL })
  assert.equal(verdicts(kernel, ROUTED), ["update container.a"])
  await repaired(kernel, ROUTED)
  assert.equal(
    insideOf(kernel, "a")
      .routes.map(({ to }) => to)
      .filter((to) => to.startsWith("10.6")),
    ["10.66.0.0/16"],
  )
})

test("a VLAN that is to be down stays so, with its addresses, when what it lies on comes up; others come up with it", async () => {
  const vlan = (id: number, up: boolean) => {
    const more = { parent: "interface.a.eth1", mtu: 1500, address: [`fd00:${id}::1/64`], up }
    return oneEnded(`a.eth1.${id}`, { kind: "vlan", link: "eth1", id }, more)
  }
  const wish = (up: boolean) => lab(bridge("lan"), vlan(10, false), vlan(20, up), iface("a.eth1", { up }))
  const kernel = await applied(wish(false))
  const raised = wish(true)
  assert.equal(
    verdicts(kernel, raised).sort(),
    ["10", "20"]
      .map((id) => `update interface.a.eth1.${id}`)
      .concat("update interface.a.eth1")
      .sort(),
  )
  await repaired(kernel, raised)
  byHand(kernel.restart(), "a", { op: "link-set", link: "eth1", up: false })
  assert.equal(verdicts(kernel, raised).sort(), ["update interface.a.eth1", "update interface.a.eth1.10", "update interface.a.eth1.20"])
  await repaired(kernel, raised)
  byHand(kernel.restart(), "a", { op: "link-delete", link: "eth1" })
  await repaired(kernel, raised)
})

test.run()
