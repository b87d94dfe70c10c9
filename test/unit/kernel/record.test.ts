import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { encodeAgain, parseAgain } from "../../../src/kernel/launch/again.ts"
import { encodeExec } from "../../../src/kernel/launch/exec.ts"
import { encodeRecord } from "../../../src/kernel/launch/record.ts"

const RECORD: LaunchRecord = {
  title: "stack-monitor lab container.web",
  runDir: "/run/x",
  namespaces: { user: "new", mount: "new", pid: "new", net: "/proc/7/ns/net", uts: "new", ipc: "host", cgroup: "host" },
  uidMap: "0 100000 65536\n",
  gidMap: "",
  cgroup2: "/cg",
  cgroups1: ["/a", "/b"],
  monitorCgroup2: "/born/here",
  monitorCgroups1: ["/m"],
  prepare: [
    { path: "/l", mode: 0o711, uid: 1, gid: 2 },
    { path: "/l/n", mode: 0, uid: 1, gid: 2, link: "/x", fresh: true },
  ],
  openPaths: ["/img"],
  files: [{ uid: 7, gid: 8, mode: 0o440, readOnly: true, bytes: new Uint8Array([0, 255]) }],
  mounts: [{ source: "/data", flags: 1, propagation: 1 << 18, idmapped: true }],
  setup: [],
  init: "reaper",
  owner: { uid: 0, gid: 0 },
  uid: 3,
  gid: 4,
  groups: [5, 6],
  capabilities: "18446744073709551615",
  noNewPrivileges: true,
  rlimits: [{ resource: 7, soft: "1024", hard: "max" }],
  oomScoreAdj: -500,
  filter: { program: new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]), flags: 2 },
  cwd: "/",
  argv: ["sleep", "9"],
  env: ["Ä=ö"],
}

const u32 = (n: number) => Buffer.from([n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24])
const bytes = (...parts: (number | string | Buffer)[]) =>
  Buffer.concat(parts.map((p) => (typeof p === "number" ? u32(p) : typeof p === "string" ? text(p) : p)))
const text = (s: string) => Buffer.concat([u32(Buffer.from(s).length), Buffer.from(s), Buffer.from([0])])
const ALL = Buffer.alloc(8, 0xff)
const IDENTITY = bytes(
  3,
  4,
  2,
  5,
  6,
  ALL,
  1,
  1,
  7,
  Buffer.from([0, 4, 0, 0, 0, 0, 0, 0]),
  ALL,
  -500,
  2,
  1,
  Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]),
  "/",
  2,
  "sleep",
  "9",
  1,
  "Ä=ö",
)
const MOUNTS = bytes(1, "/data", 1, 1 << 18, 1, 1, 7, 8, 0o440, 1, 2, Buffer.from([0, 255]))
/** Whether there is a `check`, and whether it is restarted. */
const END = bytes(0, 0)

/** The record up to its list of setup operations, byte for byte as native/README.md has it. */
const HEAD = bytes(
  Buffer.from("STK1"),
  0,
  "/run/x",
  ...["new", "new", "new", "/proc/7/ns/net", "new", "host", "host"],
  "0 100000 65536\n",
  "",
  "/cg",
  ...[2, "/a", "/b"],
  ...[1, "/m"],
  ...[2, "/l", 0o711, 1, 2, "", 0, "/l/n", 0, 1, 2, "/x", 1],
  ...[1, "/img"],
)

test("a record is the same bytes as the format's description", () => {
  assert.equal(encodeRecord(RECORD).toString("hex"), bytes(HEAD, 0, 1, 0, 0, IDENTITY, MOUNTS, END).toString("hex"))
})

test("a text is its length in bytes, its bytes, and a NUL", () => {
  assert.equal(text("ä").toString("hex"), "02000000c3a400")
  const encoded = encodeRecord(RECORD).toString("hex")
  assert.ok(encoded.endsWith(bytes("Ä=ö", MOUNTS, END).toString("hex")))
})

test("each setup operation has its number, and its parts in their places", () => {
  const record = encodeRecord({
    ...RECORD,
    setup: [
      { op: "mount-root", source: "overlay", path: "/r", type: "overlay", flags: 2, data: "lowerdir=/" },
      { op: "root", path: "/r" },
      { op: "mount", source: "proc", target: "/proc", type: "proc", flags: 14, data: "" },
      { op: "bind", source: "/dev/null", target: "/dev/null", flags: 16384 },
      { op: "mkdir", target: "/d", mode: 0o755 },
      { op: "file", target: "/f", mode: 0o644 },
      { op: "symlink", target: "/bin", to: "usr/bin" },
      { op: "pivot" },
      { op: "hostname", name: "web" },
      { op: "sysctl", name: "net.ipv4.ip_forward", value: "1" },
      { op: "attach-root", mount: 0, path: "/lower" },
      { op: "attach", mount: 0, target: "/data" },
      { op: "tmpfs", target: "/tmp", flags: 6, data: "mode=1777" },
      { op: "read-only", target: "/" },
      { op: "folder", target: "/srv" },
      { op: "give", file: 0, folder: "/tmp", target: "/x" },
      { op: "unmount", target: "/tmp" },
    ],
  })
  const setup = bytes(
    17,
    ...[1, "overlay", "/r", "overlay", 2, "lowerdir=/"],
    ...[2, "", "/r", "", 0, ""],
    ...[3, "proc", "/proc", "proc", 14, ""],
    ...[4, "/dev/null", "/dev/null", "", 16384, ""],
    ...[5, "", "/d", "", 0o755, ""],
    ...[6, "", "/f", "", 0o644, ""],
    ...[7, "usr/bin", "/bin", "", 0, ""],
    ...[8, "", "", "", 0, ""],
    ...[9, "web", "", "", 0, ""],
    ...[10, "net.ipv4.ip_forward", "", "", 0, "1"],
    ...[11, "", "/lower", "", 0, ""],
    ...[12, "", "/data", "", 0, ""],
    ...[13, "", "/tmp", "", 6, "mode=1777"],
    ...[14, "", "/", "", 0, ""],
    ...[15, "", "/srv", "", 0, ""],
    ...[18, "/tmp", "/x", "", 0, ""],
    ...[19, "", "/tmp", "", 0, ""],
  )
  assert.equal(record.toString("hex"), bytes(HEAD, setup, 1, 0, 0, IDENTITY, MOUNTS, END).toString("hex"))
})

test("a record may be larger than any first guess", () => {
  const long = "x".repeat(100_000)
  const record = encodeRecord({ ...RECORD, env: [long, long], mounts: [], files: [] })
  assert.ok(record.subarray(-100_021).equals(bytes(long, 0, 0, 0, 0)))
})

function refusal(change: Partial<LaunchRecord>): string {
  try {
    encodeRecord({ ...RECORD, ...change })
    return "none"
  } catch (e) {
    assert.instance(e, KernelError)
    return (e as KernelError).message
  }
}

test("what the bytes cannot say is refused, by name and without its value", () => {
  assert.is(refusal({ env: ["A=secret\0B"] }), "write the launch record: EINVAL: a NUL byte in environment")
  assert.is(refusal({ uidMap: "\0" }), "write the launch record: EINVAL: a NUL byte in uid_map")
  assert.match(refusal({ uid: -1 }), "uid is no number of 32 bits")
  assert.match(refusal({ gid: 2 ** 32 }), "gid is no number of 32 bits")
  assert.match(refusal({ capabilities: "18446744073709551616" }), "capabilities is no number of 64 bits")
  assert.match(refusal({ rlimits: [{ resource: 1, soft: "-1", hard: "max" }] }), "rlimits is no number of 64 bits")
})

test("an exec record names a process, its namespaces as flags of clone, and the groups to enter", () => {
  const { uid, gid, groups, capabilities, noNewPrivileges, rlimits, oomScoreAdj, filter, cwd, argv, env } = RECORD
  const record = encodeExec({
    process: { pid: 42, startTime: "12345" },
    namespaces: ["user", "mount", "pid", "net", "uts", "ipc", "cgroup"],
    tty: true,
    cgroupFiles: ["/cg/cgroup.procs"],
    ...{ uid, gid, groups, capabilities, noNewPrivileges, rlimits, oomScoreAdj, filter, cwd, argv, env },
  })
  const expected = bytes(Buffer.from("STK1"), 1, "42", "12345", 0x7e020000, 1, 1, "/cg/cgroup.procs", IDENTITY)
  assert.equal(record.toString("hex"), expected.toString("hex"))
})

test("`launch` names its policy and its monitor, and holds the record without the files", () => {
  const bytesOf = encodeAgain({
    restart: "on-failure:3",
    monitor: 4711,
    stopSignal: 15,
    graceMs: 10_000,
    launch: { ...RECORD, restarts: "giving" },
  })
  const mounts = bytes(1, "/data", 1, 1 << 18, 1, 0)
  const body = bytes(HEAD.subarray(8), 0, 1, 0, 0, IDENTITY, mounts, 0, 2)
  assert.equal(bytesOf.toString("hex"), bytes(Buffer.from("STK1"), 3, "on-failure:3", "4711", 15, 10_000, body).toString("hex"))
  assert.equal(parseAgain(bytesOf.toString("utf8")), { restart: "on-failure:3", monitor: 4711 })
  for (const other of [null, "", "STK1", encodeRecord(RECORD).toString("utf8"), "\0".repeat(20)]) assert.is(parseAgain(other), undefined)
})

test.run()
