import { test } from "uvu"
import * as assert from "uvu/assert"
import { announcementOf, announcementTwin } from "../../../src/kernel/announcements.ts"
import { hex, lines } from "../netlink/bytes.ts"

const mac = "02:00:00:00:00:aa"

test("of IPv4 all are sent a gratuitous ARP request", () => {
  assert.is(
    lines(announcementOf({ address: "10.20.0.2", mac })),
    lines(hex("ffffffffffff 0200000000aa 0806 0001 0800 06 04 0001 0200000000aa 0a140002 000000000000 0a140002")),
  )
})

test("of IPv6 all are sent a neighbour advertisement that takes the place of what was known, with its checksum", () => {
  assert.is(
    lines(announcementOf({ address: "fd20::2", mac })),
    lines(
      hex(`333300000001 0200000000aa 86dd
           60000000 0020 3a ff fd200000000000000000000000000002 ff020000000000000000000000000001
           88 00 59b0 20000000 fd200000000000000000000000000002 02 01 0200000000aa`),
    ),
  )
})

test("in the words of arping", () => {
  const holdings = ["10.20.0.2", "fd20::2"].map((address) => ({ address, mac }))
  assert.is(announcementTwin("eth0", holdings), "arping -U -I eth0 10.20.0.2 fd20::2")
})

test.run()
