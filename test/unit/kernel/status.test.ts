import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord } from "../../../src/kernel/kernel.ts"
import { decodeStatus, launchFailure } from "../../../src/kernel/launch/status.ts"

const RECORD: LaunchRecord = {
  title: "stack-monitor lab container.web",
  runDir: "/run/stack/lab/web",
  namespaces: { user: "new", mount: "new", pid: "host", net: "/proc/7/ns/net", uts: "new", ipc: "new", cgroup: "host" },
  uidMap: "0 100000 65536\n70000 7 1\n",
  gidMap: "0 100000 65536\n",
  cgroup2: "/sys/fs/cgroup/unified/stack/lab/web",
  cgroups1: ["/sys/fs/cgroup/memory/stack/lab/web"],
  monitorCgroup2: "",
  monitorCgroups1: [],
  prepare: [{ path: "/var/lib/stack/containers/lab/web", mode: 0o711, uid: 0, gid: 0 }],
  openPaths: [],
  init: "",
  owner: { uid: 0, gid: 0 },
  mounts: [],
  files: [],
  setup: [
    { op: "mount-root", source: "overlay", path: "/r", type: "overlay", flags: 0, data: "" },
    { op: "root", path: "/r" },
    { op: "mount", source: "overlay", target: "/usr", type: "overlay", flags: 4, data: "" },
    { op: "bind", source: "/dev/null", target: "/dev/null", flags: 0 },
    { op: "sysctl", name: "net.ipv4.ip_forward", value: "1" },
  ],
  uid: 0,
  gid: 0,
  groups: [],
  capabilities: "0",
  noNewPrivileges: true,
  rlimits: [],
  oomScoreAdj: 0,
  filter: null,
  cwd: "/srv",
  argv: ["sleep", "9"],
  env: [],
}

const message = (...numbers: number[]) => {
  const bytes = Buffer.alloc(16)
  for (const [i, n] of numbers.entries()) bytes.writeUInt32LE(n, 4 * i)
  return bytes
}

test("messages are taken from the front, and a piece of one is kept for later", () => {
  const all = Buffer.concat([message(1, 4711, 0, 0), message(2, 16, 2, 22), message(1, 1)])
  const { messages, rest } = decodeStatus(all.subarray(0, 40))
  assert.equal(messages, [
    { kind: "parked", pid: 4711 },
    { kind: "failed", stage: 16, index: 2, errno: 22 },
  ])
  assert.is(rest.length, 8)
  assert.equal(decodeStatus(Buffer.concat([rest, all.subarray(40)])).messages, [{ kind: "parked", pid: 1 }])
})

test("an unknown message is an error, not a guess", () => {
  assert.throws(() => decodeStatus(message(3)), "EPROTO")
})

const words = (stage: number, index: number, errno: number) => launchFailure(RECORD, { stage, index, errno }).message

test("a failure says what was being done", () => {
  assert.is(words(4, 0, 17), "mkdir /var/lib/stack/containers/lab/web: EEXIST")
  assert.is(words(8, 3, 2), "join the net namespace /proc/7/ns/net: ENOENT")
  assert.is(words(9, 0, 28), "clone with new namespaces: user mount uts ipc: ENOSPC")
  assert.is(words(10, 0, 1), 'write uid_map "0 100000 65536, 70000 7 1": EPERM')
  assert.is(words(12, 0, 16), "enter the cgroup /sys/fs/cgroup/unified/stack/lab/web /sys/fs/cgroup/memory/stack/lab/web: EBUSY")
  assert.is(words(16, 2, 22), "mount overlay on /usr (setup step 3): EINVAL")
  assert.is(words(16, 3, 13), "mount --bind /dev/null /dev/null (setup step 4): EACCES")
  assert.is(words(16, 4, 30), "sysctl net.ipv4.ip_forward=1 (setup step 5): EROFS")
  assert.is(words(21, 0, 2), "cd /srv: ENOENT")
  assert.is(words(22, 0, 2), "run sleep: ENOENT")
  assert.is(words(99, 0, 1), "launch (stage 99): EPERM")
})

test("a process that died before its command says how", () => {
  assert.is(words(23, 0, 9), "run sleep: ESRCH: its process was killed by signal 9 before it was started")
  assert.is(words(23, 0, 0x100), "run sleep: ESRCH: its process exited with status 1 before it was started")
})

test.run()
