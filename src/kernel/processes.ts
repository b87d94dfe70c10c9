import { join } from "node:path"
import { errnoOf } from "./errno.ts"
import type { Ffi } from "./ffi.ts"
import { nativeFolder } from "./ffi.ts"
import type { HeldNamespaces, Kernel, MountIn, ProcessId } from "./kernel.ts"
import type { ExecRecord } from "./launch/exec.ts"
import { encodeExec } from "./launch/exec.ts"
import type { LaunchTools } from "./launch/launching.ts"
import { startMonitor } from "./launch/launching.ts"
import type { Poller } from "./poller.ts"
import { openPoller } from "./poller.ts"
import { isAbsent, refused } from "./refused.ts"
import { startTimeIn } from "./start-time.ts"

type Processes = Pick<
  Kernel,
  | "spawn"
  | "heldNamespaces"
  | "heldRunFolder"
  | "signal"
  | "setLimit"
  | "mountFile"
  | "mountIn"
  | "unmountIn"
  | "gone"
  | "readIn"
  | "writeIn"
> & {
  become(record: ExecRecord): never
}

/** Descriptors at which a monitor keeps its run folder and its namespaces: native/README.md. */
const HELD: Readonly<Record<keyof HeldNamespaces, number>> = { net: 10, uts: 11, ipc: 12, user: 21 }
const RUN_FD = 8

/** The part of the port that is processes, and what is done inside their namespaces. `folder`: where stack-monitor is. */
export function openProcesses(ffi: Ffi, read: Kernel["read"], folder?: string, poller: Poller = openPoller(ffi)): Processes {
  let program: string | undefined
  const tools: LaunchTools = {
    ffi,
    poller,
    get program() {
      program ??= join(folder ?? nativeFolder(), "stack-monitor")
      return program
    },
    startTimeOf: (pid) => startTimeIn(read(`/proc/${pid}/stat`)),
  }
  const children = new Set<number>()
  return {
    spawn: async (record) => {
      const monitor = await startMonitor(tools, record)
      children.add(monitor.pid)
      return monitor
    },
    heldNamespaces: ({ pid }) => {
      const file = (kind: keyof HeldNamespaces) => `/proc/${pid}/fd/${HELD[kind]}`
      return { net: file("net"), uts: file("uts"), ipc: file("ipc"), user: file("user") }
    },
    heldRunFolder: (pid) => `/proc/${pid}/fd/${RUN_FD}`,
    signal: ({ pid, startTime }, signal) => {
      const result = ffi.signal(pid, startTime, signal)
      if (result === -errnoOf("ESRCH")) return false
      refused(`kill -${signal} ${pid}`, result)
      return true
    },
    setLimit: ({ pid, startTime }, { resource, name, soft, hard }) => {
      const result = ffi.setLimit(pid, startTime, resource, limitBytes(soft, hard))
      if (result !== -errnoOf("ESRCH")) refused(`prlimit --pid ${pid} --${name}=${soft}:${hard}`, result)
    },
    mountFile: ({ pid, startTime }, { source, target, folder }) => {
      const words = source === "" ? `umount ${target}` : `mount --bind ${source} ${target}`
      refused(`nsenter --mount --target ${pid} ${words}`, ffi.mountFile(pid, startTime, source, target, folder))
    },
    mountIn: (process, mount) => mountIn(ffi, process, mount),
    unmountIn: ({ pid, startTime }, { source, target }) => {
      refused(`nsenter --mount --target ${pid} umount ${target}`, ffi.unmountIn(pid, startTime, source, target))
    },
    gone: (process, timeoutMs) => untilGone(tools, process, timeoutMs, children),
    readIn: (namespaces, path) => readIn(ffi, namespaces, path),
    writeIn: (namespaces, path, text) => {
      const [first, second] = pair(namespaces)
      refused(`write ${path}${inside(namespaces)}`, ffi.writeIn(first, second, path, Buffer.from(text)))
    },
    become: (record) => {
      refused(`run ${record.argv[0] ?? ""}`, ffi.become(tools.program, encodeExec(record)))
      throw new Error("this process has become another and is still here")
    },
  }
}

/** By pidfd, which can be read as soon as the process has ended, reaped by its parent or not. */
function untilGone(tools: LaunchTools, process: ProcessId, timeoutMs: number, children: Set<number>): Promise<boolean> {
  const { ffi, poller } = tools
  const pidfd = ffi.pidfdOpen(process.pid, process.startTime)
  if (pidfd === -errnoOf("ESRCH")) return Promise.resolve(true)
  refused(`wait for process ${process.pid}`, pidfd)
  return new Promise((resolve) => {
    poller.wait(pidfd, timeoutMs, (inTime) => {
      if (inTime && children.delete(process.pid)) ffi.reap(process.pid)
      ffi.close(pidfd)
      resolve(inTime)
    })
  })
}

const NO_BOUND = (1n << 64n) - 1n

/** struct rlimit64 */
function limitBytes(...bounds: string[]): Uint8Array {
  const bytes = Buffer.alloc(8 * bounds.length)
  for (const [i, bound] of bounds.entries()) bytes.writeBigUInt64LE(bound === "max" ? NO_BOUND : BigInt(bound), 8 * i)
  return bytes
}

/** libstack visits two namespaces at once at most: nothing needs more. */
function pair(namespaces: readonly string[]): [string, string] {
  if (namespaces.length > 2) throw new RangeError("at most two namespaces at once")
  return [namespaces[0] ?? "", namespaces[1] ?? ""]
}

function inside(namespaces: readonly string[]): string {
  return namespaces.map((path) => ` in ${path}`).join("")
}

function readIn(ffi: Ffi, namespaces: readonly string[], path: string): string | null {
  const [first, second] = pair(namespaces)
  for (let size = 4096; ; size *= 4) {
    const room = Buffer.allocUnsafe(size)
    const length = ffi.readIn(first, second, path, room)
    if (isAbsent(length)) return null
    refused(`read ${path}${inside(namespaces)}`, length)
    if (length < size) return room.toString("utf8", 0, length)
  }
}

/** struct numbers in native/lib/mount-in.c. */
function mountIn(ffi: Ffi, { pid, startTime }: ProcessId, { what, target, owner }: MountIn): void {
  const copy = "source" in what ? what : undefined
  const numbers = Uint32Array.of(what.flags, copy?.propagation ?? 0, copy?.idmapped === true ? 1 : 0, owner.uid, owner.gid)
  const words = copy === undefined ? `mount tmpfs on ${target}` : `mount --bind ${copy.source} ${target}`
  const data = "data" in what ? what.data : ""
  refused(
    `nsenter --mount --target ${pid} ${words}`,
    ffi.mountIn(pid, startTime, copy?.source ?? "", target, data, Buffer.from(numbers.buffer)),
  )
}
