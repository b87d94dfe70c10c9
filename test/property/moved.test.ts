/** Stacks of which some resources get other names: nothing is made anew, wherever the apply is killed. On a kernel in memory. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { splitAddress } from "../../src/base/address.ts"
import { KernelError } from "../../src/kernel/kernel.ts"
import { readdressed } from "../../src/kinds/catalog.ts"
import type { Move } from "../../src/model/moves.ts"
import { destination, movesOf } from "../../src/model/moves.ts"
import { aliasOf } from "../../src/model/ownership.ts"
import type { Attributes, Desired, Resource } from "../../src/model/resource.ts"
import type { FakeKernel, Fault } from "../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import type { Layout } from "../support/fake-kernel/machine.ts"
import { anyStack } from "./arbitrary.ts"
import { apply, destroy, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 15)
const MOVABLE = ["bridge", "cgroup", "container", "veth"]

/** A stack, and the same one with other names. What is made from names (MAC addresses) stays, as the file's expansion has it. */
const anyRenaming: fc.Arbitrary<{ from: Desired; to: Desired }> = anyStack
  .map((stack) => renamed(stack, []))
  .chain((from) => {
    const movable = from.resources.map(({ address }) => address).filter((address) => MOVABLE.includes(splitAddress(address).kind))
    return fc.subarray(movable).map((addresses) => ({
      from,
      to: renamed(
        from,
        addresses.map((address) => ({ from: address, to: `${address}2` })),
      ),
    }))
  })

function renamed(desired: Desired, moved: readonly Move[]): Desired {
  const moves = movesOf({ moved })
  const rename = (address: string) => destination(moves, address)
  const bridges = new Map(desired.resources.flatMap((r) => (r.kind === "bridge" ? [[r.address, linkName(r, rename)]] : [])))
  return { ...desired, moved, resources: desired.resources.map((resource) => otherName(resource, rename, bridges)) }
}

/** Of a bridge without a name of the file's own. */
function linkName({ address, name, attributes }: Resource, rename: (address: string) => string): string {
  const own = attributes.interface as string
  return own === `lab-${name}` ? `lab-${splitAddress(rename(address)).name}` : own
}

function otherName(resource: Resource, rename: (address: string) => string, bridges: ReadonlyMap<string, string>): Resource {
  const { kind, references, partOf, attributes } = resource
  const address = rename(resource.address)
  const { name } = splitAddress(address)
  const group =
    typeof attributes.cgroup === "string" && attributes.cgroup !== "" ? splitAddress(rename(`cgroup.${attributes.cgroup}`)).name : ""
  const derived: { [kind: string]: Attributes } = {
    bridge: { alias: aliasOf("lab", address), interface: bridges.get(resource.address) ?? "" },
    interface: {
      alias: aliasOf("lab", address),
      ...(attributes.link === undefined
        ? { host_interface: `lab-${name.replace(".", "-")}`, master: bridges.get(attributes.bridge as string) ?? "" }
        : {}),
    },
    veth: { alias: aliasOf("lab", address) },
    container: { hostname: attributes.hostname === resource.name ? name : (attributes.hostname as string), cgroup: group },
    cgroup: {},
  }
  return {
    ...resource,
    address,
    name,
    attributes: { ...readdressed(kind, attributes, rename), ...derived[kind] },
    references: references.map((reference) => ({ ...reference, address: rename(reference.address) })),
    ...(partOf === undefined ? {} : { partOf: rename(partOf) }),
  }
}

/** The way back. */
function reversed({ from, to }: { from: Desired; to: Desired }): Desired {
  return { ...from, moved: (to.moved ?? []).map((move) => ({ from: move.to, to: move.from })) }
}

/** Processes of containers by pid and start time, and links by MAC address, namespace and index. */
function identities(kernel: FakeKernel): string[] {
  const processes = [...kernel.machine.processes.values()]
    .filter((p) => p.runFolder !== undefined || p.first)
    .map((p) => `${p.pid} ${p.startTime}`)
  const links = [...kernel.machine.namespaces.values()].flatMap(({ inode, network }) =>
    [...(network?.links.values() ?? [])].map(({ index, mac }) => `${inode}/${index} ${mac}`),
  )
  return [...processes, ...links].sort()
}

async function running(desired: Desired, layout: Layout): Promise<{ kernel: FakeKernel; nothing: string }> {
  const kernel = fakeKernel({ layout })
  const nothing = kernel.describe()
  mustConverge(await apply(kernel, desired))
  return { kernel: kernel.restart(), nothing }
}

/** Renames with a fault at one of the changes; returns the next run. */
async function disturbed(
  from: Desired,
  to: Desired,
  layout: Layout,
  where: number,
  fault: Fault,
): Promise<{ kernel: FakeKernel; before: string[]; nothing: string }> {
  const trial = await running(from, layout)
  await apply(trial.kernel, to)
  const at = 1 + Math.floor(where * trial.kernel.counts.operations.length)
  const { kernel, nothing } = await running(from, layout)
  const before = identities(kernel)
  const second = kernel.restart((n) => (n === at ? fault : undefined))
  await apply(second, to).catch(() => undefined)
  return { kernel: second.restart(), before, nothing }
}

const somewhere = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const faults = fc.constantFrom<Fault>("kill-before", "kill-after", new KernelError("a change", "ENOSPC"))

for (const layout of ["v1", "hybrid", "v2"] as const) {
  test(`${layout}: renaming makes nothing anew, and is done after one apply`, async () => {
    await holds(
      fc.asyncProperty(anyRenaming, async ({ from, to }) => {
        const { kernel, nothing } = await running(from, layout)
        const before = identities(kernel)
        mustConverge(await apply(kernel, to))
        assert.equal(identities(kernel), before)
        assert.not.ok(plan(kernel, { ...to, moved: [] }).plan.hasChanges)
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), nothing)
      }),
      RUNS,
    )
  })

  test(`${layout}: disturbed anywhere, the next apply goes on, and still makes nothing anew`, async () => {
    await holds(
      fc.asyncProperty(anyRenaming, somewhere, faults, async ({ from, to }, where, fault) => {
        const { kernel, before, nothing } = await disturbed(from, to, layout, where, fault)
        mustConverge(await apply(kernel, to))
        assert.equal(identities(kernel), before)
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), nothing)
      }),
      RUNS,
    )
  })

  test(`${layout}: disturbed anywhere, there is a way back, which makes nothing anew either`, async () => {
    await holds(
      fc.asyncProperty(anyRenaming, somewhere, faults, async (renaming, where, fault) => {
        const { kernel, before } = await disturbed(renaming.from, renaming.to, layout, where, fault)
        mustConverge(await apply(kernel, reversed(renaming)))
        assert.equal(identities(kernel), before)
      }),
      RUNS,
    )
  })

  test(`${layout}: disturbed anywhere, destroy alone leaves nothing`, async () => {
    await holds(
      fc.asyncProperty(anyRenaming, somewhere, faults, async ({ from, to }, where, fault) => {
        const { kernel, nothing } = await disturbed(from, to, layout, where, fault)
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), nothing)
      }),
      RUNS,
    )
  })

  test(`${layout}: moved and changed at once, disturbed anywhere, the next apply converges`, async () => {
    await holds(
      fc.asyncProperty(anyRenaming, anyStack, somewhere, faults, async ({ from, to }, other, where, fault) => {
        const wanted = renamed(other, to.moved ?? [])
        const { kernel, nothing } = await disturbed(from, wanted, layout, where, fault)
        mustConverge(await apply(kernel, wanted))
        mustConverge(await destroy(kernel, "lab"))
        assert.fixture(kernel.restart().describe(), nothing)
      }),
      RUNS,
    )
  })
}

test.run()
