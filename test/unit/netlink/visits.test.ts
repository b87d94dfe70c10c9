/** The round through namespaces: what is said again byte for byte is taken as known, what is said otherwise is read. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetDump } from "../../../src/kernel/kernel.ts"
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

/** A round that is answered with these, one after the other; what has to be read besides is asked of `singly`. */
function visitsOf(answers: Buffer[], singly: Partial<Parameters<typeof openVisits>[1]> = {}): (ns: string) => NetDump {
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
    { dump: none, readIn: none, rest: none, ...singly },
  )
  return (ns) => visits.visit({ dumps: [ns], files: [] }).dump(ns)
}

for (const ns of ["/proc/7/ns/net", "host"])
  test(`the second of two equal answers is the first one's; another is another's: ${ns}`, () => {
    const look = visitsOf([said(1), said(1), said(2)])
    const first = look(ns)
    assert.equal(
      first.addresses.map(({ address }) => address),
      ["10.0.0.1/24"],
    )
    assert.is(look(ns), first)
    assert.equal(
      look(ns).addresses.map(({ address }) => address),
      ["10.0.0.2/24"],
    )
  })

test("what its tables do not tell is asked each time, equal as they may be", () => {
  // A link, index 3, with IFLA_LINKINFO of kind vrf and table 7.
  const link =
    "38000000 1000 0200 03000000 00000000 00000000 03000000 00000000 00000000 1800 1200 0800 0100 76726600 0c00 0200 0800 0100 07000000"
  const address = said(1)
  const end = address.length - 20
  const whole = Buffer.concat([address.subarray(0, end), hex(link), address.subarray(end)])
  const asked: NetDump[] = []
  const look = visitsOf([whole, whole], {
    rest: (_, dump) => {
      asked.push(dump)
      return { ...dump, vrfRoutes: [] }
    },
  })
  assert.equal([look("host").vrfRoutes, look("host").vrfRoutes], [[], []])
  assert.is(asked[0], asked[1])
  assert.is(asked.length, 2)
})

test("an answer that is not all of it is read singly", () => {
  const dump = { links: [], addresses: [], routes: [] }
  const look = visitsOf([said(1).subarray(0, 40)], { dump: () => dump })
  assert.is(look("host"), dump)
})

test.run()
