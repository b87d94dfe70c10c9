import * as assert from "uvu/assert"
import type { DeviceProgram } from "../../src/devices/program.ts"
import { deviceProgram } from "../../src/devices/program.ts"
import { allRules } from "../../src/devices/rule.ts"
import type { CgroupLayout } from "../../src/kernel/cgroup/layout.ts"
import { readLayout } from "../../src/kernel/cgroup/layout.ts"
import { stackGroups } from "../../src/kernel/cgroup/tree.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import { limitProblems } from "../../src/kinds/cgroup/problems.ts"
import { roundLimits } from "../../src/kinds/cgroup/rounding.ts"
import type { Limits } from "../../src/kinds/cgroup/spec.ts"
import type { StackGroups } from "../../src/model/driver.ts"
import type { HostFacts } from "../../src/model/resource.ts"
import { eventually } from "../support/eventually.ts"
import type { Contract, Subject } from "./subject.ts"
import { errnoOf, recordOf } from "./subject.ts"

const SIGKILL = 9

interface Groups {
  stack: string
  groups: StackGroups
  controllers: HostFacts["controllers"]
  /** Nothing of the stack is in any hierarchy. */
  isGone(): boolean
}

let stacks = 0

function open(kernel: Kernel): Groups {
  const layout = readLayout(kernel)
  const stack = `contract-${kernel.readLink("/proc/self")}-${stacks++}`
  return {
    stack,
    groups: stackGroups(kernel, layout, stack),
    controllers: layout.controllers,
    isGone: () => layout.hierarchies.every((h) => kernel.stat(`${h.top}/stack/${stack}`) === null),
  }
}

/** Of these limits, those that the host can hold. */
function holdable(limits: Limits, controllers: HostFacts["controllers"]): Limits {
  const bad = new Set(limitProblems(limits, controllers).map((problem) => problem.path.split(".")[1]))
  return Object.fromEntries(Object.entries(limits).filter(([key]) => !bad.has(key)))
}

const MANY: Limits = {
  ...{ memory: 100_000_001, memory_high: 50_000_001, memory_low: 4097, memory_swap: 8193 },
  ...{ cpus: 0.333, cpu_weight: 77, cpuset: "0", pids: 64 },
  unified: { "cgroup.max.depth": "5" },
}

/** What is read back of a group, rounded as what is wanted is. */
function held({ groups, controllers }: Groups, path: string, like: Limits): Limits {
  return roundLimits(groups.limits([path], new Map([[path, [like]]])).get(path) ?? {}, controllers)
}

function cpusetTop({ hierarchies }: CgroupLayout): string {
  return hierarchies.find((h) => h.controllers.includes("cpuset"))?.top ?? "/none"
}

/** A process in a group, as a container is. */
async function settle(subject: Subject, { groups }: Groups, path: string, limits: Limits) {
  groups.prepareMonitors()
  const folders = groups.foldersOf(path, limits)
  const monitor = await subject.kernel.spawn(recordOf(subject, folders))
  await monitor.go()
  return { monitor, init: monitor.init }
}

/** The groups a process is in, by hierarchy. */
function placesOf(kernel: Kernel, pid: number): string[] {
  return (kernel.read(`/proc/${pid}/cgroup`) ?? "").trim().split("\n")
}

/** What the planner and drivers count on of the groups of a stack. cgroups(7) */
export const cgroupContract: Contract = {
  "limits are read back as they were written, but for the kernel's rounding": ({ kernel }) => {
    const all = open(kernel)
    const limits = holdable(MANY, all.controllers)
    all.groups.make("box", limits)
    assert.equal(held(all, "box", limits), roundLimits(limits, all.controllers))
    assert.ok(Object.keys(limits).length > 2, "this host holds next to nothing")
    assert.equal(all.groups.groups(), ["box"])
    all.groups.remove("box")
    assert.ok(all.isGone())
  },

  "a list of processors that is also the parent's stays a limit when a later run makes a group in it": ({ kernel }) => {
    const [first, later] = [open(kernel), readLayout(kernel)]
    const everywhere =
      kernel.read(`${cpusetTop(later)}/cpuset.cpus`)?.trim() || kernel.read(`${cpusetTop(later)}/cpuset.cpus.effective`)?.trim()
    if (first.controllers.cpuset === undefined || everywhere === undefined) return
    const limits = { cpuset: everywhere }
    first.groups.make("tier", limits)
    const again = { ...first, groups: stackGroups(kernel, later, first.stack) }
    again.groups.make("tier/web", { cpuset: "0" })
    assert.equal(held(again, "tier", limits), roundLimits(limits, first.controllers))
    for (const path of ["tier/web", "tier"]) again.groups.remove(path)
    assert.ok(first.isGone())
  },

  "devices and files that this host does not have are told, those that it may have are not": ({ kernel }) => {
    const all = open(kernel)
    const limits: Limits = { io: { "/dev/nosuch": { rbps: 1 } }, unified: { "cgroup.nosuch": "1", "cgroup.max.depth": "5" } }
    const files = all.controllers.cgroup === undefined ? [] : ["cgroup.nosuch"]
    assert.equal(all.groups.absent([{ ...limits, unified: {} }]), { devices: ["/dev/nosuch"], files: [] })
    all.groups.make("box", {})
    assert.equal(all.groups.absent([{}, limits]), { devices: ["/dev/nosuch"], files })
    all.groups.remove("box")
    assert.ok(all.isGone())
  },

  "a group is held to its devices, and again when it was held to others or to none": ({ kernel }) => {
    const all = open(kernel)
    const usual = deviceProgram(allRules([]))
    const more = deviceProgram(allRules([{ type: "char", major: 10, minor: 229, access: "rw" }]))
    const held = (program: DeviceProgram) =>
      [
        ...all.groups.held(
          new Map([
            ["box", program],
            ["none", program],
          ]),
        ),
      ].filter(([path]) => path === "box")
    all.groups.make("box", {}, usual)
    assert.equal(held(usual), [["box", "attached"]])
    assert.equal(held(more), [["box", "other"]])
    for (const program of [more, more, usual]) {
      all.groups.allow("box", program)
      assert.equal(held(program), [["box", "attached"]])
    }
    all.groups.remove("box")
    all.groups.make("box", {})
    assert.equal(held(usual), [["box", "absent"]])
    all.groups.allow("box", usual)
    assert.equal(held(usual), [["box", "attached"]])
    all.groups.succeed("box", "other", {}, usual)
    for (const path of ["box", "other"]) all.groups.remove(path)
    assert.ok(all.isGone())
  },

  "rounding what is rounded changes nothing, and a default is no limit": ({ kernel }) => {
    const all = open(kernel)
    const once = roundLimits(MANY, all.controllers)
    assert.equal(roundLimits(once, all.controllers), once)
    all.groups.make("box", holdable({ cpu_weight: 100, cpus: 0.004 }, all.controllers))
    assert.equal(held(all, "box", {}), holdable({ cpus: 0.004 }, all.controllers))
    all.groups.remove("box")
    assert.ok(all.isGone())
  },

  "a group without limits has none; one that is not there has none either": ({ kernel }) => {
    const all = open(kernel)
    all.groups.make("box", {})
    assert.equal(
      [...all.groups.limits(["box", "none"])],
      [
        ["box", {}],
        ["none", {}],
      ],
    )
    all.groups.remove("box")
    all.groups.remove("none")
    assert.ok(all.isGone())
  },

  "limits change in place, go back to the default, and what is behind is no limit of the first": ({ kernel }) => {
    const all = open(kernel)
    const [first, second] = [MANY, { memory: 8 << 20, memory_swap: 200 << 20, cpus: 2, pids: 7 }].map((l) =>
      holdable(l, all.controllers),
    ) as [Limits, Limits]
    all.groups.make("box", first)
    for (const [before, after] of [
      [first, second],
      [second, first],
      [first, {}],
      [{}, first],
    ] as [Limits, Limits][]) {
      all.groups.change("box", all.groups.limits(["box"], new Map([["box", [before]]])).get("box") ?? {}, after)
      assert.equal(held(all, "box", after), roundLimits(after, all.controllers))
    }
    all.groups.remove("box")
    assert.ok(all.isGone())
  },

  "what an earlier run left of a group is brought in line": ({ kernel }) => {
    const all = open(kernel)
    all.groups.make("box", holdable(MANY, all.controllers))
    all.groups.make("box", { pids: 3 })
    assert.equal(held(all, "box", {}), { pids: 3 })
    all.groups.remove("box")
    assert.ok(all.isGone())
  },

  "a container is in its parent's groups too, and follows where the parent's limits lead": async (subject) => {
    const { kernel } = subject
    const all = open(kernel)
    all.groups.make("tier", { memory: 64 << 20 })
    all.groups.make("tier/web", { pids: 50 })
    const { monitor, init } = await settle(subject, all, "tier/web", { pids: 50 })
    const inside = (controller: string) =>
      all.controllers[controller] === "v2" ||
      placesOf(kernel, init.pid).some((l) => l.split(":")[1]?.split(",").includes(controller) && l.endsWith("/tier/web"))
    assert.ok(inside("memory") && inside("pids"))
    all.groups.change("tier", { memory: 64 << 20 }, holdable({ memory: 64 << 20, cpus: 1, cpuset: "0" }, all.controllers))
    assert.equal(["cpu", "cpuset"].map(inside), [true, true])
    assert.equal(held(all, "tier/web", {}), { pids: 50 })
    all.groups.change("tier", held(all, "tier", { cpuset: "0" }), {})
    assert.equal([held(all, "tier", {}), held(all, "tier/web", {})], [{}, { pids: 50 }])
    await end(subject, all, monitor, "tier/web")
    all.groups.remove("tier")
    assert.ok(all.isGone())
  },

  "a group with processes cannot be removed; killed, it can, with what was made inside": async (subject) => {
    const { kernel } = subject
    const all = open(kernel)
    all.groups.make("box", { pids: 50 })
    const { monitor, init } = await settle(subject, all, "box", { pids: 50 })
    assert.equal(all.groups.monitors(), [monitor.pid])
    const line = placesOf(kernel, init.pid)
      .map((l) => all.groups.holdingPath(l))
      .find((path) => path !== undefined)
    assert.ok(all.groups.holdingFolder("box").endsWith(line ?? "?"))
    kernel.mkdir(`${all.groups.holdingFolder("box")}/nested`)
    assert.is(
      errnoOf(() => kernel.rmdir(all.groups.holdingFolder("box"))),
      "EBUSY",
    )
    await end(subject, all, monitor, "box")
    assert.ok(all.isGone())
  },

  "what is in a group comes into its successor, with what was made inside; the limits of that are as wanted": async (subject) => {
    const { kernel } = subject
    const all = open(kernel)
    all.groups.make("box", { pids: 50 })
    const { monitor, init } = await settle(subject, all, "box", { pids: 50 })
    for (let again = 0; again < 2; again++) {
      all.groups.succeed("box", "other", { pids: 60 })
      all.groups.moveAll("box", "other")
    }
    all.groups.remove("box")
    assert.equal(
      placesOf(kernel, init.pid).filter((line) => line.includes("/stack/") && !line.endsWith("/other")),
      [],
    )
    assert.equal(held(all, "other", {}), { pids: 60 })
    assert.equal(all.groups.groups(), ["other"])
    await end(subject, all, monitor, "other")
    assert.ok(all.isGone())
  },

  "folders of a run that came no further are tidied, but not under a running monitor": async (subject) => {
    const all = open(subject.kernel)
    all.groups.prepareMonitors()
    all.groups.tidy()
    assert.ok(all.isGone())
    all.groups.make("box", {})
    const { monitor } = await settle(subject, all, "box", {})
    all.groups.tidy()
    assert.equal(all.groups.monitors(), [monitor.pid])
    await end(subject, all, monitor, "box")
    assert.ok(all.isGone())
  },
}

async function end({ kernel }: Subject, { groups }: Groups, monitor: { pid: number; startTime: string }, path: string): Promise<void> {
  groups.kill(path)
  kernel.signal(monitor, SIGKILL)
  assert.ok(await kernel.gone(monitor, 10_000))
  await eventually(() => groups.monitors().length === 0, "the end of the monitor")
  groups.remove(path)
}
