import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Ran, Sandbox } from "./sandbox.ts"
import { openSandbox, PATIENCE, sandboxMissing } from "./sandbox.ts"
import { testsUnless } from "./skip.ts"

/**
 * A test in a sandbox of its own, which is gone after it, however it ends. `programs`: what it needs beside the sandbox's own tools; `missing`: what else
 * it needs and this machine has not.
 */
export function scenario(name: string, body: (sandbox: Sandbox) => void | Promise<void>, programs: string[] = [], missing?: string): void {
  testsUnless(sandboxMissing(...programs) ?? missing)(name, async () => {
    const sandbox = await openSandbox()
    try {
      await body(sandbox)
    } finally {
      await sandbox.close()
    }
  })
}

/** A container as the kernel shows it; pids as this process numbers them. */
export interface Live {
  monitor: number
  /** The container's first process; 0 when it has ended. */
  init: number
}

/** The container by its monitor's title; fails where there is none. */
export function live(sandbox: Sandbox, stack: string, name: string): Live {
  const title = `stack-monitor ${stack} container.${name}`
  const monitor = sandbox.processes().find((pid) => titleOf(pid) === title)
  if (monitor === undefined) throw new Error(`no process is called "${title}"`)
  const init = readFileSync(`/proc/${monitor}/task/${monitor}/children`, "utf8").trim()
  return { monitor, init: init === "" ? 0 : Number(init.split(" ")[0]) }
}

/** Pids of the first processes of all containers of a stack, by name. */
export function inits(sandbox: Sandbox, stack: string): { [name: string]: number } {
  const prefix = `stack-monitor ${stack} container.`
  const titles = sandbox
    .processes()
    .map(titleOf)
    .filter((title) => title.startsWith(prefix))
  const names = titles.map((title) => title.slice(prefix.length)).sort()
  return Object.fromEntries(names.map((name) => [name, live(sandbox, stack, name).init]))
}

/** The command line of a process, blanks between the words; "" for one that is gone. */
export function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()
  } catch {
    return ""
  }
}

/** Runs one of the machine's own tools in namespaces of a process: `nsenter -t PID FLAGS -- COMMAND`. */
export function inside(pid: number, flags: string, ...command: string[]): Ran {
  const { status, stdout, stderr } = spawnSync("nsenter", ["-t", String(pid), ...flags.split(" "), "--", ...command], { encoding: "utf8" })
  return { status: status ?? -1, stdout, stderr }
}

/** `ip -j` in the network namespace of a process. */
// biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON, looked at field by field
export function ipIn(pid: number, ...args: string[]): any {
  return JSON.parse(execFileSync("nsenter", ["-t", String(pid), "-n", "ip", "-j", "-d", ...args], { encoding: "utf8" }) || "[]")
}

/** True where the address answers within a few tries: a bridge port needs a moment before it forwards. */
export function pings(pid: number, address: string): boolean {
  return [1, 2, 3].some(() => inside(pid, "-n", "ping", "-q", "-c1", `-W${PATIENCE}`, address).status === 0)
}

/** Addresses of one link as `ip` shows them, without those the kernel gives itself. */
export function addressesOf(link: { addr_info?: { local: string; prefixlen: number; scope: string }[] }): string[] {
  return (link.addr_info ?? []).filter((a) => a.scope === "global").map((a) => `${a.local}/${a.prefixlen}`)
}

/** The link a namespace file of a process is: `net:[4026531840]`. */
export function namespaceOf(pid: number | "self", kind: string): string {
  return readlinkSync(`/proc/${pid}/ns/${kind}`)
}

/**
 * A file of a stack's group in the hierarchy that holds the controller, by its name on each version of cgroups.
 * `path` is below `stack/`: `lab/web`.
 */
export function groupFile(sandbox: Sandbox, controller: string, path: string, names: { v1: string; v2: string }): string {
  const v1 = sandbox.groups.find((group) => group.controllers.includes(controller))
  const group = v1 ?? sandbox.groups.find((g) => g.version === 2)
  if (group === undefined) throw new Error(`no hierarchy holds ${controller}`)
  return `${group.folder}/stack/${path}/${v1 === undefined ? names.v2 : names.v1}`
}

export const MEMORY = { v1: "memory.limit_in_bytes", v2: "memory.max" }
export const PIDS = { v1: "pids.max", v2: "pids.max" }

export function groupValue(...of: Parameters<typeof groupFile>): string {
  return readFileSync(groupFile(...of), "utf8").trim()
}

/** Fails with all that the command said unless it ended with this status. */
export function expectStatus(ran: Ran, status: number): Ran {
  if (ran.status !== status) {
    throw new assert.Assertion({
      message: `exit status ${ran.status}, not ${status}\n--- stdout\n${ran.stdout}--- stderr\n${ran.stderr}`,
      operator: "is",
      expects: status,
      actual: ran.status,
    })
  }
  return ran
}

/** `stack apply -y -f FILE`, which must succeed. */
export function apply(sandbox: Sandbox, file: string, ...args: string[]): Ran {
  return expectStatus(sandbox.stack(["apply", "-y", "-f", file, ...args]), 0)
}

/** The plan of a file as `plan --json` shows it. */
export function planOf(sandbox: Sandbox, file: string, ...args: string[]): PlanJson {
  return JSON.parse(expectStatus(sandbox.stack(["plan", "--json", "-f", file, ...args]), 0).stdout)
}

export interface PlanJson {
  has_changes: boolean
  changes: { address: string; actions: string[]; cause: string; forces_replacement: string[]; before: unknown; after: unknown }[]
  drift: unknown[]
  steps: { id: string; op: string; address: string; after: string[] }[]
  summary: { add: number; change: number; destroy: number }
  fingerprint: string
}

/** The changes of a plan that do something, as `update container.web`. */
export function verdicts(plan: PlanJson): string[] {
  return plan.changes.filter((c) => !c.actions.includes("no-op")).map((c) => `${c.actions.join("+")} ${c.address}`)
}

/** A plan of the file finds nothing to do. */
export function expectConverged(sandbox: Sandbox, file: string, ...args: string[]): void {
  const ran = sandbox.stack(["plan", "--detailed-exitcode", "-f", file, ...args])
  expectStatus(ran, 0)
  assert.match(ran.stdout, "No changes.")
}

/** No line of it looks like a stack trace or a value that was never there. */
export function expectNoTrace(ran: Ran): void {
  assert.not.match(ran.stderr, /^\s+at .*:\d+:\d+\)?$/m)
  assert.not.match(ran.stderr, /\[object Object\]|undefined|node:internal/)
}

export { test }
