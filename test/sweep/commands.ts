import type { ChildProcessByStdio } from "node:child_process"
import { spawn } from "node:child_process"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { Context } from "../../src/cli/context.ts"
import type { LinuxKernel } from "../../src/kernel/linux.ts"
import { ownZombies } from "../support/machine/processes.ts"
import { after } from "./patience.ts"

/** A command that takes longer hangs. */
const COMMAND_MS = 60_000
const COUNTED = "/run/.operations"
/** native/monitor/faults.c reads it. */
const MONITOR_FAULT = "/run/.monitor-fault"

/** What a command came to. */
export interface Said {
  status: number
  out: string
  err: string
}

interface Shipped {
  main(argv: readonly string[], context: Context): Promise<number>
  linuxKernel(): LinuxKernel
}

const STACK = fileURLToPath(new URL("../../dist/stack.js", import.meta.url))
const FAULTY = fileURLToPath(new URL("../../dist-faults/stack.js", import.meta.url))
const { bundle: shipped } = createRequire(import.meta.url)(STACK) as { bundle: Shipped }
/** One for all commands, as what it keeps open is for one process. */
const kernel = shipped.linuxKernel()

/** A command of the shipped build, in this process: a start of node each would be most of the time of a sweep. */
export async function stack(...args: string[]): Promise<Said> {
  const [out, err] = [collector(), collector()]
  const context = { cwd: "/", environment: {}, out, err, sources: new Map<string, string>(), kernel: () => kernel }
  const status = await inTime(shipped.main(args, context), args)
  for (const zombie of ownZombies()) await kernel.gone(zombie, 1000)
  return { status, out: out.text(), err: err.text() }
}

function collector() {
  let all = ""
  const write = (text: string | Uint8Array) => {
    all += typeof text === "string" ? text : Buffer.from(text).toString()
  }
  return { write, text: () => all, terminal: false, color: false, closed: false }
}

async function inTime<T>(work: Promise<T>, args: readonly string[]): Promise<T> {
  let calledOff = () => {}
  const late = new Promise<never>((_, reject) => {
    calledOff = after(COMMAND_MS, () => reject(new Error(`stack ${args.join(" ")} does not end`)))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    calledOff()
  }
}

/** A disturbed command: what it said, whether its fault has come, and the operations until then. */
export interface Disturbed extends Said {
  fired: boolean
  operations: string[]
}

/** A command of the build for tests, in a process of its own. */
export async function disturbed(fault: string, ...args: string[]): Promise<Disturbed> {
  const monitors = isMonitors(fault)
  rmSync(COUNTED, { force: true })
  if (monitors) writeFileSync(MONITOR_FAULT, fault)
  const env = {
    PATH: process.env.PATH,
    STACK_FAULT_COUNT: COUNTED,
    ...(monitors || fault === "none" ? {} : { STACK_FAULT: fault }),
  }
  const said = await ended(spawn(process.execPath, [FAULTY, ...args], { env, stdio: ["ignore", "pipe", "pipe"] }), args)
  const operations = existsSync(COUNTED) ? readFileSync(COUNTED, "utf8").split("\n").filter(Boolean) : []
  rmSync(COUNTED, { force: true })
  const fired = monitors ? monitorFired() : operations.length >= Number(fault.split(":")[1] ?? Number.POSITIVE_INFINITY)
  return { ...said, fired, operations }
}

async function ended(child: ChildProcessByStdio<null, Readable, Readable>, args: readonly string[]): Promise<Said> {
  let [late, out, err] = [false, "", ""]
  const calledOff = after(COMMAND_MS, () => {
    late = true
    child.kill("SIGKILL")
  })
  child.stdout.setEncoding("utf8").on("data", (text) => {
    out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text) => {
    err += text
  })
  const status = await new Promise<number>((resolve, reject) => child.once("error", reject).once("close", (code) => resolve(code ?? 137)))
  calledOff()
  if (late) throw new Error(`the disturbed stack ${args.join(" ")} does not end\n${out}${err}`)
  return { status, out, err }
}

/** A fault of monitors: of those, or of their children, that are started while it is there. */
export function isMonitors(fault: string): boolean {
  return /^(monitor|child|beside):/.test(fault)
}

/** What a monitor does after the command has ended comes at once. */
const LAST_MS = 50

/** A monitor that dies of the fault says so in the file. */
function monitorFired(): boolean {
  const fired = () => readFileSync(MONITOR_FAULT, "utf8").startsWith("fired")
  if (!fired()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_MS)
  const has = fired()
  rmSync(MONITOR_FAULT)
  return has
}
