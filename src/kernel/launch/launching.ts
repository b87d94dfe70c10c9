import { errnoName } from "../errno.ts"
import type { Ffi } from "../ffi.ts"
import { SPAWNED_BYTES } from "../ffi.ts"
import type { LaunchRecord, Monitor, ProcessId } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import type { Poller } from "../poller.ts"
import { encodeRecord } from "./record.ts"
import type { StatusMessage } from "./status.ts"
import { decodeStatus, launchFailure, monitorEnded } from "./status.ts"

/** How long an abandoned or failed monitor may take to end, before it is left to itself. */
const ENDING_MS = 5000

/** What a launch needs around it. */
export interface LaunchTools {
  ffi: Ffi
  poller: Poller
  /** Path of the program stack-monitor. */
  program: string
  startTimeOf(pid: number): string | undefined
}

/** This process's side of a monitor: three descriptors, and what has been read of its status pipe. */
interface Launch {
  tools: LaunchTools
  record: LaunchRecord
  process: ProcessId
  pidfd: number
  statusFd: number
  /** -1: used up. */
  goFd: number
  unread: Buffer
  /** Messages that nobody has taken yet. */
  messages: StatusMessage[]
  ended: boolean
  failure?: KernelError
}

/**
 * Starts a monitor, beside what else goes on. Its status pipe is read only while somebody waits for an answer: a parked monitor costs nothing,
 * and keeps nothing running here.
 *
 * @throws KernelError when not even the program could be started, or the stage of its launch that has failed
 */
export async function startMonitor(tools: LaunchTools, record: LaunchRecord): Promise<Monitor> {
  const launch = await spawn(tools, record)
  const init = await untilParked(launch)
  return { ...launch.process, init, go: () => go(launch), abandon: () => closeDown(launch) }
}

async function spawn(tools: LaunchTools, record: LaunchRecord): Promise<Launch> {
  const refused = (result: number) => new KernelError(`start ${record.title}`, errnoName(result))
  const statusFd = tools.ffi.spawnBegin(tools.program, record.title, record.monitorCgroup2, encodeRecord(record))
  if (statusFd < 0) throw refused(statusFd)
  await untilReadable(tools, statusFd)
  const out = Buffer.alloc(SPAWNED_BYTES)
  const result = tools.ffi.spawnEnd(statusFd, out)
  if (result < 0) {
    tools.ffi.close(statusFd)
    throw refused(result)
  }
  return {
    tools,
    record,
    process: { pid: out.readInt32LE(0), startTime: out.toString("latin1", 12).replaceAll("\0", "") },
    pidfd: out.readInt32LE(4),
    statusFd,
    goFd: out.readInt32LE(8),
    unread: Buffer.alloc(0),
    messages: [],
    ended: false,
  }
}

/** Or hung up. */
function untilReadable({ poller }: LaunchTools, fd: number): Promise<unknown> {
  return new Promise((resolve) => poller.wait(fd, Number.POSITIVE_INFINITY, resolve))
}

async function untilParked(launch: Launch): Promise<ProcessId> {
  readStatus(launch)
  const message = await nextMessage(launch)
  if (message?.kind === "parked") {
    const startTime = launch.tools.startTimeOf(message.pid)
    if (startTime !== undefined) return { pid: message.pid, startTime }
  }
  throw fail(launch, message)
}

/** One byte, then the end of the status pipe: the kernel closes it when exec succeeds. */
async function go(launch: Launch): Promise<void> {
  if (launch.failure !== undefined) throw launch.failure
  if (launch.goFd < 0) throw new Error(`${launch.record.title} has been given up or started before`)
  // EPIPE: it is gone, though perhaps not so far that its pidfd tells. What it said before is still in the pipe.
  const heard = launch.tools.ffi.go(takeGo(launch)) >= 0
  const message = await nextMessage(launch)
  if (!heard || message !== undefined || launch.tools.poller.isReady(launch.pidfd)) throw fail(launch, message)
  release(launch)
}

/** The next thing the monitor says; undefined at the end of the pipe. */
async function nextMessage(launch: Launch): Promise<StatusMessage | undefined> {
  while (launch.messages.length === 0 && !launch.ended) {
    await untilReadable(launch.tools, launch.statusFd)
    if (launch.statusFd >= 0) readStatus(launch)
  }
  return launch.messages.shift()
}

function readStatus(launch: Launch): void {
  const room = Buffer.alloc(256)
  const count = launch.tools.ffi.read(launch.statusFd, room)
  if (count <= 0) {
    if (errnoName(count) !== "EAGAIN") launch.ended = true
    return
  }
  const { messages, rest } = decodeStatus(Buffer.concat([launch.unread, room.subarray(0, count)]))
  launch.messages.push(...messages)
  launch.unread = rest
}

function fail(launch: Launch, message: StatusMessage | undefined): KernelError {
  launch.failure ??= message?.kind === "failed" ? launchFailure(launch.record, message) : monitorEnded()
  closeDown(launch)
  return launch.failure
}

function takeGo(launch: Launch): number {
  const fd = launch.goFd
  launch.goFd = -1
  return fd
}

/** Without "go" the monitor ends: it is waited for, so that no dead process is left beside us. */
function closeDown(launch: Launch): void {
  const { ffi, poller } = launch.tools
  if (launch.pidfd < 0) return
  if (launch.goFd >= 0) ffi.close(takeGo(launch))
  const pidfd = launch.pidfd
  launch.pidfd = -1
  poller.wait(pidfd, ENDING_MS, () => {
    ffi.reap(launch.process.pid)
    ffi.close(pidfd)
    closeStatus(launch)
  })
}

/** The monitor runs, and needs us no more. */
function release(launch: Launch): void {
  launch.tools.ffi.close(launch.pidfd)
  launch.pidfd = -1
  closeStatus(launch)
}

function closeStatus(launch: Launch): void {
  if (launch.statusFd >= 0) launch.tools.ffi.close(launch.statusFd)
  launch.statusFd = -1
  launch.ended = true
}
