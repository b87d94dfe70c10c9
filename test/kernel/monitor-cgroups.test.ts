import { spawnSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord } from "../../src/kernel/kernel.ts"
import { encodeExec } from "../../src/kernel/launch/exec.ts"
import type { SandboxGroup } from "../support/cgroups.ts"
import { makeGroups } from "../support/cgroups.ts"
import {
  cleanUp,
  KINDS,
  launch,
  outputOf,
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

const LEAVES = ["monitor", "one"]
let groups: SandboxGroup[] = []

test.before(() => {
  groups = makeGroups(`stack-monitor-test-${startTimeOf(process.pid)}`)
  for (const { folder, controllers } of groups) {
    for (const leaf of LEAVES) mkdirSync(`${folder}/${leaf}`)
    for (const leaf of controllers.includes("cpuset") ? LEAVES : []) {
      for (const file of ["cpuset.cpus", "cpuset.mems"]) writeFileSync(`${folder}/${leaf}/${file}`, readFileSync(`${folder}/${file}`))
    }
  }
})
test.after(async () => {
  for (const { folder, version } of groups) {
    for (const leaf of [...LEAVES, ...(version === 2 ? ["init"] : [])]) {
      await textAt(`${folder}/${leaf}/cgroup.procs`, (pids) => pids === "")
      rmdirSync(`${folder}/${leaf}`)
    }
    rmdirSync(folder)
  }
})

const ofVersion = (version: 1 | 2) => groups.filter((group) => group.version === version)

function cgroups(): Pick<LaunchRecord, "cgroup2" | "cgroups1" | "monitorCgroups1"> {
  const [unified] = ofVersion(2)
  return {
    cgroup2: unified === undefined ? "" : `${unified.folder}/one`,
    cgroups1: ofVersion(1).map(({ folder }) => `${folder}/one`),
    monitorCgroups1: ofVersion(1).map(({ folder }) => `${folder}/monitor`),
  }
}

/** The groups of /proc/PID/cgroup that end so. */
function groupsAt(pid: number, leaf: string): number {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")
  return lines.filter((line) => line.endsWith(`${groups[0]?.folder.split("/").at(-1)}/${leaf}`)).length
}

test("the command is in its groups, the monitor in its own", async () => {
  for (const namespaces of [spaces("new"), spaces("host"), spaces("new", { user: "host" })]) {
    const { monitor, pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces, ...cgroups() }))
    assert.is(groupsAt(pid, "one"), groups.length)
    assert.is(groupsAt(monitor.pid, "monitor"), ofVersion(1).length)
    assert.is(groupsAt(monitor.pid, "one"), 0)
  }
})

test("a new cgroup namespace begins at the container's groups", async () => {
  const dir = temporary()
  await started(recordOf("cat /proc/self/cgroup", dir, cgroups()))
  const lines = (await outputOf(dir)).trim().split("\n")
  assert.ok(lines.length >= groups.length)
  for (const line of lines) assert.ok(line.endsWith(":/"), line)
})

test("groups of its own in a joined cgroup namespace, also where all namespaces are joined", async () => {
  const other = await started(recordOf("exec sleep 60", temporary()))
  const join = (kind: string) => `/proc/${other.pid}/ns/${kind}`
  const all = {
    user: join("user"),
    mount: join("mnt"),
    pid: join("pid"),
    net: join("net"),
    uts: join("uts"),
    ipc: join("ipc"),
    cgroup: join("cgroup"),
  }
  for (const namespaces of [spaces("new", { cgroup: join("cgroup") }), all]) {
    const { pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces, ...cgroups() }))
    assert.is(groupsAt(pid, "one"), groups.length)
  }
})

test("a group that is not there", async () => {
  const { cgroups1, cgroup2 } = cgroups()
  const first = async (different: Partial<LaunchRecord>) => launch(recordOf("true", temporary(), different)).next()
  assert.equal(await first({ cgroups1: [...cgroups1, "/no/such"] }), { kind: "failed", stage: 12, index: cgroups1.length, errno: 2 })
  assert.equal(await first({ cgroup2: "/no/such" }), { kind: "failed", stage: 12, index: 0, errno: 2 })
  assert.equal(await first({ monitorCgroups1: ["/no/such"] }), { kind: "failed", stage: 3, index: 0, errno: 2 })
  assert.equal(await first({ cgroup2: cgroup2 === "" ? "/etc" : "/proc" }), { kind: "failed", stage: 9, index: 0, errno: 9 })
})

function pidsFile(): string | undefined {
  const v1 = ofVersion(1).find(({ controllers }) => controllers.includes("pids"))
  return v1 === undefined ? undefined : `${v1.folder}/one/pids.max`
}

test("one process is room enough, also where a namespace is joined", async () => {
  const file = pidsFile()
  if (file === undefined) return console.log("no pids controller of cgroup v1 here")
  const other = await started(recordOf("exec sleep 60", temporary()))
  writeFileSync(file, "1")
  for (const net of ["new", `/proc/${other.pid}/ns/net`]) {
    const record = recordOf("", temporary(), { argv: ["sleep", "60"], namespaces: spaces("new", { net }), ...cgroups() })
    const { monitor, pid } = await started(record)
    assert.is(groupsAt(pid, "one"), groups.length)
    await monitor.kill()
    await untilGone(pid)
  }
  writeFileSync(file, "max")
})

test("an exec'd command is in the container's groups, the process that waits for it is not", async () => {
  const { pid } = await started(recordOf("exec sleep 60", temporary(), cgroups()))
  const [unified] = ofVersion(2)
  const files = [
    ...ofVersion(1).map(({ folder }) => `${folder}/one/tasks`),
    ...(unified === undefined ? [] : [`${unified.folder}/one/cgroup.procs`]),
  ]
  const record = encodeExec({
    process: { pid, startTime: startTimeOf(pid) },
    namespaces: KINDS.filter((kind) => kind !== "cgroup" && kind !== "pid"),
    tty: false,
    cgroupFiles: files,
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: "0",
    noNewPrivileges: true,
    rlimits: [],
    oomScoreAdj: 0,
    filter: null,
    cwd: "/",
    argv: ["sh", "-c", "cat /proc/self/cgroup; cat /proc/$PPID/cgroup >&2"],
    env: ["PATH=/usr/bin:/bin"],
  })
  const path = `${temporary()}/exec`
  writeFileSync(path, record)
  const fd = openSync(path, "r")
  const { stdout, stderr, status } = spawnSync(PROGRAM, [], { env: {}, stdio: ["ignore", "pipe", "pipe", fd], encoding: "utf8" })
  closeSync(fd)
  assert.is(status, 0, stderr)
  const at = (text: string) => text.split("\n").filter((line) => line.endsWith("/one")).length
  assert.is(at(stdout), groups.length)
  assert.is(at(stderr), 0)
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
