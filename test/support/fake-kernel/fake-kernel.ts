import { announcementTwin } from "../../../src/kernel/announcements.ts"
import { flowTwin } from "../../../src/kernel/flows.ts"
import type { HeldNamespaces, Kernel, LaunchRecord, Link, LinkCounters, ProcessId } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { ruleTwin } from "../../../src/kernel/netlink/nft/change.ts"
import { wireGuardTwin } from "../../../src/kernel/wireguard.ts"
import { archiveCalls } from "./archives.ts"
import { attachProgram, programsAt } from "./cgroup-programs.ts"
import { describeMachine } from "./describe.ts"
import { fileCalls, mountFile, refusalOf } from "./files.ts"
import { HELD, launch } from "./launch.ts"
import { dropLink, findLink } from "./links.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import { mountIn, unmountIn } from "./mounts.ts"
import { callIn, dump, networkOf, perform, routing } from "./net.ts"
import type { NetLink } from "./network.ts"
import { changeRules, readRules, readTable } from "./packet-rules.ts"
import { addProcess, endProcess, sendSignal } from "./processes.ts"
import { RUN_FD } from "./procfs.ts"
import type { MachineOptions } from "./start.ts"
import { startMachine } from "./start.ts"
import { readSysctl, writeSysctl } from "./sysctls.ts"
import { openTap } from "./taps.ts"
import { pathOf } from "./tree.ts"
import { setWireGuard, wireGuard } from "./wireguard.ts"

/**
 * What befalls a change: nothing, a refusal in its place, the sudden end of the run just before or just after it, or (late)
 * it is done and then called refused.
 */
export type Fault = "kill-before" | "kill-after" | KernelError | { late: KernelError } | undefined

export interface FakeOptions extends MachineOptions {
  /** Asked before each change, which are counted from 1 in each run; every single netlink request is one. May also throw. */
  onOperation?(n: number, op: string): Fault
}

/** The run was killed by a fault: nothing it calls does anything any more. */
export class RunKilled extends Error {}

/** A kernel in memory, as one run of the program sees it. Deterministic: the same calls give the same pids, numbers and texts. */
export interface FakeKernel extends Kernel {
  machine: Machine
  /** The changes of this run in order, attempted ones too, and how often something was read. */
  counts: { operations: string[]; reads: number }
  /** Whether a fault has killed this run, or another has begun. */
  readonly ended: boolean
  /** Another run on the same machine: this one has ended (its parked containers and locks with it). */
  restart(onOperation?: FakeOptions["onOperation"]): FakeKernel
  /** The container's command ends by itself. */
  endCommand(container: string, status: number): void
  /** Everything there is, as canonical text: for comparing two moments. */
  describe(): string
}

export function fakeKernel(options: FakeOptions = {}): FakeKernel {
  return startRun(startMachine(options), options.onOperation)
}

const SIGKILL = 9

interface RunState {
  machine: Machine
  self: FakeProcess
  dead: boolean
  counts: { operations: string[]; reads: number }
  /** Those that would go with this run. */
  taps: Set<NetLink>
  onOperation: FakeOptions["onOperation"]
}

/** No packet ever goes over a link of its. */
function untouched({ index, up, state }: Link): LinkCounters {
  const none = { bytes: 0, packets: 0, errors: 0, dropped: 0 }
  return { index, carrier: up && state !== "down" && state !== "lowerlayerdown", rx: none, tx: none }
}

function startRun(machine: Machine, onOperation: FakeOptions["onOperation"]): FakeKernel {
  const host = machine.processes.get(1)
  if (host === undefined) throw new Error("the machine has no process 1")
  const self = addProcess(machine, { parent: 1, cmdline: "node\0", namespaces: { ...host.namespaces } })
  machine.running = self.pid
  const run: RunState = { machine, self, dead: false, counts: { operations: [], reads: 0 }, taps: new Set(), onOperation }
  const mutate = <T>(op: string, work: () => T): T => change(run, op, work)
  const reading = <T>(work: () => T): T => {
    stillAlive(run)
    run.counts.reads++
    return work()
  }
  const net: FakeKernel["net"] = (ns, requests) =>
    requests.map((request) => refusalOf(() => mutate(request.op, () => perform(machine, self, ns, request))))
  const readIn: FakeKernel["readIn"] = (namespaces, path) => reading(() => readSysctl(machine, self, namespaces, path))
  return {
    machine,
    counts: run.counts,
    ...fileCalls({ machine, self, mutate, reading }),
    ...archiveCalls({ machine, mutate, reading }),
    dump: (ns) => reading(() => dump(machine, self, ns)),
    routing: (ns) => reading(() => routing(machine, self, ns)),
    counters: (ns) => reading(() => dump(machine, self, ns).links.map(untouched)),
    cookie: (ns) => reading(() => networkOf(machine, self, ns, `open ${ns}`).cookie),
    hasQdisc: (kind) => reading(() => kind === "tbf" || machine.netem),
    net,
    netLater: async (ns, requests) => {
      // As the real one may: only after what is asked for behind it.
      await new Promise((resolve) => setImmediate(resolve))
      return net(ns, requests)
    },
    attachDevices: (folder, program) => mutate(`bpf attach ${program.name}`, () => attachProgram(machine, folder, program.name)),
    devicePrograms: (folders) => reading(() => folders.map((folder) => programsAt(machine, folder))),
    tries: () => reading(() => new Map()),
    readIn,
    dial: async (_socket, host, port) => reading(() => refuse(`connect to ${host}:${port}`, "ENETUNREACH")),
    visit: () => ({ dump: (ns) => reading(() => dump(machine, self, ns)), read: (namespace, path) => readIn([namespace], path) }),
    readRules: (table) => reading(() => readRules(self.namespaces.net, table)),
    readTable: (family, table) => reading(() => readTable(self.namespaces.net, family, table)),
    wireGuard: (ns, link) => reading(() => wireGuard(callIn(machine, self, ns, `wg show ${link}`), link)),
    setWireGuard: (ns, link, set) => {
      const twin = wireGuardTwin(link, set)
      mutate(twin, () => setWireGuard(callIn(machine, self, ns, twin), link, set))
    },
    openTap: (ns, tap) => openTap({ machine, self, ns, taps: run.taps, mutate }, tap),
    changeRules: (changes) => mutate(changes.map(ruleTwin).join("; "), () => changeRules(self.namespaces.net, changes)),
    announce: (ns, link, holdings) => {
      const twin = announcementTwin(link, holdings)
      mutate(twin, () => void findLink(callIn(machine, self, ns, twin), link))
    },
    flows: () => reading(() => self.namespaces.net.flows ?? []),
    forgetFlows: (flows) =>
      mutate(flows.map(flowTwin).join("; "), () => {
        self.namespaces.net.flows = (self.namespaces.net.flows ?? []).filter(({ id }) => !flows.some((one) => one.id === id))
      }),
    writeIn: (namespaces, path, text) => mutate(`write ${path}`, () => writeSysctl(machine, self, namespaces, path, text)),
    spawn: (record: LaunchRecord) => launch(machine, self, record, mutate),
    heldNamespaces: (monitor) => heldPaths(monitor),
    heldRunFolder: (pid) => `/proc/${pid}/fd/${RUN_FD}`,
    signal: ({ pid, startTime }, signal) => mutate(`kill -${signal} ${pid}`, () => sendSignal(machine, pid, startTime, signal)),
    setLimit: ({ pid, startTime }, { resource, soft, hard, name }) =>
      mutate(`prlimit --${name} ${pid}`, () => {
        const process = machine.processes.get(pid)
        if (process?.startTime === startTime) process.limits.set(resource, { soft, hard })
      }),
    mountIn: (process, mount) => mutate(`mount ${mount.target}`, () => mountIn(machine, process, mount)),
    unmountIn: (process, mount) => mutate(`umount ${mount.target}`, () => unmountIn(machine, process, mount)),
    mountFile: (process, mount) => mutate(`mount ${mount.source} ${mount.target}`, () => mountFile(machine, process, mount)),
    gone: ({ pid, startTime }) => Promise.resolve(reading(() => machine.processes.get(pid)?.startTime !== startTime)),
    get ended() {
      return run.dead
    },
    restart(next) {
      endRun(run)
      return startRun(machine, next)
    },
    endCommand: (container, status) => endCommand(machine, container, status),
    describe: () => describeMachine(machine),
  }
}

function stillAlive(run: RunState): void {
  if (run.dead) throw new RunKilled("this run was killed")
  run.machine.running = run.self.pid
}

function change<T>(run: RunState, op: string, work: () => T): T {
  stillAlive(run)
  run.counts.operations.push(op)
  const fault = run.onOperation?.(run.counts.operations.length, op)
  if (fault instanceof KernelError) throw fault
  if (fault === "kill-before") kill(run, op)
  try {
    return work()
  } finally {
    // biome-ignore-start lint/correctness/noUnsafeFinally: the fault is what happens, whatever the work came to
    if (fault === "kill-after") kill(run, op)
    if (typeof fault === "object" && "late" in fault) throw fault.late
    // biome-ignore-end lint/correctness/noUnsafeFinally: see above
  }
}

function kill(run: RunState, op: string): never {
  endRun(run)
  throw new RunKilled(`killed at: ${op}`)
}

/** What hangs on a running program: its locks, and containers that still wait for its "go". */
function endRun(run: RunState): void {
  const { machine, self } = run
  if (run.dead) return
  run.dead = true
  for (const [file, pid] of machine.locks) if (pid === self.pid) machine.locks.delete(file)
  for (const process of [...machine.processes.values()]) if (process.parkedBy === self.pid) endProcess(machine, process.pid, SIGKILL)
  for (const tap of run.taps) dropLink(tap)
  endProcess(machine, self.pid, SIGKILL)
  for (const process of machine.processes.values()) if (process.parent === self.pid) process.parent = 1
}

function heldPaths({ pid }: Pick<ProcessId, "pid">): HeldNamespaces {
  return Object.fromEntries(HELD.map(([fd, kind]) => [kind, `/proc/${pid}/fd/${fd}`])) as HeldNamespaces
}

function endCommand(machine: Machine, container: string, status: number): void {
  const isIts = ({ runFolder }: FakeProcess) =>
    runFolder !== undefined && pathOf(machine.root, runFolder)?.endsWith(`/${container}`) === true
  const monitor = [...machine.processes.values()].find(isIts)
  const init = [...machine.processes.values()].find((p) => p.parent === monitor?.pid)
  if (init === undefined) throw new Error(`container ${container} does not run`)
  endProcess(machine, init.pid, 0, status)
}
