import type { ChildProcessWithoutNullStreams, SpawnSyncReturns } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ownName } from "./abandoned.ts"
import type { SandboxGroup } from "./cgroups.ts"
import { controllersMissing, lendControllers, makeGroups, membersOf, removeGroup } from "./cgroups.ts"
import { missing } from "./skip.ts"
import { RUN_MARK } from "./traces.ts"

const STACK = fileURLToPath(new URL("../../dist/stack.js", import.meta.url))
const SETUP = fileURLToPath(new URL("sandbox.sh", import.meta.url))
/** An emulated machine takes about ten times as long. */
export const PATIENCE = process.env.VM_RUN === undefined ? 1 : 10
/** A command that takes longer hangs. */
const COMMAND_MS = 60_000 * PATIENCE
const OVERLAYFS_MAGIC = 0x794c7630
const TMPFS_MAGIC = 0x01021994

/** What a machine must have for a sandbox; undefined when it has all of it. */
export function sandboxMissing(...programs: string[]): string | undefined {
  return missing("unshare", "nsenter", "ip", "bash", "ping", ...programs) ?? controllersMissing()
}

/** What a command came to. A command killed by a signal has status 128 + n, as in a shell. */
export interface Ran {
  status: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string
  env?: { [name: string]: string }
  cwd?: string
}

/**
 * A throw-away machine as far as a stack can tell: network, mount, pid, ipc, uts and cgroup namespaces and cgroups of its
 * own, an empty /run, an empty /var/lib/stack on a real disk. Whatever lives in it ends when it is closed, or when this process does.
 */
export interface Sandbox {
  /** Scratch folder, the working directory of every command. */
  work: string
  groups: readonly SandboxGroup[]
  /** Runs a command to its end. */
  run(command: readonly string[], options?: RunOptions): Ran
  /** `dist/stack.js`, to its end. */
  stack(args: readonly string[], options?: RunOptions): Ran
  /** Starts a command and leaves it running. */
  start(command: readonly string[], options?: RunOptions): ChildProcessWithoutNullStreams
  /** The argument list of `dist/stack.js`, for `start`. */
  command(...args: string[]): string[]
  /** Parsed output of `ip -j …`. */
  // biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON, looked at field by field
  ip(...args: string[]): any
  /** Writes a file into the scratch folder and says its path. */
  file(name: string, text: string): string
  /** Pids, as this process numbers them, of all that runs in it, but for its process 1 and what waits there. */
  processes(): number[]
  close(): Promise<void>
}

let count = 0

export async function openSandbox(): Promise<Sandbox> {
  const base = mkdtempSync(`${scratchFolder()}/${ownName()}`)
  for (const folder of ["work", "kept"]) mkdirSync(`${base}/${folder}`)
  const groups = makeGroups(`${ownName()}${count++}`)
  const entries = groups.map((group) => group.entry)
  const init = spawn("/bin/sh", ["-c", ENTER, "enter", ...groups.map((group) => group.top), "--", ...UNSHARE, SETUP, `${base}/kept`], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  await ready(init)
  const pid = Number(readFileSync(`/proc/${init.pid}/task/${init.pid}/children`, "utf8"))
  lendControllers(groups, [Number(init.pid), pid])
  const enter = (command: readonly string[], options: RunOptions) => [
    "-c",
    ENTER,
    "enter",
    ...entries,
    "--",
    ...nsenter(pid),
    "env",
    "-C",
    options.cwd ?? `${base}/work`,
    ...command,
  ]
  const environment = (options: RunOptions) => ({ ...plainEnvironment(), ...options.env })
  const run: Sandbox["run"] = (command, options = {}) =>
    outcome(
      spawnSync("/bin/sh", enter(command, options), {
        encoding: "utf8",
        env: environment(options),
        input: options.input ?? "",
        maxBuffer: 1 << 26,
        timeout: COMMAND_MS,
        killSignal: "SIGKILL",
      }),
    )
  const command = (...args: string[]) => [process.execPath, STACK, ...args]
  return {
    work: `${base}/work`,
    groups,
    run,
    command,
    stack: (args, options) => run(command(...args), options),
    start: (command, options = {}) => spawn("/bin/sh", enter(command, options), { env: environment(options) }),
    ip: (...args) => JSON.parse(run(["ip", "-j", "-d", ...args]).stdout || "[]"),
    file: (name, text) => {
      writeFileSync(`${base}/work/${name}`, text)
      return `${base}/work/${name}`
    },
    processes: () => membersOf(groups[0]?.folder ?? "").filter((member) => member !== pid && member !== init.pid),
    close: async () => {
      init.stdin.end()
      init.kill("SIGKILL")
      for (const group of groups) await removeGroup(group.folder)
      rmSync(base, { recursive: true, force: true })
    },
  }
}

/** Into the sandbox's cgroups first, then whatever stands behind `--`. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"'
const NAMESPACES = ["--net", "--mount", "--pid", "--ipc", "--uts", "--cgroup"]
const UNSHARE = ["unshare", ...NAMESPACES, "--fork", "--kill-child", "--propagation", "private", "--"]

function nsenter(pid: number): string[] {
  return ["nsenter", "--target", String(pid), ...NAMESPACES, "--"]
}

/** Overlays need their upper layer on a file system that is neither an overlay nor, for user.* attributes, an old tmpfs. */
export function scratchFolder(): string {
  const folders = ["/var/tmp", "/tmp"]
  return folders.find((folder) => ![OVERLAYFS_MAGIC, TMPFS_MAGIC].includes(statfsSync(folder).type)) ?? "/tmp"
}

function ready(init: ChildProcessWithoutNullStreams | ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    init.stdout?.once("data", () => resolve())
    init.once("exit", (status) => reject(new Error(`the sandbox could not be set up: exit status ${status}`)))
  })
}

/** Without what would change the product's or a tool's ways. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH = "", HOME = "/", STACK_SHUFFLE, [RUN_MARK]: mark } = process.env
  const kept = Object.entries({ STACK_SHUFFLE, [RUN_MARK]: mark }).filter(([, value]) => value !== undefined)
  return { PATH: `${PATH}:/usr/sbin:/sbin`, HOME, LC_ALL: "C.UTF-8", ...Object.fromEntries(kept) }
}

const SIGNALS: { [name: string]: number } = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 }

function outcome({ status, signal, stdout, stderr, error }: SpawnSyncReturns<string>): Ran {
  if (error !== undefined) throw new Error(`${error.message}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`)
  return { status: status ?? 128 + (SIGNALS[signal ?? ""] ?? 0), stdout, stderr }
}
