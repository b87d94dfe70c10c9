import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openFfi } from "../../src/kernel/ffi.ts"
import { openFiles } from "../../src/kernel/files.ts"
import type { ProcessId } from "../../src/kernel/kernel.ts"
import type { ExecRecord } from "../../src/kernel/launch/exec.ts"
import { openProcesses } from "../../src/kernel/processes.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

// test/kernel/sanitize.test.ts runs this file on the build with sanitizers.
const native = process.env.STACK_TEST_NATIVE
const ffi = openFfi(native)
const files = openFiles(ffi)
const processes = openProcesses(ffi, files.read, native)
const BECOMES = fileURLToPath(new URL("becomes.ts", import.meta.url))
let folder = ""
let monitor: ProcessId
let init: ProcessId

test.before(async () => {
  folder = mkdtempSync(`${tmpdir()}/stack-become.`)
  mkdirSync(`${folder}/run`)
  const map = "0 100000 65536\n"
  const started = await processes.spawn({
    title: "stack-monitor test container.host",
    runDir: `${folder}/run`,
    namespaces: { user: "new", mount: "new", pid: "new", net: "new", uts: "new", ipc: "new", cgroup: "new" },
    ...{ uidMap: map, gidMap: map, cgroup2: "", cgroups1: [], monitorCgroup2: "", monitorCgroups1: [] },
    ...{
      prepare: [],
      openPaths: [],
      mounts: [],
      files: [],
      setup: [{ op: "hostname", name: "inside" }],
      init: "",
      owner: { uid: 0, gid: 0 },
      ...identity(["sleep", "1000"]),
    },
  })
  monitor = started
  init = started.init
  await started.go()
})
test.after(async () => {
  processes.signal(monitor, 9)
  assert.ok(await processes.gone(init, 10_000))
  rmSync(folder, { recursive: true, force: true })
})

function identity(argv: string[]): Omit<ExecRecord, "process" | "namespaces" | "tty" | "cgroupFiles"> {
  const rest = { capabilities: "0", noNewPrivileges: true, rlimits: [], oomScoreAdj: 0, filter: null, cwd: "/" }
  return { uid: 7, gid: 8, groups: [9], ...rest, argv, env: ["PATH=/usr/bin:/bin", "A=b"] }
}

/** A process that becomes the command; what it says and how it ends. */
function become(argv: string[], change: Partial<ExecRecord> = {}) {
  const namespaces: ExecRecord["namespaces"] = ["user", "mount", "pid", "net", "uts", "ipc", "cgroup"]
  const record: ExecRecord = { process: init, namespaces, tty: false, cgroupFiles: [], ...identity(argv), ...change }
  const command = ["--import", "tsx", BECOMES, JSON.stringify(record)]
  return spawnSync(process.execPath, command, { input: "from outside\n", encoding: "utf8" })
}

test("a process becomes a command in the container's namespaces, with its ids, environment and exit status", () => {
  const script = "read line; echo got $line; hostname; id -u; id -g; id -G; env | sort | grep -v ^_=; echo oops >&2; exit 42"
  const { status, stdout, stderr } = become(["sh", "-c", script])
  const [got, hostname, uid, gid, groups, ...rest] = stdout.split("\n")
  assert.equal([got, hostname, uid, gid, groups], ["got from outside", "inside", "7", "8", "8 9"])
  assert.ok(rest.includes("A=b") && rest.includes("PATH=/usr/bin:/bin"), stdout)
  assert.match(stderr, /oops/)
  assert.is(status, 42)
})

test("only standard descriptors reach the command, and signals are at their default", () => {
  const { stdout } = become(["sh", "-c", "ls /proc/self/fd; grep -E '^Sig(Ign|Blk)' /proc/self/status"])
  const lines = stdout.trim().split("\n")
  // ls itself has the folder open as 3.
  assert.equal(lines.slice(0, -2), ["0", "1", "2", "3"])
  assert.ok(
    lines.slice(-2).every((line) => /^Sig(Ign|Blk):\s0+$/.test(line)),
    stdout,
  )
})

test("a process that is not the one that was meant is not joined", () => {
  const { status, stdout } = become(["echo", "inside"], { process: { ...init, startTime: "1" } })
  assert.is.not(status, 0)
  assert.is(stdout, "")
})

test("a command that is not there ends as in a shell", () => {
  assert.is(become(["no-such-command"]).status, 127)
})

if (inOwnNamespaces(import.meta.url)) test.run()
