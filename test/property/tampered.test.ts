/** A change by hand shows in the plan as exactly that change, and applying repairs it with every container left running. */
import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import type { Desired, Resource } from "../../src/model/resource.ts"
import { valueAt } from "../../src/plan/fields.ts"
import { sameValue } from "../../src/plan/values.ts"
import { bridge, cgroup, container, endpoint, iface, veth } from "../kinds/resources.ts"
import type { FakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { apply, holds, mustConverge, plan } from "./life.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 60)

const LAB: Desired = {
  stack: "lab",
  resources: [
    bridge("lan", { address: ["10.20.0.1/24", "fd20::1/64"] }),
    cgroup("tier", { limits: { memory: 1_073_741_824, pids: 500 } }),
    member("web"),
    iface("web.eth0", { address: ["10.20.0.2/24", "fd20::2/64"], gateway: ["10.20.0.1"] }),
    member("db"),
    iface("db.eth0", { address: ["10.20.0.3/24"] }),
    veth("core", {
      endpoints: [
        endpoint("container.web", "eth1", { address: ["10.1.0.1/30"] }),
        endpoint("container.db", "eth1", { address: ["10.1.0.2/30"] }),
      ],
    }),
    veth("uplink", { endpoints: [endpoint("container.web", "eth2"), endpoint("host", "up1")] }),
  ],
}

function member(name: string): Resource {
  return container(name, {
    cgroup: "tier",
    limits: { memory: 67_108_864, pids: 64 },
    sysctls: { "net.ipv4.ip_forward": "1" },
    routes: [{ to: "10.99.0.0/16", via: "10.1.0.2" }].slice(name === "db" ? 1 : 0),
  })
}

interface Tampering {
  what: string
  /** Who the plan must name, each with the paths it must show. */
  shows: { [address: string]: readonly string[] }
  work(kernel: FakeKernel, netnsOf: (container: string) => string): void
}

function onHost(what: string, shows: Tampering["shows"], ...requests: NetRequest[]): Tampering {
  return { what, shows, work: (kernel) => succeed(kernel.net("host", requests)) }
}

function inside(what: string, who: string, shows: Tampering["shows"], ...requests: NetRequest[]): Tampering {
  return { what, shows, work: (kernel, netnsOf) => succeed(kernel.net(netnsOf(who), requests)) }
}

function written(what: string, shows: Tampering["shows"], path: string, text: string): Tampering {
  return { what, shows, work: (kernel) => kernel.write(path, text) }
}

function succeed(errors: readonly (Error | null)[]): void {
  for (const error of errors) if (error !== null) throw error
}

const TIER = "/sys/fs/cgroup/stack/lab/tier"
const PORT = "lab-web-eth0"

const TAMPERINGS: readonly Tampering[] = [
  {
    what: "devices of a container",
    shows: { "container.web": ["device_program"] },
    work: (kernel) => kernel.attachDevices(`${TIER}/web`, { name: "stk_other", code: new Uint8Array(), rules: [] }),
  },
  onHost("mtu of the bridge", { "bridge.lan": ["mtu"] }, { op: "link-set", link: "lab-lan", mtu: 1400 }),
  onHost("stp of the bridge", { "bridge.lan": ["stp"] }, { op: "link-set", link: "lab-lan", bridge: { stp: true } }),
  onHost("address of the bridge", { "bridge.lan": ["address"] }, { op: "address-delete", link: "lab-lan", address: "10.20.0.1/24" }),
  onHost("another address", { "bridge.lan": ["address"] }, { op: "address-add", link: "lab-lan", address: "10.77.0.1/24" }),
  onHost("mark of the bridge", { "bridge.lan": ["alias"] }, { op: "link-set", link: "lab-lan", alias: "" }),
  onHost("mark of a port", { "interface.web.eth0": ["alias"] }, { op: "link-set", link: PORT, alias: "" }),
  inside("mark of a pair's end", "db", { "veth.core": ["alias"] }, { op: "link-set", link: "eth1", alias: "" }),
  onHost("a port taken off", { "interface.web.eth0": ["bridge", "master"] }, { op: "link-set", link: PORT, master: 0 }),
  onHost("a port set down", { "interface.web.eth0": ["host_end.up"] }, { op: "link-set", link: PORT, up: false }),
  onHost("a port's mtu", { "interface.web.eth0": ["mtu"] }, { op: "link-set", link: PORT, mtu: 1300 }),
  onHost("a port's mtu above what is wanted", { "interface.web.eth0": ["mtu"] }, { op: "link-set", link: PORT, mtu: 9000 }),
  onHost("a port's mac", { "interface.web.eth0": ["host_end.mac"] }, { op: "link-set", link: PORT, mac: "02:00:00:00:00:77" }),
  onHost(
    "an address on a port",
    { "interface.web.eth0": ["host_end.address"] },
    { op: "address-add", link: PORT, address: "10.88.0.1/24" },
    { op: "address-add", link: PORT, address: "fe80::88/64" },
  ),
  onHost("a port deleted", { "interface.web.eth0": [] }, { op: "link-delete", link: PORT }),
  onHost(
    "the bridge deleted",
    { "bridge.lan": [], "interface.web.eth0": ["bridge", "master"], "interface.db.eth0": ["bridge", "master"] },
    { op: "link-delete", link: "lab-lan" },
  ),
  inside("mac", "db", { "interface.db.eth0": ["mac"] }, { op: "link-set", link: "eth0", mac: "02:00:00:00:00:77" }),
  inside("address", "db", { "interface.db.eth0": ["address"] }, { op: "address-add", link: "eth0", address: "10.20.0.77/24" }),
  inside("gateway", "web", { "interface.web.eth0": ["gateway"] }, { op: "route-delete", to: "0.0.0.0/0", via: "10.20.0.1" }),
  inside("route", "web", { "container.web": ["routes"] }, { op: "route-delete", to: "10.99.0.0/16", via: "10.1.0.2" }),
  inside("lo set down", "db", { "container.db": ["loopback"] }, { op: "link-set", link: "lo", up: false }),
  inside("a pair's end whose mtu is above what is wanted", "db", { "veth.core": ["mtu"] }, { op: "link-set", link: "eth1", mtu: 9000 }),
  inside("a pair's end set down", "db", { "veth.core": ["endpoints.1.up"] }, { op: "link-set", link: "eth1", up: false }),
  onHost("a pair's end on a bridge", { "veth.uplink": ["endpoints.1.master"] }, { op: "link-set", link: "up1", master: "lab-lan" }),
  onHost("a pair's end on the host set down", { "veth.uplink": ["endpoints.1.up"] }, { op: "link-set", link: "up1", up: false }),
  inside("a pair deleted", "web", { "veth.core": [], "container.web": ["routes"] }, { op: "link-delete", link: "eth1" }),
  written("limit of the parent", { "cgroup.tier": ["limits.pids"] }, `${TIER}/pids.max`, "77"),
  written("limit of a container", { "container.web": ["limits.memory"] }, `${TIER}/web/memory.max`, "33554432"),
  written("a limit that was none", { "container.db": ["limits.memory_high"] }, `${TIER}/db/memory.high`, "33554432"),
  written("a group frozen", { "cgroup.tier": ["frozen"] }, `${TIER}/cgroup.freeze`, "1"),
  written("a container frozen", { "container.web": ["frozen"] }, `${TIER}/web/cgroup.freeze`, "1"),
  {
    what: "hostname",
    shows: { "container.web": ["hostname"] },
    work: (kernel) => kernel.writeIn([heldFile(kernel, "web", 11)], "/proc/sys/kernel/hostname", "other"),
  },
  {
    what: "sysctl",
    shows: { "container.db": ["sysctls.net.ipv4.ip_forward"] },
    work: (kernel, netnsOf) => kernel.writeIn([netnsOf("db")], "/proc/sys/net/ipv4/ip_forward", "0"),
  },
]

function heldFile(kernel: FakeKernel, name: string, descriptor: number): string {
  const monitor = [...kernel.machine.processes.values()].find((p) => p.record?.title.endsWith(`container.${name}`))
  return `/proc/${monitor?.pid}/fd/${descriptor}`
}

function commands(kernel: FakeKernel): number[] {
  return [...kernel.machine.processes.values()].filter((p) => p.cmdline.startsWith("sleep")).map((p) => p.pid)
}

async function applied(): Promise<FakeKernel> {
  const kernel = fakeKernel()
  mustConverge(await apply(kernel, LAB))
  return kernel.restart()
}

for (const { what, shows, work } of TAMPERINGS) {
  test(`${what}: named and repaired in place`, async () => {
    const kernel = await applied()
    const running = commands(kernel)
    assert.is(running.length, 2)
    work(kernel, (name) => heldFile(kernel, name, 10))
    const { plan: found } = plan(kernel.restart(), LAB)
    const changes = found.changes.filter((c) => c.action !== "no-op")
    assert.equal(Object.fromEntries(changes.map((c) => [c.address, c.fields.map((f) => f.path)])), shows)
    assert.ok(changes.filter((c) => c.kind === "container").every((c) => c.action === "update"))
    // What must be set again because a link goes is not changed by anyone yet.
    for (const { address, drift, fields, before, after } of changes) {
      const differing = fields.filter(({ path }) => !sameValue(valueAt(before ?? {}, path), valueAt(after ?? {}, path)))
      assert.ok(differing.every((field) => field.drift) && drift === (differing.length > 0 || fields.length === 0), address)
    }
    const repairing = kernel.restart()
    mustConverge(await apply(repairing, LAB))
    assert.equal(commands(repairing), running)
  })
}

test("any of them together are repaired in place", async () => {
  await holds(
    fc.asyncProperty(fc.shuffledSubarray([...TAMPERINGS], { minLength: 2, maxLength: 5 }), async (several) => {
      const kernel = await applied()
      const running = commands(kernel)
      for (const { work } of several) {
        try {
          work(kernel, (name) => heldFile(kernel, name, 10))
        } catch {
          // One may have taken away what another was about to change.
        }
      }
      const repairing = kernel.restart()
      mustConverge(await apply(repairing, LAB))
      assert.equal(commands(repairing), running)
    }),
    RUNS,
  )
})

test("a command that came to a good end is left alone, one that failed is made anew", async () => {
  const kernel = await applied()
  kernel.endCommand("web", 0)
  assert.not.ok(plan(kernel, LAB).plan.hasChanges)
  kernel.endCommand("db", 3)
  const { changes } = plan(kernel, LAB).plan
  assert.match(changes.find((c) => c.address === "container.db")?.cause ?? "", "its command exited (3)")
  mustConverge(await apply(kernel, LAB))
})

test.run()
