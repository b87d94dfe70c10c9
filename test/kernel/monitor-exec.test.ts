import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { ExecRecord } from "../../src/kernel/launch/exec.ts"
import { encodeExec } from "../../src/kernel/launch/exec.ts"
import { missing, testsUnless } from "../support/skip.ts"
import {
  cleanUp,
  KINDS,
  NS_FILES,
  PROGRAM,
  recordOf,
  spaces,
  started,
  startTimeOf,
  temporary,
  textAt,
  untilGone,
} from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

/** A running container to go into. `setup` as there. */
async function container(different: Parameters<typeof recordOf>[2] = {}): Promise<{ pid: number; dir: string }> {
  const dir = temporary()
  const { pid } = await started(recordOf("exec sleep 60", dir, different))
  return { pid, dir }
}

function execRecord(pid: number, argv: readonly string[], different: Partial<ExecRecord> = {}): ExecRecord {
  return {
    process: { pid, startTime: startTimeOf(pid) },
    namespaces: KINDS,
    tty: false,
    cgroupFiles: [],
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: "0",
    noNewPrivileges: true,
    rlimits: [],
    oomScoreAdj: 0,
    filter: null,
    cwd: "/",
    argv,
    env: ["PATH=/usr/bin:/bin", "TERM=dumb"],
    ...different,
  }
}

function recordFile(record: ExecRecord): string {
  const path = `${temporary()}/exec`
  writeFileSync(path, encodeExec(record))
  return path
}

interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

function run(record: ExecRecord, input = ""): Outcome {
  const fd = openSync(recordFile(record), "r")
  const folder = openSync("/etc", "r")
  const stdio = ["pipe", "pipe", "pipe", fd, folder] as const
  const result = spawnSync(PROGRAM, [], { argv0: "stack-monitor", env: {}, stdio: [...stdio], input, encoding: "utf8" })
  for (const end of [fd, folder]) closeSync(end)
  return { status: result.status, stdout: result.stdout, stderr: result.stderr }
}

function start(record: ExecRecord): ChildProcess {
  const fd = openSync(recordFile(record), "r")
  const child = spawn(PROGRAM, [], { argv0: "stack-monitor", env: {}, stdio: ["ignore", "pipe", "inherit", fd] })
  closeSync(fd)
  return child
}

function ending(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? (signal as string))))
}

test("all namespaces, standard input and output, the exact status", async () => {
  const { pid } = await container()
  const links = KINDS.map((kind) => `/proc/self/ns/${NS_FILES[kind]}`).join(" ")
  const { status, stdout, stderr } = run(execRecord(pid, ["sh", "-c", `readlink ${links}; cat; echo bad >&2; exit 5`]), "typed\n")
  const expected = KINDS.map((kind) => readlinkSync(`/proc/${pid}/ns/${NS_FILES[kind]}`))
  assert.is(stdout, `${expected.join("\n")}\ntyped\n`)
  assert.equal([status, stderr], [5, "bad\n"])
})

test("namespaces that are the caller's own are not joined", async () => {
  const { pid } = await container({ namespaces: spaces("host", { uts: "new" }), setup: [{ op: "hostname", name: "inside" }] })
  const { status, stdout } = run(execRecord(pid, ["cat", "/proc/sys/kernel/hostname"], { namespaces: ["uts"] }))
  assert.equal([status, stdout], [0, "inside\n"])
})

test("identity: ids, groups, capabilities, privileges, limits, folder, environment", async () => {
  const { pid } = await container()
  const record = execRecord(pid, ["sh", "-c", "id -u; id -g; id -G; pwd; echo $NAME; ulimit -n; grep -E 'Cap|NoNew' /proc/self/status"], {
    uid: 1000,
    gid: 100,
    groups: [5, 6],
    capabilities: "1",
    rlimits: [{ resource: 7, soft: "20", hard: "30" }],
    cwd: "/usr/bin",
    env: ["PATH=/usr/bin:/bin", "NAME=a value"],
  })
  const none = "0000000000000000"
  const sets = `CapInh:\t${none}\nCapPrm:\t${none}\nCapEff:\t${none}\nCapBnd:\t0000000000000001\nCapAmb:\t${none}\nNoNewPrivs:\t1\n`
  assert.is(run(record).stdout, `1000\n100\n100 5 6\n/usr/bin\na value\n20\n${sets}`)
})

test("only 0, 1 and 2 reach the command, in a session of its own", async () => {
  const { pid } = await container()
  const child = start(execRecord(pid, ["sleep", "50"]))
  const inner = await innerOf(child)
  assert.equal(readdirSync(`/proc/${inner}/fd`), ["0", "1", "2"])
  const stat = readFileSync(`/proc/${inner}/stat`, "utf8")
  assert.is(Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]), inner)
  assert.match(readFileSync(`/proc/${inner}/status`, "utf8"), /^SigBlk:\s0000000000000000$/m)
  child.kill("SIGKILL")
  await untilGone(inner)
})

/** The command's pid here: the only child of the process that waits. */
async function innerOf(child: ChildProcess): Promise<number> {
  const path = `/proc/${child.pid}/task/${child.pid}/children`
  for (;;) {
    const text = await textAt(path, (children) => /^[0-9]+ $/.test(children))
    const inner = Number(text)
    try {
      if (readFileSync(`/proc/${inner}/comm`, "utf8") === "sleep\n" && readdirSync(`/proc/${inner}/fd`).join() === "0,1,2") return inner
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test("126, 127, and 128 + n", async () => {
  const { pid } = await container()
  const outcome = (...argv: string[]) => run(execRecord(pid, argv))
  assert.equal(outcome("no-such"), { status: 127, stdout: "", stderr: "stack: exec: no-such: not found in the container\n" })
  assert.equal(outcome("/etc/passwd"), { status: 126, stdout: "", stderr: "stack: exec: /etc/passwd: Permission denied\n" })
  assert.is(outcome("sh", "-c", "kill -9 $$").status, 137)
  assert.is(outcome("sh", "-c", "kill -15 $$").status, 143)
  assert.is(outcome("sh", "-c", "exit 255").status, 255)
  const folder = run(execRecord(pid, ["true"], { cwd: "/no/such" }))
  assert.equal([folder.status, folder.stderr], [126, "stack: exec: its working directory cannot be entered: No such file or directory\n"])
})

test("a process that is gone, or another one of its pid", async () => {
  const { pid } = await container()
  const gone = { status: 1, stdout: "", stderr: "stack: exec: the container is not running\n" }
  assert.equal(run(execRecord(pid, ["true"], { process: { pid, startTime: "1" } })), gone)
  assert.equal(run({ ...execRecord(pid, ["true"]), process: { pid: 4194303, startTime: "1" } }), gone)
})

test("a cgroup that is not there", async () => {
  const { pid } = await container()
  const { status, stderr } = run(execRecord(pid, ["true"], { cgroupFiles: ["/no/such/tasks"] }))
  assert.equal([status, stderr], [1, "stack: exec: its cgroup cannot be entered: No such file or directory\n"])
})

test("signals are passed on, and the status is the command's", async () => {
  const { pid } = await container()
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
    ["SIGQUIT", 3],
    ["SIGUSR1", 10],
    ["SIGUSR2", 12],
  ] as const) {
    const child = start(execRecord(pid, ["sleep", "50"]))
    const inner = await innerOf(child)
    child.kill(signal)
    assert.is(await ending(child), 128 + number, signal)
    await untilGone(inner)
  }
})

test("the folder of a command that the image points elsewhere stays inside the root", async () => {
  const { pid } = await container({ namespaces: spaces("new", { mount: "host" }) })
  const link = `${temporary()}/link`
  symlinkSync("/proc/self/fd/4", link)
  const { status } = run(execRecord(pid, ["pwd"], { cwd: link, namespaces: KINDS.filter((kind) => kind !== "mount") }))
  assert.is(status, 126)
})

test("the end of the outer process is the end of the command", async () => {
  const { pid } = await container()
  const child = start(execRecord(pid, ["sleep", "50"]))
  const inner = await innerOf(child)
  child.kill("SIGKILL")
  await ending(child)
  await untilGone(inner)
})

const onTerminal = testsUnless(missing("script"))

/** Runs it below a terminal of script(1)'s, where it sees a user's terminal on 0, 1 and 2. */
function onTerminalOf(record: ExecRecord, before: string, after: string, input = ""): string {
  const file = recordFile(record)
  const command = `${before}; ${PROGRAM} 3< ${file}; echo "status $?"; ${after}`
  const { stdout } = spawnSync("script", ["-q", "-e", "-c", command, "/dev/null"], { encoding: "utf8", input, timeout: 20_000 })
  return stdout.replaceAll("\r", "")
}

/** A devpts of its own, as containers have one; else the host's files. */
function withTerminals(): Parameters<typeof recordOf>[2] {
  const data = "newinstance,ptmxmode=0666,mode=0620"
  return {
    setup: [
      { op: "root", path: "/" },
      { op: "mount", source: "devpts", target: "/dev/pts", type: "devpts", flags: 0, data },
    ],
  }
}

onTerminal("a terminal of the container's, of the user's size, the user's own as it was", async () => {
  const { pid } = await container(withTerminals())
  const record = execRecord(pid, ["sh", "-c", "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; exit 3"], { tty: true })
  const output = onTerminalOf(record, "stty rows 33 cols 99; stty -g > $HOME/before", "stty -g | cmp - $HOME/before && echo same")
  assert.match(output, /\/dev\/pts\/0\n33 99\nall\n/)
  assert.match(output, /status 3\nsame\n/)
})

onTerminal("Ctrl-C goes to the command, Ctrl-D ends its input", async () => {
  const { pid } = await container(withTerminals())
  const waiting = execRecord(pid, ["sh", "-c", "trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.05; done"], { tty: true })
  assert.match(await typed(waiting, "ready", "\u0003"), /caught\nstatus 4\n/)
  const reading = execRecord(pid, ["sh", "-c", "echo ready; cat; echo end"], { tty: true })
  assert.match(await typed(reading, "ready", "line\n\u0004"), /line\nline\nend\nstatus 0\n/)
})

onTerminal("all of a last output arrives", async () => {
  const { pid } = await container(withTerminals())
  const output = onTerminalOf(execRecord(pid, ["seq", "1", "20000"], { tty: true }), ":", ":")
  assert.match(output, /\n19999\n20000\nstatus 0\n/)
})

onTerminal("a signal from elsewhere ends it, and the user's terminal is as it was", async () => {
  const { pid } = await container(withTerminals())
  const record = execRecord(pid, ["sh", "-c", "echo ready; exec sleep 50"], { tty: true })
  const after = "stty -a | grep -o ' icanon'"
  const output = await typed(record, "ready", "", after, async () => {
    const { stdout } = spawnSync("pgrep", ["-x", "stack-monitor"], { encoding: "utf8" })
    for (const found of stdout.trim().split("\n")) {
      if (readFileSync(`/proc/${found}/cmdline`, "utf8").startsWith(PROGRAM)) process.kill(Number(found), "SIGTERM")
    }
  })
  assert.match(output, /status 143\n icanon\n/)
})

/** Types when `ready` has been shown. */
async function typed(record: ExecRecord, ready: string, keys: string, after = ":", then?: () => Promise<void>): Promise<string> {
  const command = `${PROGRAM} 3< ${recordFile(record)}; echo "status $?"; ${after}`
  const child = spawn("script", ["-q", "-e", "-c", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] })
  let shown = ""
  child.stdout.on("data", (chunk: Buffer) => {
    const before = shown.includes(ready)
    shown += chunk.toString().replaceAll("\r", "")
    if (before || !shown.includes(ready)) return
    child.stdin.write(keys)
    void then?.()
  })
  await new Promise((resolve) => child.on("close", resolve))
  return shown
}

test("without a devpts there is no terminal", async () => {
  const root = temporary()
  mkdirSync(`${root}/pts`)
  const setup = [{ op: "mount-root", source: root, path: "/dev", type: "bind", flags: 0, data: "" }] as const
  const { pid } = await container({ setup })
  const { status, stderr } = run(execRecord(pid, ["true"], { tty: true }))
  assert.equal([status, stderr.startsWith("stack: exec: no terminal can be opened in it: ")], [1, true])
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
