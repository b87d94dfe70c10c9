/** Limits hold what presses against them: stress-ng does, and the kernel counts how often it was held back. */
import { existsSync, readFileSync, statSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, groupFile, live, scenario, test, titleOf } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { scratchFolder } from "../../support/sandbox.ts"

const MIB = 1024 * 1024
const PRESSING_S = 60

/** `stress-ng` in a container of its own, until it is ended. */
const pressing = (name: string, args: string, limits: string) =>
  `  ${name}: { image: host, stop_grace_period: 0, command: [stress-ng, --quiet, --temp-path, /tmp, ${args}], tmpfs: /tmp, limits: { ${limits} } }\n`

const applied = (sandbox: Sandbox, ...containers: string[]) => {
  const file = sandbox.file("stack.yaml", `name: held\ncontainers:\n${containers.join("")}`)
  apply(sandbox, file)
  return file
}

/** One value of a flat keyed file (`oom_kill 3`), or all of a file with one value. */
function counted(sandbox: Sandbox, controller: string, name: string, names: { v1: string; v2: string }, key?: string): number {
  const text = readFileSync(groupFile(sandbox, controller, `held/${name}`, names), "utf8")
  if (key === undefined) return Number(text.trim())
  return Number(new RegExp(`^${key} (\\d+)$`, "m").exec(text)?.[1] ?? "0")
}

/** The processes of a container, by its group. */
function members(sandbox: Sandbox, controller: string, name: string): number[] {
  const procs = { v1: "cgroup.procs", v2: "cgroup.procs" }
  const text = readFileSync(groupFile(sandbox, controller, `held/${name}`, procs), "utf8")
  return text.split("\n").filter(Boolean).map(Number)
}

/** Nanoseconds that they have run on processors. Documentation/scheduler/sched-stats.rst */
function ran(pids: readonly number[]): number {
  const of = (pid: number) => {
    try {
      return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0])
    } catch {
      return 0
    }
  }
  return pids.reduce((sum, pid) => sum + of(pid), 0)
}

scenario(
  "memory: what wants more than it may have is killed, and never had more; its neighbour hears nothing of it",
  async (sandbox) => {
    const file = applied(
      sandbox,
      pressing("hog", '--vm, "1", --vm-bytes, 256M, --vm-keep', "memory: 64M, memory_swap: 0"),
      pressing("calm", '--vm, "1", --vm-bytes, 8M, --vm-keep', "memory: 64M, memory_swap: 0"),
    )
    const events = { v1: "memory.oom_control", v2: "memory.events" }
    const killed = (name: string) => counted(sandbox, "memory", name, events, "oom_kill")
    await eventually(() => killed("hog") > 2, "nothing was killed", PRESSING_S)
    assert.is(killed("calm"), 0)
    const most = { v1: "memory.max_usage_in_bytes", v2: "memory.peak" }
    const peak = counted(sandbox, "memory", "hog", most)
    assert.ok(peak <= 64 * MIB && peak > 48 * MIB, `${peak} bytes at the most`)
    expectConverged(sandbox, file)
  },
  ["stress-ng"],
)

scenario(
  "cpus: what wants two processors and may have a quarter of one gets that, period by period; cpuset: on the processor that is named",
  async (sandbox) => {
    const file = applied(sandbox, pressing("spinner", '--cpu, "2"', 'cpus: 0.25, cpuset: "0"'))
    const stat = (key: string) => counted(sandbox, "cpu", "spinner", { v1: "cpu.stat", v2: "cpu.stat" }, key)
    const spinning = () => {
      const pids = members(sandbox, "cpu", "spinner")
      return pids.filter((pid) => titleOf(pid).startsWith("stress-ng-cpu")).length === 2 && pids
    }
    const pids = await eventually(spinning, "it does not spin", PRESSING_S)
    const [periods, throttled, before] = [stat("nr_periods"), stat("nr_throttled"), ran(pids)]
    await eventually(() => stat("nr_periods") >= periods + 20, "no period has passed", PRESSING_S)
    const used = ran(pids) - before
    const passed = stat("nr_periods") - periods
    assert.ok(stat("nr_throttled") - throttled > passed / 2, "it was not held back")
    // A quarter of each period of 100 ms; what a processor was given and did not use, it may use in the next.
    assert.ok(used <= 1.5 * 25e6 * passed, `${used} ns in ${passed} periods`)
    for (const pid of pids) {
      assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), /^Cpus_allowed_list:\t0$/m)
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")
      assert.is(fields[36], "0", "the processor that it was last on")
    }
    expectConverged(sandbox, file)
  },
  ["stress-ng"],
)

scenario(
  "cpu_weight: of two that want the same processor, the one with four times the weight has it most of the time",
  async (sandbox) => {
    const spinner = (name: string, weight: number) => pressing(name, '--cpu, "1"', `cpu_weight: ${weight}, cpuset: "0"`)
    applied(sandbox, spinner("light", 100), spinner("heavy", 400))
    const time = (name: string) => ran(members(sandbox, "cpu", name))
    const busy = (name: string) => members(sandbox, "cpu", name).some((pid) => titleOf(pid).startsWith("stress-ng-cpu"))
    await eventually(() => busy("light") && busy("heavy"), "they do not spin", PRESSING_S)
    const [light, heavy] = [time("light"), time("heavy")]
    await eventually(() => time("heavy") - heavy + time("light") - light > 2e9, "they do not run", PRESSING_S)
    const [had, more] = [time("light") - light, time("heavy") - heavy]
    assert.ok(more > 2 * had, `${more} against ${had} ns`)
  },
  ["stress-ng"],
)

scenario(
  "pids: what forks on and on is refused, and there are never more",
  async (sandbox) => {
    applied(sandbox, pressing("bomb", '--fork, "4", --fork-max, "64"', "pids: 16"))
    const refused = () => counted(sandbox, "pids", "bomb", { v1: "pids.events", v2: "pids.events" }, "max")
    const { init } = live(sandbox, "held", "bomb")
    await eventually(
      () => {
        assert.ok(members(sandbox, "pids", "bomb").length <= 16)
        return refused() > 10
      },
      "nothing was refused",
      PRESSING_S,
    )
    assert.is(live(sandbox, "held", "bomb").init, init)
  },
  ["stress-ng"],
)

const device = wholeDisk(numberOf(statSync(scratchFolder()).dev))

scenario(
  "io: what writes past the page cache writes no faster than it may",
  async (sandbox) => {
    const file = applied(
      sandbox,
      pressing("writer", '--hdd, "1", --hdd-bytes, 256M, --hdd-opts, direct', `io: [{ device: "${device}", wbps: 4M }]`).replace(
        ", tmpfs: /tmp",
        "",
      ),
    )
    const files = { v1: "blkio.throttle.io_service_bytes", v2: "io.stat" }
    const written = () => {
      const text = readFileSync(groupFile(sandbox, "blkio", "held/writer", files), "utf8")
      const [, v1, v2] = new RegExp(`^${device} (?:Write (\\d+)|.*wbytes=(\\d+))`, "m").exec(text) ?? []
      return Number(v1 ?? v2 ?? "0")
    }
    await eventually(() => written() > 4 * MIB, "it does not write", PRESSING_S)
    const [began, before] = [performance.now(), written()]
    await eventually(() => written() > before + 12 * MIB, "it does not go on", PRESSING_S)
    // A slow machine writes less in that time, never more.
    const allowed = 4 * MIB * ((performance.now() - began) / 1000 + 1)
    assert.ok(written() - before <= 1.25 * allowed, `${written() - before} bytes where ${allowed} may be`)
    expectConverged(sandbox, file)
  },
  ["stress-ng"],
  existsSync(`/sys/dev/block/${device}`) ? undefined : "what is on no disk has no limits there",
)

/** As the kernel writes it. makedev(3) */
function numberOf(dev: number): string {
  return `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
}

/** Limits are a disk's, not a partition's. */
function wholeDisk(number: string): string {
  const above = `/sys/dev/block/${number}/../dev`
  try {
    return readFileSync(`/sys/dev/block/${number}/partition`, "utf8") === "" ? number : readFileSync(above, "utf8").trim()
  } catch {
    return number
  }
}

test.run()
