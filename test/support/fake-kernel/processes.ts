import { dropLink } from "./links.ts"
import type { FakeProcess, Machine, Namespace } from "./machine.ts"
import type { Node } from "./tree.ts"
import { textFile } from "./tree.ts"

const SIGTERM = 15
const SIGHUP = 1
const SIGKILL = 9
/** There is no clock: everything ends at the same second. */
const WHEN = 1_700_000_000

export type NewProcess = Pick<FakeProcess, "parent" | "cmdline" | "namespaces"> & Partial<FakeProcess>

/** A process in the root groups, unless it is born of another one: then in its groups. */
export function addProcess(machine: Machine, process: NewProcess): FakeProcess {
  const pid = machine.next.pid++
  machine.next.tick += 3
  const whole: FakeProcess = {
    fds: new Map(),
    uidMap: "0 0 4294967295\n",
    gidMap: "0 0 4294967295\n",
    first: false,
    limits: new Map(),
    oomScoreAdj: 0,
    handlesTerm: true,
    ...process,
    pid,
    startTime: `${machine.next.tick}`,
    groups: new Map(machine.processes.get(process.parent)?.groups),
  }
  for (const hierarchy of machine.hierarchies) if (!whole.groups.has(hierarchy)) whole.groups.set(hierarchy, hierarchy.root)
  for (const group of whole.groups.values()) group.members.add(pid)
  machine.processes.set(pid, whole)
  return whole
}

/** True where a process of that pid and start time was there, whether the signal did anything to it or not. */
export function sendSignal(machine: Machine, pid: number, startTime: string, signal: number): boolean {
  const process = machine.processes.get(pid)
  if (process?.startTime !== startTime) return false
  if (signal === SIGKILL) endProcess(machine, pid, signal)
  // Process 1 of a pid namespace never sees a signal that it has no handler for. pid_namespaces(7)
  else if (signal === SIGTERM && (!process.first || process.handlesTerm)) endProcess(machine, pid, signal)
  else if (signal === SIGHUP && process.record !== undefined) checkAnew(machine, process)
  return true
}

/** A monitor looks for its check again: every one succeeds, and at once, as long as there is a command. */
function checkAnew(machine: Machine, monitor: FakeProcess): void {
  const isRunning = [...machine.processes.values()].some(({ parent, parked }) => parent === monitor.pid && !parked)
  if (isRunning && monitor.runFolder?.children.has("check")) monitor.runFolder.children.set("health", healthy())
}

/** What a monitor writes of a check that has succeeded. */
export function healthy(): Node {
  return textFile("state healthy\nstreak 0\noutput\n", 0o600)
}

/** A process is gone, with all that cannot be without it: a monitor's child, a pid namespace's processes, namespaces nobody holds. */
export function endProcess(machine: Machine, pid: number, signal: number, status?: number): void {
  const process = machine.processes.get(pid)
  if (process === undefined) return
  machine.processes.delete(pid)
  for (const group of process.groups.values()) group.members.delete(pid)
  recordEnd(machine, process, signal, status)
  for (const other of [...machine.processes.values()]) {
    const orphan = process.record !== undefined && other.parent === pid
    if (orphan || (process.first && other.namespaces.pid === process.namespaces.pid)) endProcess(machine, other.pid, SIGKILL)
  }
  releaseNamespaces(machine, process)
}

/** What a monitor writes of its child's end into the run folder. */
function recordEnd(machine: Machine, process: FakeProcess, signal: number, status: number | undefined): void {
  const monitor = machine.processes.get(process.parent)
  if (monitor?.runFolder === undefined || monitor.parkedBy !== undefined) return
  const how = status === undefined ? `signal ${signal}` : `exit ${status}`
  monitor.runFolder.children.set("state", textFile(`${how}\nfinished ${WHEN}\n`, 0o600))
}

function releaseNamespaces(machine: Machine, process: FakeProcess): void {
  const held = new Set([...machine.processes.values()].flatMap((p) => [...Object.values(p.namespaces), ...p.fds.values()]))
  for (const namespace of new Set<Namespace>([...Object.values(process.namespaces), ...process.fds.values()])) {
    if (held.has(namespace)) continue
    machine.namespaces.delete(namespace.inode)
    // A veth's other end, in another namespace, goes with it.
    for (const link of [...(namespace.network?.links.values() ?? [])]) dropLink(link)
  }
}
