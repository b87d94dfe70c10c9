import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Impairment, Qdisc } from "../../../src/kernel/kernel.ts"
import type { LiveQdisc } from "../../../src/kernel/netlink/rtnl/qdisc.ts"
import { encodeImpair, impairments, readQdisc } from "../../../src/kernel/netlink/rtnl/qdisc.ts"
import { WireError, WireWriter } from "../../../src/kernel/netlink/wire.ts"
import { hex, messagesIn } from "./bytes.ts"

/** What is read of the options that are written: the kernel gives them back in the same form. */
function again(qdisc: Qdisc, impair: Impairment): Impairment | undefined {
  const w = new WireWriter(1024)
  encodeImpair(w, 1, { op: "impair", link: 3, qdisc, impair }, { index: Number, netNs: () => 0 })
  const [message] = messagesIn(Buffer.from(w.written()))
  const read = message === undefined ? undefined : readQdisc(message)
  return read !== undefined && "impair" in read ? read.impair : undefined
}

/** Percentages that a file can say: six digits behind the point. */
const percent = fc.integer({ min: 1, max: 100_000_000 }).map((millionths) => millionths / 1e6)
const time = fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 3_600_000_000_000 }))
const rate = fc.integer({ min: 1000, max: 125_000_000_000 }).map((bytes) => bytes * 8)

test("every impairment that can be said of netem is read as it was written", () => {
  const any = fc.record(
    {
      delay: time,
      jitter: time,
      loss: percent,
      duplicate: percent,
      corrupt: percent,
      reorder: percent,
      rate,
      limit: fc.integer({ min: 1, max: 999 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  fc.assert(
    fc.property(any, (impair) => {
      assert.equal(again("netem", impair), impair)
    }),
  )
})

test("every rate is read of a tbf as it was written", () => {
  fc.assert(
    fc.property(rate, (bits) => {
      assert.equal(again("tbf", { rate: bits }), { rate: bits })
    }),
  )
})

const HEAD = "00000000 03000000 00000100 ffffffff 02000000"

function read(kind: string, options: string, head = HEAD): ReturnType<typeof readQdisc> {
  const body = Buffer.concat([hex(head), attribute(1, Buffer.from(`${kind}\0`)), attribute(2, hex(options))])
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + body.length, 0)
  header.writeUInt16LE(36, 4)
  const [message] = messagesIn(Buffer.concat([header, body]))
  return message === undefined ? undefined : readQdisc(message)
}

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16LE(4 + value.length, 0)
  head.writeUInt16LE(type, 2)
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

const NETEM = "00000000 e8030000 295c8f02 00000000 00000000 00000000"

test("what a stack file cannot say of a netem is told in words", () => {
  assert.equal(read("netem", NETEM), { index: 3, handle: 0x10000, impair: { loss: 1 } })
  assert.equal(read("netem", `${NETEM} 1000 0100 00000000 33333333 00000000 0800 0700 01000000`), {
    index: 3,
    handle: 0x10000,
    impair: { loss: 1, other: "correlation, ecn" },
  })
  assert.equal(read("netem", NETEM.replace("e8030000", "05000000")), { index: 3, handle: 0x10000, impair: { loss: 1, limit: 5 } })
})

test("what is not at the root, or no netem or tbf, does not impair the link", () => {
  assert.is(read("noqueue", ""), undefined)
  for (const parent of ["00000000", "f1ffffff"]) assert.is(read("clsact", "", HEAD.replace("ffffffff", parent)), undefined)
})

test("what is below the queue at the root is told with that one, and what is below another is not", () => {
  const [netem, pfifo] = [read("netem", NETEM), read("pfifo", "01000000", HEAD.replace("ffffffff", "01000100"))]
  assert.equal(pfifo, { index: 3, kind: "pfifo", below: 0x10000 })
  const told = (below: number, index = 3) => impairments([netem, { index, kind: "tbf", below }] as LiveQdisc[]).get(3)
  assert.equal(told(0x10000), { loss: 1, other: "qdisc tbf" })
  assert.equal([told(0x20000), told(0x10000, 4)], [{ loss: 1 }, { loss: 1 }])
})

test("a netem without its options is no message of a kernel's", () => {
  assert.throws(
    () => read("netem", "00000000"),
    (failure: unknown) => failure instanceof WireError,
  )
})

test.run()
