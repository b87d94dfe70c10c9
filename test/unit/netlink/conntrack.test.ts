import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Flow } from "../../../src/kernel/flows.ts"
import { flowTwin } from "../../../src/kernel/flows.ts"
import { encodeFlowDelete, encodeFlowDump, readFlow } from "../../../src/kernel/netlink/conntrack/codec.ts"
import { WireError, WireWriter } from "../../../src/kernel/netlink/wire.ts"
import { hex, lines, messagesIn } from "./bytes.ts"

const FLOW: Flow = {
  family: "ip",
  id: -1588811384,
  sent: { from: "127.0.0.1", fromPort: 44444, to: "127.0.0.1", toPort: 5353 },
  answered: { from: "10.9.0.2", fromPort: 53, to: "127.0.0.1", toPort: 44444 },
}
/** As Linux 6.18 told it. */
const TOLD = `
a4000000 0001 2200 01000000 5e260000     # IPCTNL_MSG_CT_NEW
02000000                                 # AF_INET
34000180 14000180 080001007f000001 080002007f000001
1c000280 0500010011000000 06000200ad9c0000 0600030014e90000
34000280 14000180 080001000a090002 080002007f000001
1c000280 0500010011000000 0600020000350000 06000300ad9c0000
08000300000001a8 0800080000000000 08000c00a14ca988 08000b0000000001 080007000000001c`

function written(write: (w: WireWriter) => void): string {
  const w = new WireWriter(512)
  write(w)
  return lines(w.written())
}

function read(text: string): Flow | undefined {
  return messagesIn(hex(text)).map(readFlow)[0]
}

test("what is remembered of UDP is asked for by family, with a filter", () => {
  assert.is(
    written((w) => encodeFlowDump(w, 7, "ip6")),
    lines(
      hex(`38000000 0101 0503 07000000 00000000  # IPCTNL_MSG_CT_GET
           0a000000                              # AF_INET6
           10000180 0c000280 0500010011000000    # UDP
           14001980 0800010008000000 0800020000000000`),
    ),
  )
})

test("one is read with whom it was sent to, and who answers", () => {
  assert.equal(read(TOLD), FLOW)
})

test("one is forgotten by its ends and its number", () => {
  assert.is(
    written((w) => encodeFlowDelete(w, 3, FLOW)),
    lines(
      hex(`50000000 0201 0500 03000000 00000000  # IPCTNL_MSG_CT_DELETE
           02000000
           34000180 14000180 080001007f000001 080002007f000001
           1c000280 0500010011000000 06000200ad9c0000 0600030014e90000
           08000c00a14ca988`),
    ),
  )
  assert.is(flowTwin(FLOW), "conntrack -D -p udp -s 127.0.0.1 -d 127.0.0.1 --sport 44444 --dport 5353")
  const six: Flow = { ...FLOW, family: "ip6", sent: { from: "fd20::1", fromPort: 1, to: "fd20::2", toPort: 2 } }
  const address = (last: number) => `fd20000000000000000000000000000${last}`
  assert.match(written((w) => encodeFlowDelete(w, 3, six)).replaceAll("\n", ""), `2c00018014000300${address(1)}14000400${address(2)}`)
})

test("other protocols, zones and families are no flows; what is cut off is no message", () => {
  assert.is(read(TOLD.replaceAll("0500010011000000", "0500010006000000")), undefined)
  assert.is(read(TOLD.replace("0800080000000000", "0600120000010000")), undefined)
  assert.is(read(TOLD.replace("02000000", "07000000")), undefined)
  assert.is(read("1400000003000200010000005e26000000000000"), undefined)
  assert.throws(
    () => read("12000000 0001 2200 01000000 5e260000 0200"),
    (failure: Error) => failure instanceof WireError,
  )
})

test.run()
