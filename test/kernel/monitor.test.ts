import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { hasCapability, testsUnless } from "../support/skip.ts"
import { cleanUp, launch, outputOf, recordOf, spaces, started, temporary, textAt, untilGone } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const UNLIMITED = (2n ** 64n - 1n).toString()
const CAP_CHOWN = 0
const CAP_NET_BIND_SERVICE = 10
const CAP_SYS_RESOURCE = 24

function statusOf(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? ""
}

/** Field 6 of /proc/PID/stat. */
function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])
}

test("parked, let go, ended: the state says how and when", async () => {
  const dir = temporary()
  const record = recordOf("echo hello; exit 3", dir)
  const monitor = launch(record)
  const pid = await monitor.parked()
  for (const of of [monitor.pid, pid]) assert.is(readFileSync(`/proc/${of}/cmdline`, "utf8"), `${record.title}\0`)
  assert.equal(readdirSync(dir), ["log"])
  assert.is(await monitor.go(), undefined)
  assert.match(await textAt(`${dir}/state`), /^exit 3\nfinished [0-9]{10,}\n$/)
  assert.is(readFileSync(`/proc/${monitor.pid}/task/${monitor.pid}/children`, "utf8"), "", "the dead child is reaped")
  assert.equal(readdirSync(dir).sort(), ["log", "state"])
  for (const name of ["log", "state"]) assert.is(statSync(`${dir}/${name}`).mode & 0o777, 0o600)
})

test("a signal that ends the command", async () => {
  const dir = temporary()
  await started(recordOf("kill -15 $$", dir, { namespaces: spaces("new", { pid: "host" }) }))
  assert.match(await textAt(`${dir}/state`), /^signal 15\nfinished/)
})

test("without go both end and leave no state", async () => {
  const dir = temporary()
  const monitor = launch(recordOf("true", dir))
  const pid = await monitor.parked()
  monitor.abandon()
  assert.is(await monitor.ending(), 0)
  assert.is(await monitor.next(), undefined)
  await untilGone(pid)
  assert.equal(readdirSync(dir), ["log"])
})

test("only SIGKILL ends a monitor, and its container with it", async () => {
  for (const parked of [true, false]) {
    const monitor = launch(recordOf("exec sleep 60", temporary()))
    const pid = await monitor.parked()
    if (!parked) await monitor.go()
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1"] as const) monitor.child.kill(signal)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.is(monitor.child.signalCode, null)
    monitor.child.kill("SIGKILL")
    assert.is(await monitor.ending(), "SIGKILL")
    await untilGone(pid)
  }
})

test("a process that dies between go and exec is a failure, not a success", async () => {
  const dir = temporary()
  const monitor = launch(recordOf("true", dir))
  const pid = await monitor.parked()
  process.kill(pid, "SIGKILL")
  assert.equal(await monitor.next(), { kind: "failed", stage: 23, index: 0, errno: 9 })
  assert.is(await monitor.ending(), 1)
  assert.not.ok(readdirSync(dir).includes("state"))
})

test("exec: what is not there, what is no program, PATH", async () => {
  const dir = temporary()
  const bin = temporary()
  writeFileSync(`${bin}/plain`, "text", { mode: 0o644 })
  mkdirSync(`${bin}/a-folder`)
  const argv = (...words: string[]) => ({ argv: words, env: [`PATH=${bin}:/usr/bin:/bin`] })
  const outcome = async (words: string[]) => {
    const monitor = launch(recordOf("", dir, { ...argv(...words), namespaces: spaces("host") }))
    await monitor.parked()
    return monitor.go()
  }
  assert.equal(await outcome(["no-such-command"]), { kind: "failed", stage: 22, index: 0, errno: 2 })
  assert.equal(await outcome(["/no/such/command"]), { kind: "failed", stage: 22, index: 0, errno: 2 })
  assert.equal(await outcome(["plain"]), { kind: "failed", stage: 22, index: 0, errno: 13 })
  assert.equal(await outcome(["a-folder"]), { kind: "failed", stage: 22, index: 0, errno: 13 })
  assert.equal(await outcome([""]), { kind: "failed", stage: 22, index: 0, errno: 2 })
  assert.is(await outcome(["true"]), undefined)
})

test("only 0, 1 and 2 reach the command, whatever the caller left open", async () => {
  const monitor = launch(recordOf("exec sleep 60", temporary()), { leaked: 5 })
  const pid = await monitor.parked()
  for (const of of [monitor.pid, pid]) {
    const files = readdirSync(`/proc/${of}/fd`).map((fd) => readlinkSync(`/proc/${of}/fd/${fd}`))
    assert.not.ok(files.includes("/etc"), "a folder that was leaked")
  }
  assert.is(await monitor.go(), undefined)
  // The shell itself opens and closes files while it starts.
  await textAt(`/proc/${pid}/comm`, (name) => name === "sleep\n" && readdirSync(`/proc/${pid}/fd`).join() === "0,1,2")
  assert.is(readlinkSync(`/proc/${pid}/fd/0`), "/dev/null")
})

test("no signal is blocked or ignored, and the umask is 022", async () => {
  const { pid } = await started(recordOf("", temporary(), { argv: ["sleep", "60"] }))
  assert.is(statusOf(pid, "SigBlk"), "0000000000000000")
  assert.is(statusOf(pid, "SigIgn"), "0000000000000000")
  assert.is(statusOf(pid, "Umask"), "0022")
})

test("monitor and command have a session each", async () => {
  const { monitor, pid } = await started(recordOf("exec sleep 60", temporary(), { namespaces: spaces("host") }))
  assert.is(sessionOf(monitor.pid), monitor.pid)
  assert.is(sessionOf(pid), pid)
})

test("capabilities: bounding, permitted and effective are the mask; inheritable and ambient empty; no new privileges", async () => {
  const mask = (1n << BigInt(CAP_CHOWN)) | (1n << BigInt(CAP_NET_BIND_SERVICE))
  const hex = mask.toString(16).padStart(16, "0")
  for (const user of ["new", "host"]) {
    const record = recordOf("exec sleep 60", temporary(), { namespaces: spaces("host", { user }), capabilities: mask.toString() })
    const { pid } = await started(record)
    for (const set of ["CapPrm", "CapEff", "CapBnd"]) assert.is(statusOf(pid, set), hex, `${set} of user: ${user}`)
    for (const set of ["CapInh", "CapAmb"]) assert.is(statusOf(pid, set), "0000000000000000")
    assert.is(statusOf(pid, "NoNewPrivs"), "1")
  }
})

test("another user keeps no capability, and has the groups of the record alone", async () => {
  const record = recordOf("id", temporary(), { uid: 1000, gid: 100, groups: [5, 6], capabilities: "1" })
  const { pid } = await started({ ...record, argv: ["sleep", "60"] })
  assert.is(statusOf(pid, "Uid"), "701000\t701000\t701000\t701000")
  assert.is(statusOf(pid, "Gid"), "700100\t700100\t700100\t700100")
  assert.is(statusOf(pid, "Groups").trim(), "700005 700006")
  assert.is(statusOf(pid, "CapPrm"), "0000000000000000")
  assert.is(statusOf(pid, "CapBnd"), "0000000000000001")
})

test("a map without a root", async () => {
  const map = "1000 701000 1\n"
  const { pid } = await started(recordOf("exec sleep 60", temporary(), { uidMap: map, gidMap: map, uid: 1000, gid: 1000 }))
  assert.is(statusOf(pid, "Uid"), "701000\t701000\t701000\t701000")
})

test("a map that the kernel does not take", async () => {
  assert.equal(await launch(recordOf("true", temporary(), { uidMap: "0 1\n" })).next(), { kind: "failed", stage: 10, index: 0, errno: 22 })
  assert.equal(await launch(recordOf("true", temporary(), { gidMap: "x\n" })).next(), { kind: "failed", stage: 11, index: 0, errno: 22 })
})

test("the command may open its own stdout again, whoever it is", async () => {
  const dir = temporary()
  await started(recordOf("echo one > /proc/self/fd/1; echo two > /proc/self/fd/2", dir, { uid: 1000, gid: 1000 }))
  assert.is(await outputOf(dir), "one\ntwo\n")
})

test("until its exec nobody of its ids can look into the process", async () => {
  const monitor = launch(recordOf("exec sleep 60", temporary()))
  const pid = await monitor.parked()
  assert.is(statSync(`/proc/${pid}/environ`).uid, 0, "not dumpable: its files are root's")
  await monitor.go()
  assert.is(statSync(`/proc/${pid}/environ`).uid, 700000)
})

testsUnless(existsSync("/proc/keys") ? undefined : "this kernel has no keys")(
  "a session keyring of its own, and no other key in reach",
  async () => {
    const dir = temporary()
    await started(recordOf("cat /proc/keys", dir))
    // Others of the same ids, as these tests leave behind, are seen as well; the caller's would be of an id that is not mapped.
    assert.match(await outputOf(dir), /^(?:\S+ \S+ +[0-9]+ perm \S+ +0 +0 keyring +_ses: empty\n)+$/)
  },
)

test("limits", async () => {
  const limits = [
    { resource: 4, soft: "0", hard: "0" },
    { resource: 7, soft: "20", hard: "30" },
  ]
  const { pid } = await started(recordOf("exec sleep 60", temporary(), { rlimits: limits }))
  const text = readFileSync(`/proc/${pid}/limits`, "utf8")
  assert.match(text, /^Max core file size\s+0\s+0\s/m)
  assert.match(text, /^Max open files\s+20\s+30\s/m)
})

const mayRaise = testsUnless(hasCapability(CAP_SYS_RESOURCE) ? undefined : "needs CAP_SYS_RESOURCE")

mayRaise("limits above the caller's own, in a user namespace that may not raise any", async () => {
  const limits = [
    { resource: 8, soft: UNLIMITED, hard: UNLIMITED },
    { resource: 14, soft: "10", hard: "50" },
  ]
  const { pid } = await started(recordOf("exec sleep 60", temporary(), { rlimits: limits }))
  const text = readFileSync(`/proc/${pid}/limits`, "utf8")
  assert.match(text, /^Max locked memory\s+unlimited\s+unlimited\s/m)
  assert.match(text, /^Max realtime priority\s+10\s+50\s/m)
})

test("the working directory is made where it is absent, by the container's root", async () => {
  const dir = temporary()
  const cwd = `${temporary()}/a/b`
  await started(recordOf("pwd", dir, { cwd, namespaces: spaces("host") }))
  assert.is(await outputOf(dir), `${cwd}\n`)
  const file = `${temporary()}/file`
  writeFileSync(file, "")
  const monitor = launch(recordOf("true", dir, { cwd: file, namespaces: spaces("host") }))
  await monitor.parked()
  assert.equal(await monitor.go(), { kind: "failed", stage: 21, index: 0, errno: 20 })
})

test("hostname and sysctls are the container's", async () => {
  const dir = temporary()
  const setup = [
    { op: "hostname", name: "web.example" },
    { op: "sysctl", name: "net.ipv4.ip_forward", value: "1" },
    { op: "sysctl", name: "kernel.shmmni", value: "77" },
  ] as const
  await started(recordOf("cat /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni", dir, { setup }))
  assert.is(await outputOf(dir), "web.example\n1\n77\n")
  assert.is.not(readFileSync("/proc/sys/kernel/hostname", "utf8"), "web.example\n")
  assert.is.not(readFileSync("/proc/sys/kernel/shmmni", "utf8"), "77\n")
})

test("a sysctl's name leads nowhere but below /proc/sys", async () => {
  for (const [name, errno] of [
    ["net.no_such", 2],
    ["../sysrq-trigger", 22],
    ["/../../etc/passwd", 22],
    ["//.sysrq-trigger", 22],
    ["net.//.//.//.etc/passwd", 22],
    ["net..ipv4.ip_forward", 22],
    ["net.ipv4./.ip_forward", 22],
    ["net.ipv4.conf.lo/1.rp_filter", 2],
    ["kernel", 21],
    ["kernel.panic", 13],
  ] as const) {
    const monitor = launch(recordOf("true", temporary(), { setup: [{ op: "sysctl", name, value: "1" }] }))
    await monitor.parked()
    assert.equal(await monitor.go(), { kind: "failed", stage: 16, index: 0, errno }, name)
  }
})

test("lo is up in a network of its own", async () => {
  const dir = temporary()
  await started(recordOf("cat /sys/class/net/lo/flags; ip -br link show lo", dir))
  assert.match(await outputOf(dir), /LOOPBACK,UP,LOWER_UP/)
})

test("folders are prepared for their owner; a link in the place of one is an error", async () => {
  const top = temporary()
  symlinkSync("/etc", `${top}/link`)
  mkdirSync(`${top}/theirs`, { mode: 0o700 })
  const folder = (name: string) => ({ path: `${top}/${name}`, mode: 0o1777, uid: 700000, gid: 700001 })
  await started(recordOf("true", temporary(), { prepare: [folder("new"), folder("new"), folder("theirs")] }))
  const { uid, gid, mode } = statSync(`${top}/new`)
  assert.equal([uid, gid, mode & 0o7777], [700000, 700001, 0o1777])
  assert.is(statSync(`${top}/theirs`).uid, 700000, "made by one who was killed before he could give it away")
  const refused = launch(recordOf("true", temporary(), { prepare: [folder("new"), folder("link")] }))
  assert.equal(await refused.next(), { kind: "failed", stage: 4, index: 1, errno: 20 })
  assert.is(statSync("/etc").uid, 0)
})

test("a link, and what lies in a folder, are prepared only with it: what a container has had already is its own", async () => {
  const top = temporary()
  const ids = { mode: 0o750, uid: 700000, gid: 700001 }
  const prepare = [
    { path: `${top}/upper`, ...ids },
    { path: `${top}/upper/etc`, ...ids, fresh: true as const },
    { path: `${top}/upper/etc/name`, ...ids, link: "/proc/sys/kernel/hostname", fresh: true as const },
    { path: `${top}/work`, ...ids },
  ]
  await started(recordOf("true", temporary(), { prepare }))
  assert.is(readlinkSync(`${top}/upper/etc/name`), "/proc/sys/kernel/hostname")
  const { uid, gid } = lstatSync(`${top}/upper/etc/name`)
  assert.equal([uid, gid, statSync(`${top}/upper/etc`).mode & 0o7777], [700000, 700001, 0o750])
  // A container that has its layer already, and has led its /etc elsewhere.
  const elsewhere = temporary()
  rmSync(`${top}/upper/etc`, { recursive: true })
  symlinkSync(elsewhere, `${top}/upper/etc`)
  await started(recordOf("true", temporary(), { prepare }))
  assert.equal(readdirSync(elsewhere), [])
})

test("a run folder that is not there, a log that is a link", async () => {
  assert.equal(await launch(recordOf("true", "/no/such/folder")).next(), { kind: "failed", stage: 6, index: 0, errno: 2 })
  const dir = temporary()
  symlinkSync("/etc/passwd", `${dir}/log`)
  assert.equal(await launch(recordOf("true", dir)).next(), { kind: "failed", stage: 7, index: 0, errno: 40 })
})

test("an idle monitor has at most 20 KiB of its own", async () => {
  const { monitor } = await started(recordOf("echo a; echo b >&2; exec sleep 60", temporary()))
  await started(recordOf("exec sleep 60", temporary()))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const rollup = readFileSync(`/proc/${monitor.pid}/smaps_rollup`, "utf8")
  const own = [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+([0-9]+) kB$/gm)].reduce((sum, [, kb]) => sum + Number(kb), 0)
  assert.ok(own > 0 && own <= 20, `${own} KiB\n${rollup}`)
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
