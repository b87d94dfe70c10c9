import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseFault } from "../../../src/kernel/faults/fault.ts"
import { FaultPoints } from "../../../src/kernel/faults/points.ts"
import { withFaults } from "../../../src/kernel/faults/with-faults.ts"
import type { NetRequest } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

function bridge(name: string): NetRequest {
  return { op: "bridge-add", name, group: 1, up: true, bridge: {} }
}

const THREE = ["a", "b", "c"].map(bridge)

function kernelWith(text: string | undefined) {
  const told: string[] = []
  const fake = fakeKernel()
  const points = new FaultPoints(text === undefined ? undefined : parseFault(text), (words) => told.push(words))
  const names = () =>
    fake
      .dump("host")
      .links.map((link) => link.name)
      .filter((name) => name.length === 1)
  return { kernel: withFaults(fake, points), told, points, names }
}

test("a fault is read, and nothing else", () => {
  assert.equal(parseFault("kill:17"), { kind: "kill", at: 17 })
  assert.equal(parseFault("late:3:EINTR"), { kind: "late", at: 3, errno: "EINTR" })
  assert.equal(parseFault("pause:1:/tmp/a:b"), { kind: "pause", at: 1, file: "/tmp/a:b" })
  for (const wrong of ["", "kill", "kill:0", "kill:1:EPERM", "err:1", "err:1:ENOTHING", "pause:1", "stop:1"])
    assert.throws(() => parseFault(wrong), TypeError, wrong)
})

test("without a fault every operation is counted, and done", () => {
  const { kernel, told, names } = kernelWith(undefined)
  assert.equal(kernel.net("host", THREE), [null, null, null])
  kernel.mkdir("/run/a")
  assert.is(told.length, 4)
  assert.is(told[3], "mkdir /run/a")
  assert.equal(names(), ["a", "b", "c"])
})

test("in a batch the requests before a refused one are done, and those behind it, too", async () => {
  for (const later of [false, true]) {
    const { kernel, names, points } = kernelWith("err:2:ENOSPC")
    const answers = later ? await kernel.netLater("host", THREE) : kernel.net("host", THREE)
    assert.equal(
      answers.map((answer) => answer?.errno ?? "ok"),
      ["ok", "ENOSPC", "ok"],
    )
    assert.equal(names(), ["a", "c"])
    assert.ok(points.fired)
  }
})

test("an answer that is lost: done, and called refused", () => {
  const { kernel, names } = kernelWith("late:2:EINTR")
  assert.is(kernel.net("host", THREE)[1]?.errno, "EINTR")
  assert.equal(names(), ["a", "b", "c"])
})

test("what is no message throws", () => {
  const { kernel } = kernelWith("err:1:EBUSY")
  assert.throws(
    () => kernel.mkdir("/run/a"),
    (thrown: unknown) => thrown instanceof KernelError && thrown.op === "mkdir /run/a" && thrown.errno === "EBUSY",
  )
  assert.is(kernel.mkdir("/run/a"), true)
})

test.run()
