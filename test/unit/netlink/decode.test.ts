import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Route, Rule } from "../../../src/kernel/kernel.ts"
import { asksVrfs } from "../../../src/kernel/kernel.ts"
import type { Answer } from "../../../src/kernel/netlink/answer.ts"
import { readAnswer } from "../../../src/kernel/netlink/answer.ts"
import { eachAttribute, readU64, writeText, writeU8, writeU32 } from "../../../src/kernel/netlink/attr.ts"
import { readAddress } from "../../../src/kernel/netlink/rtnl/address.ts"
import { readFdbEntry } from "../../../src/kernel/netlink/rtnl/fdb.ts"
import { readCounters } from "../../../src/kernel/netlink/rtnl/link-counters.ts"
import { readLink } from "../../../src/kernel/netlink/rtnl/link-read.ts"
import { readNeighbour } from "../../../src/kernel/netlink/rtnl/neighbour.ts"
import { readPortVlans } from "../../../src/kernel/netlink/rtnl/port-vlans.ts"
import { readRoute } from "../../../src/kernel/netlink/rtnl/route-read.ts"
import { readRule } from "../../../src/kernel/netlink/rtnl/rule.ts"
import type { Message } from "../../../src/kernel/netlink/wire.ts"
import { eachMessage, WireError, WireWriter } from "../../../src/kernel/netlink/wire.ts"
import { encoded, hex, messagesIn } from "./bytes.ts"

function only(bytes: Buffer): Message {
  const [message] = messagesIn(bytes)
  if (message === undefined) throw new Error("no message")
  return message
}

function answerIn(text: string): Answer | undefined {
  return readAnswer(only(hex(text)))
}

test("an acknowledgement is an error 0", () => {
  assert.equal(answerIn("24000000 0200 0001 05000000 11110000 00000000 20000000 1000 0506 05000000 00000000"), { errno: 0, text: "" })
})

test("a refusal carries its errno and, behind the capped request, the kernel's text", () => {
  const text = "IPv6 disabled"
  const tlv = `1200 0100 ${Buffer.from(text).toString("hex")}00 0000`
  const expected = { errno: 95, text }
  assert.equal(answerIn(`38000000 0200 0003 05000000 00000000 a1ffffff 20000000 1000 0506 05000000 00000000 ${tlv}`), expected)
  // Without NLM_F_CAPPED all of the request, here with eight bytes of payload, stands before it.
  assert.equal(
    answerIn(`40000000 0200 0002 05000000 00000000 a1ffffff 18000000 1000 0506 05000000 00000000 0102030405060708 ${tlv}`),
    expected,
  )
})

test("a refused dump says so in its NLMSG_DONE", () => {
  assert.equal(answerIn("14000000 0300 0200 05000000 00000000 eaffffff"), { errno: 22, text: "" })
  assert.equal(answerIn("20000000 0300 0202 05000000 00000000 eaffffff 0c00 0100 4e6f2076 6961 2100"), { errno: 22, text: "No via!" })
  assert.equal(answerIn("10000000 0300 0200 05000000 00000000"), { errno: 0, text: "" })
})

test("a message that is no answer is none", () => {
  assert.is(answerIn("10000000 1000 0000 05000000 00000000"), undefined)
})

test("a bridge with its options, counters and state", () => {
  const link = readLink(
    only(
      hex(`a8000000 1000 0200 01000000 00000000
        00 00 0100 07000000 03100000 00000000   # ifinfomsg: Ethernet, index 7, UP BROADCAST MULTICAST
        0b00 0300 62722d6c616e00 00
        0800 0400 dc050000
        0500 1000 06 000000                     # IFLA_OPERSTATE up
        0800 1b00 01000053
        0a00 0100 020000000001 0000
        0700 1400 613a62 00                     # IFLA_IFALIAS without a NUL, as the kernel sends it
        2400 1700                               # IFLA_STATS64
          0100000000000000 0200000000000000 0300000001000000 0400000000000000
        2c00 1280                               # IFLA_LINKINFO, NLA_F_NESTED
          0b00 0100 62726964676500 00
          1c00 0280
            0800 0400 30750000
            0800 0500 00000000
            0500 0700 01 000000`),
    ),
  )
  assert.equal(link, {
    index: 7,
    name: "br-lan",
    kind: "bridge",
    mac: "02:00:00:00:00:01",
    mtu: 1500,
    up: true,
    state: "up",
    master: 0,
    group: 0x53000001,
    alias: "a:b",
    peerIndex: 0,
    bridge: { stp: false, vlan_filtering: true, ageing_time: 300 },
  })
})

test("counters of a link: what came in, what went out", () => {
  const message = hex(`64000000 1000 0000 00000000 00000000
      00 00 0100 07000000 03100100 00000000              # struct ifinfomsg: link 7, IFF_UP, IFF_BROADCAST, IFF_MULTICAST, IFF_LOWER_UP
      4400 1700                                          # IFLA_STATS64, its first eight
        0100000000000000 0200000000000000 0300000001000000 0400000000000000
        0500000000000000 0600000000000000 0700000000000000 0800000000000000`)
  assert.equal(readCounters(only(message)), {
    index: 7,
    carrier: true,
    rx: { bytes: 2 ** 32 + 3, packets: 1, errors: 5, dropped: 7 },
    tx: { bytes: 4, packets: 2, errors: 6, dropped: 8 },
  })
})

test("while a topology change lasts the kernel tells another ageing time than the bridge's own", () => {
  const bridge = (stp: string, changing: string) =>
    readLink(
      only(
        hex(`54000000 1000 0000 00000000 00000000
          00 00 0100 07000000 03100000 00000000
          3400 1280
            0b00 0100 62726964676500 00
            2400 0280
              0800 0400 b80b0000
              0800 0500 ${stp}000000
              0500 0700 00 000000
              0500 0e00 ${changing} 000000`),
      ),
    ).bridge
  assert.equal(bridge("01", "01"), { stp: true, vlan_filtering: false })
  assert.equal(bridge("01", "00"), { stp: true, vlan_filtering: false, ageing_time: 30 })
  assert.equal(bridge("00", "01"), { stp: false, vlan_filtering: false, ageing_time: 30 })
})

test("under another bridge's root the kernel tells that one's times", () => {
  const bridge = (root: string) =>
    readLink(
      only(
        hex(`5c000000 1000 0000 00000000 00000000
          00 00 0100 07000000 03100000 00000000
          3c00 1280
            0b00 0100 62726964676500 00
            2c00 0280
              0800 0100 dc050000
              0800 0500 01000000
              0c00 0a00 8000 ${root}
              0c00 0b00 8000 020000000001`),
      ),
    ).bridge
  assert.equal(bridge("020000000001"), { stp: true, vlan_filtering: false, forward_delay: 15 })
  assert.equal(bridge("020000000000"), { stp: true, vlan_filtering: false })
})

test("of a port only what is not as usual is told", () => {
  const port = (isolated: string) =>
    readLink(
      only(
        hex(`4c000000 1000 0000 00000000 00000000
          00 00 0100 08000000 03100000 00000000
          2c00 1280
            0b00 0400 62726964676500 00
            1c00 0580
              0600 0200 2000 0000
              0800 0300 02000000
              0500 2100 ${isolated} 000000`),
      ),
    ).port
  assert.is(port("00"), undefined)
  assert.equal(port("01"), { isolated: true })
})

test("a port that does not forward says what it does, unless it is about to go on", () => {
  const state = (number: string, timer: string) =>
    readLink(
      only(
        hex(`48000000 1000 0000 00000000 00000000
          00 00 0100 08000000 03100000 00000000
          2800 1280
            0b00 0400 62726964676500 00
            1800 0580
              0500 0100 ${number} 000000
              0c00 1600 ${timer}00000000000000`),
      ),
    ).port_state
  assert.equal(
    ["00", "01", "02", "03", "04"].map((number) => state(number, "00")),
    ["disabled", "listening", "learning", undefined, "blocking"],
  )
  assert.equal(
    ["00", "01", "02", "03", "04"].map((number) => state(number, "05")),
    ["disabled", undefined, undefined, undefined, "blocking"],
  )
})

test("VLANs of a port, ranges by their ends; a bridge's own are none of a port", () => {
  const vlans = (master: string) =>
    readPortVlans(
      only(
        hex(`44000000 1000 0200 00000000 00000000
          07 00 0100 08000000 03100000 00000000
          0800 0a00 ${master}
          1c00 1a00
            0800 0200 0600 0a00
            0800 0200 0800 1e00
            0800 0200 1000 2000`),
      ),
    )
  assert.equal(vlans("07000000"), { index: 8, vlans: ["10 pvid untagged", "30-32"] })
  assert.is(vlans("08000000"), undefined)
})

test("what a VLAN lies on is in its own namespace, unless IFLA_LINK_NETNSID says in which other one", () => {
  const vlan = (netns: string) =>
    hex(`${netns === "" ? "44" : "4c"}000000 1000 0200 01000000 00000000
      00 00 0100 05000000 00000000 00000000
      0800 0500 04000000                        # IFLA_LINK 4
      ${netns}
      1c00 1200                                 # IFLA_LINKINFO
        0900 0100 766c616e 00 000000            #   IFLA_INFO_KIND vlan
        0c00 0200 0600 0100 0a00 0000           #   IFLA_INFO_DATA, IFLA_VLAN_ID 10`)
  const read = (netns = "") => {
    const { parent, parentBeside, options } = readLink(only(vlan(netns)))
    return { parent, parentBeside, options }
  }
  assert.equal(read(), { parent: 4, parentBeside: true, options: { id: 10 } })
  assert.equal(read("0800 2500 00000000                      # IFLA_LINK_NETNSID 0"), {
    parent: 4,
    parentBeside: undefined,
    options: { id: 10 },
  })
})

test("a veth knows its peer; for another kind IFLA_LINK is no peer", () => {
  const bytes = (kind: string) =>
    hex(`48000000 1000 0200 01000000 00000000
      00 00 0100 05000000 02100000 00000000
      0700 0300 763000 00
      0800 0500 04000000                        # IFLA_LINK 4
      0800 0a00 07000000                        # IFLA_MASTER 7
      1000 1200 0c00 0100 ${kind}`)
  const veth = readLink(only(bytes(Buffer.from("veth\0\0\0\0").toString("hex"))))
  assert.equal([veth.kind, veth.peerIndex, veth.master, veth.up, veth.state], ["veth", 4, 7, false, "unknown"])
  assert.is(readLink(only(bytes(Buffer.from("vlan\0\0\0\0").toString("hex")))).peerIndex, 0)
})

test("addresses of both families, with scope and protocol", () => {
  const ip4 = hex(`30000000 1400 0200 01000000 00000000
    02 18 80 00 02000000
    0800 0100 0a0000fe                          # IFA_ADDRESS: the peer
    0800 0200 0a000001                          # IFA_LOCAL
    0500 0b00 03 000000`)
  assert.equal(readAddress(only(ip4)), { index: 2, address: "10.0.0.1/24", scope: "global", protocol: 3 })
  const ip6 = hex(`2c000000 1400 0200 01000000 00000000
    0a 40 80 fd 02000000
    1400 0100 fe800000000000000000000000000001`)
  assert.equal(readAddress(only(ip6)), { index: 2, address: "fe80::1/64", scope: "link", protocol: 0 })
  assert.is(readAddress(only(hex("18000000 1400 0200 01000000 00000000 23 40 80 fd 02000000"))), undefined)
})

test("addresses for which the kernel has made no route, and those with a metric for it", () => {
  const of4 = (flags: string) =>
    hex(`30000000 1400 0200 01000000 00000000
    02 18 00 00 02000000
    0800 0200 0a000001
    0800 0800 ${flags}                          # IFA_FLAGS
    0800 0900 4d000000                          # IFA_RT_PRIORITY`)
  const address = { index: 2, address: "10.0.0.1/24", scope: "global", protocol: 0, metric: 77 }
  assert.equal(readAddress(only(of4("80000000"))), address)
  for (const flags of ["81000000", "80020000"]) assert.equal(readAddress(only(of4(flags))), { ...address, routeless: true }, flags)
  // IFA_F_SECONDARY is of IPv6 IFA_F_TEMPORARY.
  const of6 = hex(`34000000 1400 0200 01000000 00000000
    0a 40 01 00 02000000
    1400 0100 fd200000000000000000000000000001
    0800 0800 01000000`)
  assert.equal(readAddress(only(of6)), { index: 2, address: "fd20::1/64", scope: "global", protocol: 0 })
})

test("routes of both families", () => {
  const ip4 = hex(
    `44000000 1800 0200 01000000 00000000
    02 10 00 00 fe 73 00 01 00000000
    0800 0f00 fe000000
    0800 0100 0a090000
    0800 0600 07000000
    0800 0500 0a000002 0800 0400 02000000`,
  )
  const expected = { to: "10.9.0.0/16", via: "10.0.0.2", dev: 2, metric: 7, protocol: 115, table: 254, type: "unicast", scope: "universe" }
  assert.equal(readRoute(only(ip4)), expected)
  const ip6 = hex(`2c000000 1800 0200 01000000 00000000
    0a 00 00 00 fe 03 00 07 00000000
    0800 0600 00040000 0800 0400 01000000`)
  assert.equal(readRoute(only(ip6)), { to: "::/0", dev: 1, metric: 1024, protocol: 3, table: 254, type: "unreachable" })
  const over6 = hex(
    `34000000 1800 0200 01000000 00000000
    02 00 00 00 fe 03 00 01 00000000
    1600 1200 0a00 fd200000000000000000000000000001 0000`,
  )
  assert.is(readRoute(only(over6))?.via, "fd20::1")
})

test("rules, neighbours and routes of every form that were asked for read back as what was asked", () => {
  const rules: Rule[] = [
    { family: "inet", priority: 1, type: "lookup", table: 100 },
    { family: "inet6", priority: 2, type: "lookup", table: 100_000, from: "fd20::/64", to: "fd21::1/128", not: true },
    { family: "inet", priority: 3, type: "prohibit", iif: "lo", oif: "eth1", fwmark: 0, fwmask: 255 },
    { family: "inet", priority: 4, type: "lookup", table: 254, fwmark: 1, suppress_prefixlength: 0 },
    { family: "inet", priority: 5, type: "lookup", table: 100, ipproto: "tcp", sport: "1024-65535", dport: "80" },
    { family: "inet6", priority: 6, type: "blackhole", ipproto: "200" },
    { family: "inet", priority: 7, type: "goto", goto: 100_000, not: true, to: "10.0.0.0/8" },
  ]
  for (const rule of rules) assert.equal(readRule(only(encoded({ op: "rule-add", rule }))), { ...rule, protocol: 115 })
  for (const family of ["inet", "inet6"] as const) {
    const rule = readRule(only(encoded({ op: "vrf-rule-add", family })))
    assert.equal(rule, { family, priority: 1000, type: "lookup", table: 0, other: "l3mdev", protocol: 2 })
    assert.ok(rule !== undefined && asksVrfs(rule) && !asksVrfs({ ...rule, from: "10.0.0.0/8" }))
  }
  for (const lladdr of ["02:00:00:00:00:0a", undefined]) {
    const neighbour = { to: "fd20::9", dev: 7, ...(lladdr === undefined ? {} : { lladdr }) }
    assert.equal(readNeighbour(only(encoded({ op: "neighbour-replace", ...neighbour }))), { ...neighbour, protocol: 115 })
  }
  const rest = { metric: 0, protocol: 115, type: "unicast" }
  const routes: Route[] = [
    {
      to: "10.9.0.0/16",
      dev: 0,
      nexthops: [
        { dev: 3, via: "10.0.0.2", weight: 7 },
        { dev: 4, via: "fd20::1", weight: 1, onlink: true },
      ],
      ...rest,
      table: 254,
      scope: "universe",
    },
    { to: "fd09::/64", dev: 3, via: "fd20::1", onlink: true, src: "fd20::2", mtu: 1280, ...rest, table: 70_000 },
    { to: "10.8.0.0/16", dev: 0, ...rest, type: "throw", table: 9, scope: "universe" },
    { to: "10.7.0.0/16", dev: 3, ...rest, table: 9, scope: "site", advmss: 1000 },
  ]
  for (const { dev, metric, ...route } of routes) {
    const wish = { op: "route-replace", ...route, ...(dev === 0 ? {} : { dev }) } as const
    assert.equal(readRoute(only(encoded(wish))), { ...route, dev, metric })
  }
})

test("an entry of a forwarding database that was asked for reads back; learned ones, a daemon's and other links' do not", () => {
  const entry = { mac: "02:00:00:00:00:09", to: "192.0.2.3", port: 4790, vni: 9 }
  assert.equal(readFdbEntry(only(encoded({ op: "fdb-add", link: 7, entry }))), { index: 7, entry })
  const words = (state: string, flags: string, rest = "0800 0100 c0000203") =>
    readFdbEntry(
      only(hex(`30000000 1c00 0200 01000000 00000000 07 00 0000 02000000 ${state} ${flags} 00 0a00 0200 020000000009 0000 ${rest}`)),
    )
  assert.equal(words("4000", "02"), { index: 2, entry: { mac: "02:00:00:00:00:09", to: "192.0.2.3" } })
  assert.is(words("0200", "02"), undefined)
  assert.is(words("8000", "12"), undefined)
  assert.is(words("8000", "04"), undefined)
  assert.is(words("8000", "02", "0800 0500 01000000"), undefined)
})

test("what was learned of a neighbour is not read, and what no stack can say of a rule is told", () => {
  const reachable = `30000000 1c00 0200 01000000 00000000 02 00 0000 02000000 0200 00 01
    0800 0100 0a000009 0a00 0200 020000000009 0000`
  assert.is(readNeighbour(only(hex(reachable))), undefined)
  assert.equal(readNeighbour(only(hex(reachable.replace("0200 00 01", "8000 00 01")))), {
    to: "10.0.0.9",
    dev: 2,
    lladdr: "02:00:00:00:00:09",
    protocol: 0,
  })
  const rule = `38000000 2000 0200 01000000 00000000 02 00 00 00 09 00 00 01 00000000
    0800 0600 05000000 0c00 1400 00000000 09000000 0800 0e00 ffffffff`
  assert.equal(readRule(only(hex(rule))), { family: "inet", priority: 5, type: "lookup", table: 9, protocol: 0, other: "uidrange" })
})

// ---------------------------------------------------------------- properties

/** Runs the reader over every message and asserts that nothing but a WireError comes out of it. */
function survives(bytes: Buffer): void {
  try {
    eachMessage(bytes, (message) => {
      for (const read of [readAnswer, readLink, readAddress, readRoute, readRule, readNeighbour]) {
        try {
          read(message)
        } catch (error) {
          assert.instance(error, WireError)
        }
      }
    })
  } catch (error) {
    assert.instance(error, WireError)
  }
}

test("garbage never breaks a reader", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => survives(Buffer.from(bytes))),
    { numRuns: 500 },
  )
  const framed = fc.tuple(fc.constantFrom(2, 3, 16, 20, 24, 28, 32), fc.nat(0xffff), fc.uint8Array({ maxLength: 300 }))
  fc.assert(
    fc.property(framed, ([type, flags, payload]) => {
      const w = new WireWriter(1024)
      w.message(type, flags, 1, () => w.raw(payload))
      survives(Buffer.from(w.written()))
    }),
    { numRuns: 1000 },
  )
})

test("a message cut or changed anywhere never breaks a reader", () => {
  const whole = encoded({
    op: "bridge-add",
    name: "br-lan",
    group: 1,
    mac: "02:00:00:00:00:01",
    mtu: 1400,
    up: true,
    bridge: { stp: true, vlan_filtering: true, ageing_time: 10 },
  })
  for (let length = 0; length < whole.length; length++) {
    const cut = Buffer.from(whole.subarray(0, length))
    survives(cut)
    if (length >= 4) cut.writeUInt32LE(length)
    survives(cut)
  }
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(whole)
      changed[at] = value
      survives(changed)
    }),
    { numRuns: 2000 },
  )
})

const attribute = fc.oneof(
  fc.record({ kind: fc.constant("u8" as const), type: fc.nat(0x3fff), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant("u32" as const), type: fc.nat(0x3fff), value: fc.nat(0xffffffff) }),
  fc.record({
    kind: fc.constant("text" as const),
    type: fc.nat(0x3fff),
    value: fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0")),
  }),
)

test("attributes come back as they were written", () => {
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 20 }), fc.nat(0xffffffff), (attributes, sequence) => {
      const w = new WireWriter(65536)
      w.message(16, 5, sequence, () => {
        for (const a of attributes) {
          if (a.kind === "u8") writeU8(w, a.type, a.value)
          else if (a.kind === "u32") writeU32(w, a.type, a.value)
          else writeText(w, a.type, a.value)
        }
      })
      const message = only(Buffer.from(w.written()))
      assert.is(message.sequence, sequence)
      const read: unknown[] = []
      eachAttribute(message.bytes, message.start, message.end, (type, from, to) => {
        const value = message.bytes.subarray(from, to)
        const { kind } = attributes[read.length] as { kind: string }
        if (kind === "text") read.push({ kind, type, value: value.toString("utf8", 0, value.length - 1) })
        else read.push({ kind, type, value: kind === "u8" ? value.readUInt8() : value.readUInt32LE() })
      })
      assert.equal(
        read,
        attributes.map((a) => ({ ...a })),
      )
    }),
  )
})

/** An RTM_NEWLINK with what is said of it. */
function linkSaying(rest: string): ReturnType<typeof readLink> {
  const body = hex(`0000 0100 02000000 43100000 00000000 0a00 0100 020000000001 0000 ${rest}`)
  const head = Buffer.alloc(16)
  head.writeUInt32LE(16 + body.length, 0)
  head.writeUInt16LE(16, 4)
  return readLink(only(Buffer.concat([head, body])))
}

test("a member of a bond has its own MAC address, whatever it is called by at the moment; a bond has its mode", () => {
  const member = linkSaying(
    `0800 0a00 07000000                            # IFLA_MASTER
     2c00 1200 0900 0100 76657468 00 000000        # IFLA_LINKINFO, veth
       0900 0400 626f6e64 00 000000                #   IFLA_INFO_SLAVE_KIND, bond
       1000 0500 0a00 0400 020000000099 0000       #   IFLA_BOND_SLAVE_PERM_HWADDR
     0400 0000`,
  )
  assert.equal([member.kind, member.master, member.mac], ["veth", 7, "02:00:00:00:00:99"])
  const bond = linkSaying("2400 1200 0900 0100 626f6e64 00 000000 1400 0200 0500 0100 01 000000 0800 0300 64000000")
  assert.equal([bond.kind, bond.mac, bond.options], ["bond", "02:00:00:00:00:01", { mode: "active-backup", miimon: 100 }])
})

test("a gre whose packets go out with another key than they come in with has both", () => {
  const keys = (incoming: string, outgoing: string) =>
    linkSaying(`2000 1200 0800 0100 67726500 1400 0200 0800 0400 ${incoming} 0800 0500 ${outgoing}`).options
  assert.equal(keys("00000007", "00000007"), { key: 7 })
  assert.equal(keys("00000000", "00000000"), {})
  assert.equal(keys("00000007", "00000009"), { key: 7, okey: 9 })
  assert.equal(keys("00000007", "00000000"), { key: 7, okey: 0 })
  assert.equal(keys("00000000", "00000009"), { okey: 9 })
})

test("a tap has its ids and what is not as usual", () => {
  const say = (persist: string, many: string, ids = "") =>
    linkSaying(
      `${ids === "" ? "3000" : "4000"} 1200 0800 0100 74756e00
       ${ids === "" ? "2400" : "3400"} 0200 ${ids} 0500 0300 02 000000 0500 0600 ${persist} 000000 0500 0700 ${many} 000000 0500 0400 00 000000`,
    ).options
  assert.equal(say("01", "00"), { type: "tap" })
  assert.equal(say("00", "01", "0800 0100 e9030000 0800 0200 ea030000"), {
    type: "tap",
    owner: 1001,
    group: 1002,
    multi_queue: 1,
    persist: 0,
  })
})

test("an end of a pair with a mark heeds routers, unless it says otherwise, and a port is not asked", () => {
  const conf = (accept: string) => `2000 1a00 1c00 0a00 1800 0200 ${"00000000".repeat(3)} ${accept} 00000000`
  const pair = (alias: string, master: string, accept: string) =>
    linkSaying(`${master} ${alias} 1000 1200 0900 0100 76657468 00 000000 ${conf(accept)}`).accept_ra
  const [mark, none, port] = ["0600 1400 6100 0000", "", "0800 0a00 07000000"]
  assert.equal(
    [pair(mark, none, "01000000"), pair(mark, none, "00000000"), pair(none, none, "01000000"), pair(mark, port, "01000000")],
    [true, undefined, undefined, undefined],
  )
})

test("a link that was asked for reads back as what was asked", () => {
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join(":"))
  const wish = fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9.-]{0,14}$/),
    mac,
    mtu: fc.integer({ min: 68, max: 65535 }),
    group: fc.nat(0x7fffffff),
    up: fc.boolean(),
    stp: fc.boolean(),
    ageing_time: fc.nat(1000000),
  })
  fc.assert(
    fc.property(wish, ({ stp, ageing_time, ...common }) => {
      const link = readLink(only(encoded({ op: "bridge-add", ...common, bridge: { stp, ageing_time } })))
      const { name, mac, mtu, group, up, bridge } = link
      assert.equal({ name, mac, mtu, group, up }, common)
      assert.equal(bridge, { stp, ageing_time, vlan_filtering: false })
    }),
  )
})

test("addresses and routes that were asked for read back as what was asked", () => {
  const ip4 = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([ip, n]) => `${ip}/${n}`)
  fc.assert(
    fc.property(ip4, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (address, link) => {
      const read = readAddress(only(encoded({ op: "address-add", link, address })))
      assert.equal([read?.address, read?.index], [address, link])
      const route = readRoute(only(encoded({ op: "route-replace", to: address, dev: link, metric: link })))
      assert.equal([route?.to, route?.dev, route?.metric, route?.protocol], [address, link, link, 115])
    }),
  )
})

test("counters are exact as long as a number is", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger().map(Math.abs), (value) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt(value))
      assert.is(readU64(bytes, 0, 8), value)
    }),
  )
})

test.run()
