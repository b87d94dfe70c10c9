import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openFfi } from "../../src/kernel/ffi.ts"
import { openFiles } from "../../src/kernel/files.ts"
import type { LaunchRecord, ProcessId } from "../../src/kernel/kernel.ts"
import { KernelError } from "../../src/kernel/kernel.ts"
import { openProcesses } from "../../src/kernel/processes.ts"
import { makeGroups, removeGroup } from "../support/cgroups.ts"
import { eventually } from "../support/eventually.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const SIGKILL = 9
const LONG_MS = 10_000
// test/kernel/sanitize.test.ts runs this file on the build with sanitizers.
const native = process.env.STACK_TEST_NATIVE
const ffi = openFfi(native)
const files = openFiles(ffi)
const processes = openProcesses(ffi, files.read, native)
let folder = ""

test.before(() => {
  folder = mkdtempSync(`${tmpdir()}/stack-processes.`)
})
test.after(() => {
  rmSync(folder, { recursive: true, force: true })
})

function idOf(pid: number): ProcessId {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return { pid, startTime: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "" }
}

function sleeper(): ProcessId & { child: ChildProcess } {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" })
  return { child, ...idOf(child.pid ?? 0) }
}

let launches = 0

function recordOf(change: Partial<LaunchRecord> = {}): LaunchRecord {
  const runDir = `${folder}/${launches++}`
  mkdirSync(runDir)
  const map = "0 100000 65536\n"
  return {
    title: `stack-monitor test container.c${launches}`,
    runDir,
    namespaces: { user: "new", mount: "new", pid: "new", net: "new", uts: "new", ipc: "new", cgroup: "new" },
    ...{ uidMap: map, gidMap: map, cgroup2: "", cgroups1: [], monitorCgroup2: "", monitorCgroups1: [] },
    ...{ prepare: [], openPaths: [], setup: [], mounts: [], files: [], init: "", owner: { uid: 0, gid: 0 } },
    ...{ uid: 0, gid: 0, groups: [], capabilities: "0", noNewPrivileges: true, rlimits: [], oomScoreAdj: 0, filter: null },
    ...{ cwd: "/", argv: ["sleep", "1000"], env: ["PATH=/usr/bin:/bin"] },
    ...change,
  }
}

async function end(...ids: ProcessId[]): Promise<void> {
  for (const id of ids) processes.signal(id, SIGKILL)
  for (const id of ids) assert.ok(await processes.gone(id, LONG_MS))
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return "none"
  } catch (e) {
    assert.instance(e, KernelError)
    return (e as KernelError).message
  }
}

const descriptors = () => readdirSync("/proc/self/fd").length
/** Monitors that are children of this process, dead ones too. */
const monitors = () => {
  const pids = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean)
  return pids.filter((pid) => files.read(`/proc/${pid}/comm`) === "stack-monitor\n")
}
const nothingIsLeft = (before: number) => eventually(() => monitors().length === 0 && descriptors() === before)

test("a signal reaches only the process with that start time", async () => {
  const { child, pid, startTime } = sleeper()
  const stranger = { pid, startTime: `${Number(startTime) - 1}` }
  assert.is(processes.signal(stranger, SIGKILL), false)
  assert.is(await processes.gone(stranger, 0), true)
  assert.is(await processes.gone({ pid, startTime }, 20), false)
  assert.is(child.exitCode, null)
  assert.is(processes.signal({ pid, startTime }, SIGKILL), true)
  assert.is(await processes.gone({ pid, startTime }, LONG_MS), true)
  assert.throws(() => processes.signal(idOf(process.pid), 4711), `kill -4711 ${process.pid}: EINVAL`)
})

test("many are waited for at once, with the event loop alive and the processor at rest", async () => {
  const all = Array.from({ length: 60 }, sleeper)
  const before = descriptors()
  let ticks = 0
  const clock = setInterval(() => ticks++, 10)
  const began = process.cpuUsage()
  const waits = all.map((id) => processes.gone(id, LONG_MS))
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { user, system } = process.cpuUsage(began)
  clearInterval(clock)
  for (const id of all) processes.signal(id, SIGKILL)
  assert.ok((await Promise.all(waits)).every(Boolean))
  assert.ok(ticks > 15, `${ticks} ticks of a clock in half a second`)
  // An emulated processor is busy with whatever it does.
  const allowed = process.env.VM_RUN === undefined ? 250_000 : 2_000_000
  assert.ok(user + system < allowed, `${user + system} µs of processor time in half a second`)
  assert.is(descriptors(), before)
})

test("a monitor parks, goes, and leaves nothing of its launch in this process", async () => {
  const first = await processes.spawn(recordOf())
  await end(first, first.init)
  const before = descriptors()
  const monitor = await processes.spawn(recordOf({ setup: [{ op: "hostname", name: "inside" }] }))
  const { init } = monitor
  assert.equal(monitor.startTime, idOf(monitor.pid).startTime)
  assert.equal(init, idOf(init.pid))
  assert.is(files.read(`/proc/${init.pid}/uid_map`)?.trim().replace(/\s+/g, " "), "0 100000 65536")
  await monitor.go()
  assert.is(files.read(`/proc/${init.pid}/cmdline`), "sleep\u00001000\u0000")
  assert.is(descriptors(), before)
  const { net, uts, ipc } = processes.heldNamespaces(monitor)
  const held = [net, uts, ipc].map((path) => readlinkSync(path))
  const own = ["net", "uts", "ipc"].map((kind) => readlinkSync(`/proc/${init.pid}/ns/${kind}`))
  assert.equal(held, own)
  await end(monitor, init)
  assert.equal(monitors(), [])
})

test("many launches under way at once are each answered with their own", async () => {
  const before = descriptors()
  const all = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => ({
      host: `host${i}`,
      monitor: await processes.spawn(recordOf({ setup: [{ op: "hostname", name: `host${i}` }] })),
    })),
  )
  assert.is(new Set(all.map(({ monitor }) => monitor.pid)).size, all.length)
  for (const { monitor } of all) await monitor.go()
  for (const { host, monitor } of all) {
    assert.is(processes.readIn([processes.heldNamespaces(monitor).uts], "/proc/sys/kernel/hostname"), `${host}\n`)
    await end(monitor, monitor.init)
  }
  await nothingIsLeft(before)
})

test("files are read and written inside a container's namespaces, and this process stays where it is", async () => {
  const monitor = await processes.spawn(recordOf({ setup: [{ op: "hostname", name: "inside" }] }))
  const { init } = monitor
  await monitor.go()
  const { net, uts, ipc } = processes.heldNamespaces(monitor)
  const before = [hostname(), readlinkSync("/proc/thread-self/ns/net"), readlinkSync("/proc/thread-self/ns/uts"), descriptors()]
  assert.is(processes.readIn([uts], "/proc/sys/kernel/hostname"), "inside\n")
  processes.writeIn([uts, net], "/proc/sys/kernel/hostname", "renamed")
  assert.is(processes.readIn([net, uts], "/proc/sys/kernel/hostname"), "renamed\n")
  processes.writeIn([net], "/proc/sys/net/ipv4/ip_default_ttl", "77")
  assert.is(processes.readIn([net], "/proc/sys/net/ipv4/ip_default_ttl"), "77\n")
  assert.is(processes.readIn([], "/proc/sys/net/ipv4/ip_default_ttl"), "64\n")
  assert.is(processes.readIn([ipc], "/proc/sys/kernel/none"), null)
  assert.is(processes.readIn(["/proc/999999999/ns/net"], "/proc/sys/kernel/hostname"), null)
  assert.throws(() => processes.writeIn([net], "/proc/sys/net/ipv4/ip_default_ttl", "x"), /^write .*ip_default_ttl in .*: EINVAL$/)
  assert.throws(() => processes.readIn(["/proc/self/ns/mnt"], "/proc/version"), "EINVAL")
  assert.throws(() => processes.readIn(["/dev/null"], "/proc/version"), "EINVAL")
  const after = [hostname(), readlinkSync("/proc/thread-self/ns/net"), readlinkSync("/proc/thread-self/ns/uts"), descriptors()]
  assert.equal(after, before)
  await end(monitor, init)
})

test("monitor and container are born in their cgroups", async () => {
  const groups = makeGroups(`stack-processes.${process.hrtime.bigint()}`)
  try {
    const two = groups.find((group) => group.version === 2)
    const one = groups.filter((group) => group.version === 1 && group.controllers.includes("pids"))
    const leaf = (name: string) => {
      if (two === undefined) return ""
      mkdirSync(`${two.folder}/${name}`)
      return `${two.folder}/${name}`
    }
    const [monitorCgroup2, cgroup2] = [leaf("monitor"), leaf("container")]
    const folders = one.map((group) => group.folder)
    const monitor = await processes.spawn(recordOf({ monitorCgroup2, cgroup2, cgroups1: folders, monitorCgroups1: folders }))
    const { init } = monitor
    if (two !== undefined) assert.is(files.read(`${monitorCgroup2}/cgroup.procs`), `${monitor.pid}\n`)
    if (two !== undefined) assert.is(files.read(`${cgroup2}/cgroup.procs`), `${init.pid}\n`)
    for (const path of folders) assert.equal(members(path), [monitor.pid, init.pid].sort())
    await monitor.go()
    await end(monitor, init)
  } finally {
    for (const group of groups) await removeGroup(group.folder)
  }
})

const members = (path: string) => (files.read(`${path}/tasks`) ?? "").trim().split("\n").map(Number).sort()

test("a launch that fails says at which step, and leaves no process and no descriptor", async () => {
  const launch = (change: Partial<LaunchRecord>) => refusal(processes.spawn(recordOf(change)).then((monitor) => monitor.go()))
  const before = descriptors()
  const { namespaces } = recordOf()
  assert.is(await launch({ argv: ["no-such-command"] }), "run no-such-command: ENOENT")
  assert.is(await launch({ uidMap: "0 0\n" }), 'write uid_map "0 0": EINVAL')
  assert.is(await launch({ namespaces: { ...namespaces, net: "/none" } }), "join the net namespace /none: ENOENT")
  assert.is(await launch({ cgroups1: [`${folder}/none`] }), `enter the cgroup ${folder}/none: ENOENT`)
  assert.is(await launch({ runDir: `${folder}/none` }), `open ${folder}/none: ENOENT`)
  const sysctl = { op: "sysctl", name: "net.ipv4.none", value: "1" } as const
  assert.is(await launch({ setup: [{ op: "hostname", name: "x" }, sysctl] }), "sysctl net.ipv4.none=1 (setup step 2): ENOENT")
  assert.match(await launch({ monitorCgroup2: `${folder}/none` }), /^start stack-monitor test container\.c\d+: ENOENT$/)
  assert.match(await launch({ argv: ["a\0b"] }), "a NUL byte in command")
  assert.match(await launch({ title: "a\0b" }), "EINVAL")
  await nothingIsLeft(before)
})

test("an abandoned monitor and its parked process end by themselves", async () => {
  const before = descriptors()
  const monitor = await processes.spawn(recordOf())
  const { init } = monitor
  monitor.abandon()
  assert.ok(await processes.gone(init, LONG_MS))
  await nothingIsLeft(before)
})

test("a monitor killed while it is parked makes go fail, not hang", async () => {
  const before = descriptors()
  const monitor = await processes.spawn(recordOf())
  const { init } = monitor
  processes.signal(monitor, SIGKILL)
  assert.ok(await processes.gone(init, LONG_MS))
  assert.match(await refusal(monitor.go()), "start the monitor: ESRCH")
  await nothingIsLeft(before)
})

test("a command that ends at once has been started", async () => {
  for (let i = 0; i < 50; i++) {
    const record = recordOf({ argv: ["true"] })
    const monitor = await processes.spawn(record)
    await monitor.go()
    await eventually(() => files.read(`${record.runDir}/state`) !== null)
    assert.match(files.read(`${record.runDir}/state`) ?? "", "exit 0")
    await end(monitor)
  }
})

if (inOwnNamespaces(import.meta.url)) test.run()
