import { existsSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeExec } from "../../src/kernel/launch/exec.ts"
import { encodeRecord } from "../../src/kernel/launch/record.ts"
import type { StatusMessage } from "../../src/kernel/launch/status.ts"
import { testsUnless } from "../support/skip.ts"
import { cleanUp, launchBytes, recordOf, SANITIZED, spaces, temporary } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

/** With the sanitizers a read past the end is an end by a report on stderr, and no message. */
const sanitized = testsUnless(existsSync(SANITIZED) ? undefined : "not built: make -C native sanitize")
const UNREADABLE: StatusMessage = { kind: "failed", stage: 1, index: 0, errno: 22 }

/** Something of everything, and nothing that does harm where it is changed and believed: it is never let go. */
function wholeRecord(): Buffer {
  const record = recordOf("true", temporary(), {
    namespaces: spaces("new"),
    groups: [1, 2],
    rlimits: [{ resource: 4, soft: "0", hard: "0" }],
    setup: [
      { op: "hostname", name: "one" },
      { op: "sysctl", name: "net.ipv4.ip_forward", value: "1" },
      { op: "symlink", target: "/a", to: "b" },
    ],
  })
  return encodeRecord(record)
}

/** What a monitor makes of these bytes: its first message, and how it ended once nobody said "go". */
async function verdict(bytes: Buffer, quiet = false): Promise<{ message: StatusMessage | undefined; ended: number | string }> {
  const monitor = launchBytes(bytes, { program: SANITIZED, quiet })
  const message = await monitor.next()
  monitor.abandon()
  return { message, ended: await monitor.ending() }
}

sanitized("a record without its end is no record, wherever it was cut", async () => {
  const bytes = wholeRecord()
  for (let len = 0; len < bytes.length; len += len < 24 ? 1 : 7) {
    assert.equal(await verdict(bytes.subarray(0, len)), { message: UNREADABLE, ended: 1 }, `${len} of ${bytes.length}`)
  }
  assert.equal(await verdict(Buffer.concat([bytes, Buffer.alloc(1)])), { message: UNREADABLE, ended: 1 }, "a byte too many")
})

sanitized("lengths and counts of any size are checked, not believed", async () => {
  const bytes = wholeRecord()
  for (let at = 8; at + 4 <= bytes.length; at += 11) {
    for (const value of [0xffffffff, 0x7fffffff, bytes.length - at]) {
      const changed = Buffer.from(bytes)
      changed.writeUInt32LE(value, at)
      const { message, ended } = await verdict(changed)
      assert.ok(message !== undefined, `no message with ${value} at ${at}`)
      assert.is(ended, message?.kind === "parked" ? 0 : 1, `${value} at ${at}`)
    }
  }
})

sanitized("bytes changed by chance", async () => {
  const bytes = wholeRecord()
  let seed = 12345
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >> 8) % below
  }
  for (let round = 0; round < 60; round++) {
    const changed = Buffer.from(bytes)
    for (let n = 0; n <= random(4); n++) changed[8 + random(changed.length - 8)] = random(256)
    const { message, ended } = await verdict(changed)
    assert.ok(message !== undefined, `round ${round}`)
    assert.is(ended, message?.kind === "parked" ? 0 : 1, `round ${round}`)
  }
})

sanitized("what is no record at all", async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(4096), Buffer.alloc(64, 0xff), Buffer.from("STK1"), Buffer.from("#!/bin/sh\n")]) {
    assert.equal(await verdict(bytes), { message: UNREADABLE, ended: 1 })
  }
  const wrongMode = wholeRecord()
  wrongMode.writeUInt32LE(2, 4)
  assert.equal(await verdict(wrongMode), { message: UNREADABLE, ended: 1 })
})

sanitized("an exec record that was cut", async () => {
  const bytes = encodeExec({
    process: { pid: 1, startTime: "1" },
    namespaces: [],
    tty: false,
    cgroupFiles: ["/x"],
    uid: 0,
    gid: 0,
    groups: [1],
    capabilities: "0",
    noNewPrivileges: true,
    rlimits: [],
    oomScoreAdj: 0,
    filter: null,
    cwd: "/",
    argv: ["true"],
    env: ["A=b"],
  })
  for (let len = 8; len < bytes.length; len += 3) {
    const { ended, message } = await verdict(bytes.subarray(0, len), true)
    assert.equal([ended, message], [1, undefined], `${len} of ${bytes.length}`)
  }
})

test("the record's texts: a folder that is not absolute, a namespace that is no path, no command", async () => {
  const refused = async (record: Parameters<typeof recordOf>[2]) => {
    const monitor = launchBytes(encodeRecord(recordOf("true", temporary(), record)))
    assert.equal(await monitor.next(), UNREADABLE)
  }
  await refused({ runDir: "relative" })
  await refused({ cwd: "relative" })
  await refused({ namespaces: spaces("new", { net: "other" }) })
  await refused({ argv: [] })
  await refused({ openPaths: ["relative"] })
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
