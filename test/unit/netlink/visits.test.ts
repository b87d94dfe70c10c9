/** The round through namespaces: what is said again byte for byte is taken as known, what is said otherwise is read. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openVisits } from "../../../src/kernel/netlink/visits.ts"
import { hex } from "./bytes.ts"

/** An address, a route's end, a link's end: the three dumps of a namespace. `last`: the last byte of the address. */
function said(last: number): Buffer {
  const ip = `0a0000${hexByte(last)}`
  const address = `28000000 1400 0200 01000000 00000000 02 18 80 00 01000000 0800 0100 ${ip} 0800 0200 ${ip}`
  const done = (sequence: number) => `14000000 0300 0200 ${hexByte(sequence)}000000 00000000 00000000`
  return hex([address, done(1), done(2), done(3)].join(" "))
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0")
}

function none(): never {
  throw new Error("it was all there")
}

test("the second of two equal answers is the first one's; another is another's", () => {
  const answers = [said(1), said(1), said(2)]
  const visits = openVisits(
    {
      visitsBegin: () => 0,
      visitsEnd: (_, out) => {
        const bytes = answers.shift() as Buffer
        new DataView(out.buffer, out.byteOffset).setInt32(0, bytes.length, true)
        out.set(bytes, 4)
        return bytes.length + 4
      },
    },
    {
      dump: () => none(),
      readIn: () => none(),
    },
  )
  const look = () => visits.visit({ dumps: ["/proc/7/ns/net"], files: [] }).dump("/proc/7/ns/net")
  const first = look()
  assert.equal(
    first.addresses.map(({ address }) => address),
    ["10.0.0.1/24"],
  )
  assert.is(look(), first)
  assert.equal(
    look().addresses.map(({ address }) => address),
    ["10.0.0.2/24"],
  )
})

test.run()
