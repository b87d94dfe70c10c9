import { sysctlPath } from "../../../src/base/sysctl-name.ts"
import type { HeldNamespaces, LaunchRecord, Monitor, NamespaceKind, SetupOp } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { addLoopback } from "./addresses.ts"
import { enterGroup, groupAt } from "./cgroups.ts"
import type { FakeProcess, Machine, Namespace, Namespaces } from "./machine.ts"
import { makeNamespace, namespaceAt, refuse } from "./machine.ts"
import { newNetwork } from "./network.ts"
import { addProcess, endProcess, healthy } from "./processes.ts"
import { defaultSysctls, setSysctl } from "./sysctls.ts"
import type { Node } from "./tree.ts"
import { folder, lookup, makeFolder, putFile, textFile } from "./tree.ts"

const SIGKILL = 9
/** Where a monitor keeps the namespaces open: native/README.md */
export const HELD: readonly (readonly [number, keyof HeldNamespaces])[] = [
  [10, "net"],
  [11, "uts"],
  [12, "ipc"],
  [21, "user"],
]

/** What counts and may fail: one place for all that changes something. */
export type Mutate = <T>(op: string, work: () => T) => T

/** A monitor, and the container's process beside it, waiting. */
export async function launch(machine: Machine, self: FakeProcess, record: LaunchRecord, mutate: Mutate): Promise<Monitor> {
  const { monitor, parked } = mutate(`start ${record.title}`, () => start(machine, self, record))
  if (parked instanceof KernelError) throw parked
  return {
    ...idOf(monitor),
    init: idOf(parked),
    go: () => {
      try {
        mutate(`go ${record.title}`, () => go(machine, monitor))
        return Promise.resolve()
      } catch (failure) {
        return Promise.reject(failure as Error)
      }
    },
    abandon: () => void (monitor.parkedBy === undefined || endProcess(machine, monitor.pid, SIGKILL)),
  }
}

function idOf({ pid, startTime }: FakeProcess): { pid: number; startTime: string } {
  return { pid, startTime }
}

function start(machine: Machine, self: FakeProcess, record: LaunchRecord): { monitor: FakeProcess; parked: FakeProcess | KernelError } {
  const monitor = addProcess(machine, {
    parent: self.pid,
    cmdline: `${record.title}\0`,
    namespaces: { ...self.namespaces },
    record,
    parkedBy: self.pid,
  })
  try {
    if (record.monitorCgroup2 !== "") enter(machine, monitor, record.monitorCgroup2, `start ${record.title}`)
  } catch (failure) {
    endProcess(machine, monitor.pid, SIGKILL)
    throw failure
  }
  try {
    return { monitor, parked: park(machine, self, monitor, record) }
  } catch (failure) {
    endProcess(machine, monitor.pid, SIGKILL)
    if (failure instanceof KernelError) return { monitor, parked: failure }
    throw failure
  }
}

function enter(machine: Machine, process: FakeProcess, path: string, op: string): void {
  const group = groupAt(machine, path) ?? refuse(op, "ENOENT")
  enterGroup(process, group, op)
}

function park(machine: Machine, self: FakeProcess, monitor: FakeProcess, record: LaunchRecord): FakeProcess {
  for (const path of record.monitorCgroups1) enter(machine, monitor, path, `enter the monitors' cgroup ${path}`)
  prepare(machine, record)
  const runFolder = lookup(machine.root, record.runDir)
  if (runFolder?.type !== "folder") refuse(`open ${record.runDir}`, "ENOENT")
  monitor.runFolder = runFolder
  if (lookup(machine.root, `${record.runDir}/log`) === undefined) putFile(machine.root, `${record.runDir}/log`, textFile("", 0o600))
  const namespaces = makeNamespaces(machine, self, record)
  checkMap(record.uidMap, "uid_map")
  checkMap(record.gidMap, "gid_map")
  if (record.namespaces.user === "new") namespaces.user.maps = { uidMap: record.uidMap, gidMap: record.gidMap }
  const init = addProcess(machine, {
    parent: monitor.pid,
    cmdline: `${record.title}\0`,
    namespaces,
    first: record.namespaces.pid === "new",
    handlesTerm: false,
    parked: true,
    oomScoreAdj: record.oomScoreAdj,
    ...namespaces.user.maps,
  })
  init.mounted = mountedFiles(machine, record)
  const folders = [record.cgroup2, ...record.cgroups1].filter((path) => path !== "")
  for (const path of folders) enter(machine, init, path, `enter the cgroup ${folders.join(" ")}`)
  for (const [fd, kind] of HELD) if (record.namespaces[kind] !== "host") monitor.fds.set(fd, namespaces[kind])
  return init
}

/** mkdir -m MODE, ln -s, chown: being there is fine. */
function prepare(machine: Machine, record: LaunchRecord): void {
  let made = false
  for (const { path, mode, uid, gid, link, fresh } of record.prepare) {
    if (fresh && !made) continue
    made = lookup(machine.root, path) === undefined
    if (link !== undefined) putFile(machine.root, path, { type: "link", to: link, mode: 0o777, uid, gid })
    else {
      makeFolder(machine.root, path, mode)
      Object.assign(lookup(machine.root, path) ?? folder(), { mode, uid, gid })
    }
  }
  for (const { source } of record.mounts) if (lookup(machine.root, source) === undefined) refuse(`open_tree ${source}`, "ENOENT")
  for (const path of record.openPaths) if (lookup(machine.root, path) === undefined) refuse(`open ${path}`, "ENOENT")
}

/** What is opened before is what is seen, whatever comes to its place. */
function mountedFiles(machine: Machine, { setup, mounts }: LaunchRecord): Map<string, Node> {
  return new Map(
    setup.flatMap((op) => {
      const node = op.op === "attach" ? lookup(machine.root, mounts[op.mount]?.source ?? "") : undefined
      return op.op === "attach" && node !== undefined ? [[op.target, node] as const] : []
    }),
  )
}

function makeNamespaces(machine: Machine, self: FakeProcess, record: LaunchRecord): Namespaces {
  const kinds = Object.entries(record.namespaces) as [NamespaceKind, string][]
  return Object.fromEntries(kinds.map(([kind, mode]) => [kind, namespaceFor(machine, self, kind, mode)])) as Namespaces
}

function namespaceFor(machine: Machine, self: FakeProcess, kind: NamespaceKind, mode: string): Namespace {
  if (mode === "host") return self.namespaces[kind]
  if (mode !== "new") {
    const op = `join the ${kind} namespace ${mode}`
    const joined = namespaceAt(machine, self, mode) ?? refuse(op, "ENOENT")
    return joined.kind === kind ? joined : refuse(op, "EINVAL")
  }
  const namespace = makeNamespace(machine, kind, defaultSysctls(kind))
  if (kind === "uts") namespace.sysctls = new Map(self.namespaces.uts.sysctls)
  if (kind === "net") namespace.network = loopbackNetwork()
  return namespace
}

/** The container's process brings its own loopback up. */
function loopbackNetwork(): NonNullable<Namespace["network"]> {
  const network = newNetwork()
  const lo = network.links.get(1)
  if (lo !== undefined) {
    lo.up = true
    addLoopback(lo)
  }
  return network
}

/** Ranges must not overlap, on either side. user_namespaces(7) */
function checkMap(map: string, file: string): void {
  const rows = map
    .split("\n")
    .filter(Boolean)
    .map((row) => row.split(" ").map(Number))
  const clash = (a: number, b: number, n: number, m: number) => a < b + m && b < a + n
  const bad = rows.some(
    ([c = 0, h = 0, n = 0], i) => n < 1 || rows.slice(i + 1).some(([c2 = 0, h2 = 0, m = 0]) => clash(c, c2, n, m) || clash(h, h2, n, m)),
  )
  if (bad) refuse(`write ${file} "${map.trim().replaceAll("\n", ", ")}"`, "EINVAL")
}

/** Setup, then exec: a failure ends the container and its monitor. */
function go(machine: Machine, monitor: FakeProcess): void {
  const { record } = monitor
  const init = [...machine.processes.values()].find((p) => p.parent === monitor.pid)
  if (record === undefined || init === undefined || !machine.processes.has(monitor.pid))
    refuse("start the monitor", "ESRCH", "it ended before its container was started")
  try {
    for (const op of record.setup) setup(init, op)
    const errno = machine.execError(record)
    if (errno !== undefined) refuse(`run ${record.argv[0] ?? ""}`, errno)
  } catch (failure) {
    endProcess(machine, monitor.pid, SIGKILL)
    throw failure
  }
  delete monitor.parkedBy
  delete init.parked
  init.cmdline = record.argv.map((word) => `${word}\0`).join("")
  init.handlesTerm = machine.handlesTerm(record)
  init.confinement = record
  // Every check of it succeeds, and at once.
  if (record.checked) monitor.runFolder?.children.set("health", healthy())
  for (const { resource, soft, hard } of record.rlimits) init.limits.set(resource, { soft, hard })
}

/** Mounts leave no trace outside of the container: only what can be read back is done. */
function setup(init: FakeProcess, op: SetupOp): void {
  if (op.op === "hostname") setSysctl(init.namespaces.uts, "kernel/hostname", op.name, `hostname ${op.name}`)
  if (op.op !== "sysctl") return
  const file = sysctlPath(op.name).slice("/proc/sys/".length)
  const namespace = [init.namespaces.net, init.namespaces.ipc, init.namespaces.uts].find((n) => n.sysctls.has(file))
  const words = `sysctl ${op.name}=${op.value}`
  setSysctl(namespace, file, file === "net/ipv4/ping_group_range" ? hostGroups(op.value, init.gidMap, words) : op.value, words)
}

/** Who writes it means the groups of its own user namespace; a range that ends before it begins is the same to all. */
function hostGroups(value: string, gidMap: string, op: string): string {
  const ids = value.split(" ").map(Number)
  const rows = gidMap.split("\n").filter(Boolean)
  const maps = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number, number])
  const mapped = ids.map((id) => {
    const [inside, outside] = maps.find(([first, , count]) => id >= first && id < first + count) ?? refuse(op, "EINVAL")
    return outside + id - inside
  })
  return (mapped[0] ?? 0) > (mapped[1] ?? 0) ? "1 0" : mapped.join(" ")
}
