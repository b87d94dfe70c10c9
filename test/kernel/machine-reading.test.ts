/** The sweep's readings of a machine say the same of the same. */

import { spawn } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { eventually } from "../support/eventually.ts"
import { networks } from "../support/machine/networks.ts"

const test = suite("readings of a machine")

test("a network namespace is called the same whichever of its processes has the lower pid", async () => {
  const first = spawn("unshare", ["--net", "--kill-child", "--fork", "sh", "-c", "sleep 1000 & exec sleep infinity"])
  const children = (pid: number | undefined) =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)
  const left: number[] = []
  try {
    const pid = await eventually(() => children(first.pid)[0])
    const other = await eventually(() => children(pid)[0])
    left.push(other)
    assert.equal(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync(`/proc/${other}/ns/net`))
    const both = [pid, other].map((one, i) => ({ pid: one, title: ["sleep infinity", "sleep 1000"][i] as string }))
    assert.equal(networks(both), networks([...both].reverse()))
    assert.ok(networks(both).some((line) => line.startsWith("sleep 1000: link ifname lo ")))
  } finally {
    for (const one of left) process.kill(one, "SIGKILL")
    first.kill("SIGKILL")
  }
})

test.run()
