import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { LaunchRecord, NamespaceKind } from "../../src/kernel/kernel.ts"
import { encodeRecord } from "../../src/kernel/launch/record.ts"
import type { StatusMessage } from "../../src/kernel/launch/status.ts"
import { decodeStatus, STATUS_BYTES } from "../../src/kernel/launch/status.ts"

const BUILD = fileURLToPath(new URL("../../native/build", import.meta.url))
export const PROGRAM = process.env.STACK_TEST_MONITOR ?? `${BUILD}/stack-monitor`
export const SANITIZED = `${BUILD}/sanitize/stack-monitor`

export const KINDS: readonly NamespaceKind[] = ["user", "mount", "pid", "net", "uts", "ipc", "cgroup"]
export const NS_FILES: { readonly [K in NamespaceKind]: string } = {
  user: "user",
  mount: "mnt",
  pid: "pid",
  net: "net",
  uts: "uts",
  ipc: "ipc",
  cgroup: "cgroup",
}

/** All seven the same. */
export function spaces(mode: string, others: Partial<LaunchRecord["namespaces"]> = {}): LaunchRecord["namespaces"] {
  return { ...(Object.fromEntries(KINDS.map((kind) => [kind, mode])) as LaunchRecord["namespaces"]), ...others }
}

const TITLE = "stack-monitor test container.one"

export const MAP = "0 700000 65536\n"

/** A container of all namespaces and the host's files, that runs `command` in a shell; what differs is given. */
export function recordOf(command: string, runDir: string, different: Partial<LaunchRecord> = {}): LaunchRecord {
  const namespaces = different.namespaces ?? spaces("new")
  return {
    title: TITLE,
    runDir,
    namespaces,
    uidMap: namespaces.user === "new" ? MAP : "",
    gidMap: namespaces.user === "new" ? MAP : "",
    cgroup2: "",
    cgroups1: [],
    monitorCgroup2: "",
    monitorCgroups1: [],
    prepare: [],
    openPaths: [],
    mounts: [],
    files: [],
    setup: [],
    init: "",
    owner: { uid: 0, gid: 0 },
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: "0",
    noNewPrivileges: true,
    rlimits: [],
    oomScoreAdj: Number(readFileSync("/proc/self/oom_score_adj", "utf8")),
    filter: null,
    cwd: "/",
    argv: ["sh", "-c", command],
    env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
    ...different,
  }
}

export interface LaunchOptions {
  program?: string
  /** Descriptors of a folder of the host that are open in the monitor besides. */
  leaked?: number
  /** What it says on stderr is expected. */
  quiet?: boolean
}

/** A monitor started without libstack: its six descriptors by hand, as native/README.md lists them. */
export class MonitorProcess {
  readonly child: ChildProcess
  readonly pid: number
  private bytes = Buffer.alloc(0)
  private ended = false
  private wake: () => void = () => {}

  constructor(record: Buffer, title: string, { program = PROGRAM, leaked = 0, quiet = false }: LaunchOptions = {}) {
    const folder = mkdtempSync(`${tmpdir()}/stack-record.`)
    writeFileSync(`${folder}/record`, record)
    const fd = openSync(`${folder}/record`, "r")
    const folders = Array.from({ length: leaked }, () => openSync("/etc", "r"))
    const stdio = ["ignore", "ignore", quiet ? "ignore" : "inherit", fd, "pipe", "pipe", ...folders] as const
    this.child = spawn(program, [], { argv0: title, env: {}, stdio: [...stdio], detached: true })
    for (const end of [fd, ...folders]) closeSync(end)
    rmSync(folder, { recursive: true })
    this.pid = this.child.pid as number
    const status = this.child.stdio[4] as Readable
    status.on("data", (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk])
      this.wake()
    })
    status.on("close", () => {
      this.ended = true
      this.wake()
    })
    for (const end of [status, this.goPipe()]) end.on("error", () => {})
  }

  private goPipe(): Writable {
    return (this.child.stdio as unknown[])[5] as Writable
  }

  private hasEnded(): boolean {
    return this.ended
  }

  /** The next message; undefined at the end of the status pipe. */
  async next(): Promise<StatusMessage | undefined> {
    for (;;) {
      const { messages } = decodeStatus(this.bytes.subarray(0, STATUS_BYTES))
      if (messages.length > 0) {
        this.bytes = this.bytes.subarray(STATUS_BYTES)
        return messages[0]
      }
      if (this.hasEnded()) return undefined
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  /** The pid of the container's first process. */
  async parked(): Promise<number> {
    const message = await this.next()
    if (message?.kind !== "parked") throw new Error(`not parked: ${JSON.stringify(message)}`)
    return message.pid
  }

  /** What came of "go": undefined when exec has succeeded. */
  async go(): Promise<StatusMessage | undefined> {
    this.goPipe().end(Buffer.from([1]))
    return this.next()
  }

  abandon(): void {
    this.goPipe().destroy()
  }

  /** Resolves once it has ended: its exit status, or its signal's name. */
  ending(): Promise<number | string> {
    if (this.child.exitCode !== null) return Promise.resolve(this.child.exitCode)
    if (this.child.signalCode !== null) return Promise.resolve(this.child.signalCode)
    return new Promise((resolve) => {
      this.child.on("exit", (code, signal) => resolve(code ?? (signal as string)))
    })
  }

  async kill(): Promise<void> {
    const ended = this.ending()
    this.child.kill("SIGKILL")
    await ended
  }
}

const running: MonitorProcess[] = []
const folders: string[] = []

/** A folder that `cleanUp` removes. */
export function temporary(): string {
  const folder = mkdtempSync(`${tmpdir()}/stack-monitor.`)
  folders.push(folder)
  return folder
}

/** Starts a monitor that `cleanUp` ends. */
export function launch(record: LaunchRecord, options?: LaunchOptions): MonitorProcess {
  return launchBytes(encodeRecord(record), options)
}

/** The same, of a record as bytes. */
export function launchBytes(record: Buffer, options?: LaunchOptions): MonitorProcess {
  const monitor = new MonitorProcess(record, TITLE, options)
  running.push(monitor)
  return monitor
}

/** Launches, lets it go, and waits for its exec: the monitor and the pid of the first process. */
export async function started(record: LaunchRecord): Promise<{ monitor: MonitorProcess; pid: number }> {
  const monitor = launch(record)
  const pid = await monitor.parked()
  const failure = await monitor.go()
  if (failure !== undefined) throw new Error(`not started: ${JSON.stringify(failure)}`)
  return { monitor, pid }
}

export async function endMonitors(): Promise<void> {
  for (const monitor of running.splice(0)) await monitor.kill()
}

/** What is left of every test. */
export async function cleanUp(): Promise<void> {
  await endMonitors()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** The file's text once it is there and says enough; an error after five seconds. */
export async function textAt(path: string, enough: (text: string) => boolean = () => true): Promise<string> {
  for (let tries = 0; tries < 250; tries++) {
    const text = existsSync(path) ? readFileSync(path, "utf8") : undefined
    if (text !== undefined && enough(text)) return text
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${path}: ${existsSync(path) ? readFileSync(path, "utf8") : "was never there"}`)
}

/** Field 22 of /proc/PID/stat. */
export function startTimeOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] as string
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/** Resolves once there is no such process, or only its remains; an error after five seconds. */
export async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (/ [ZX] |^$/.test(textOf(`/proc/${pid}/stat`))) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`process ${pid} is still there`)
}

/** The command's output, without what the log adds, once the command has ended. */
export async function outputOf(runDir: string): Promise<string> {
  await textAt(`${runDir}/state`)
  return readFileSync(`${runDir}/log`, "utf8").replace(/^\S+ std(out|err) [FP] /gm, "")
}
