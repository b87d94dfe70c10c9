import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeBatch } from "../../../src/kernel/netlink/nft/change.ts"
import { readInto } from "../../../src/kernel/netlink/nft/read.ts"
import { WireWriter } from "../../../src/kernel/netlink/wire.ts"
import type { Expression, RuleChange, RuleFamily, RuleSet } from "../../../src/kernel/packet-rules.ts"
import { expressionsOf, wordsOf } from "../../../src/kinds/nat/spec-words.ts"
import { hex, lines, messagesIn } from "./bytes.ts"

const RULE = 'ip saddr 10.20.0.0/20 oifname != "lab-lan" masquerade'
const CHAIN = {
  table: "stack_lab",
  name: "nat-lan",
  type: "nat",
  hook: "postrouting",
  priority: 100,
  policy: "accept",
  comment: "stack: net.ipv4.ip_forward was 0",
} as const
const CHANGES: RuleChange[] = [
  { op: "table-add", family: "ip", table: "stack_lab" },
  { op: "chain-add", family: "ip", chain: CHAIN },
  { op: "rule-add", family: "ip", table: "stack_lab", chain: "nat-lan", expressions: written("ip", RULE) },
]

function written(family: RuleFamily, words: string): Expression[] {
  const found = expressionsOf(family, words)
  if (found === undefined) throw new Error(`${words} is no rule`)
  return found
}

function batch(changes: readonly RuleChange[]): Buffer {
  const w = new WireWriter(8192)
  encodeBatch(w, 7, changes)
  return Buffer.from(w.written())
}

/** What is behind the headers was written by hand from linux/netfilter/nf_tables.h and held against what `nft --debug=mnl -f FILE` sends. */
test("a table, a chain and a rule are sent as nft sends them", () => {
  const [, table, chain, rule] = messagesIn(batch(CHANGES)).map(({ bytes, start, end }) => lines(bytes.subarray(start, end)))
  const same = (payload: string | undefined, expected: string) => assert.is(payload, lines(hex(expected)))
  same(table, "020000000e000100737461636b5f6c61620000000800020000000000")
  same(
    chain,
    `020000000e000100737461636b5f6c61620000000c0003006e61742d6c616e00
     080007006e617400080005000000000114000480080001000000000408000200
     0000006427000c000021737461636b3a206e65742e697076342e69705f666f72
     776172642077617320300000`,
  )
  same(
    rule,
    `020000000e000100737461636b5f6c61620000000c0002006e61742d6c616e00
     18010480340001800c0001007061796c6f616400240002800800010000000001
     0800020000000001080003000000000c0800040000000004440001800c000100
     6269747769736500340002800800010000000001080002000000000108000300
     000000040c00048008000100fffff0000c00058008000100000000002c000180
     08000100636d700020000280080001000000000108000200000000000c000380
     080001000a14000024000180090001006d657461000000001400028008000200
     0000000708000100000000013800018008000100636d70002c00028008000100
     00000001080002000000000118000380140001006c61622d6c616e0000000000
     0000000014000180090001006d6173710000000004000280`,
  )
})

test("a batch has a beginning and an end, which name nf_tables, and its last change alone is acknowledged", () => {
  const messages = messagesIn(batch(CHANGES))
  const heads = messages.map(({ type, flags, sequence }) => [type.toString(16), flags.toString(16), sequence])
  assert.equal(heads, [
    ["10", "1", 7],
    ["a00", "401", 8],
    ["a03", "601", 9],
    ["a06", "c05", 10],
    ["11", "1", 11],
  ])
  for (const end of [messages[0], messages[4]]) assert.is(end?.bytes.toString("hex", end.start, end.end), "0000000a")
})

test("what was sent is read back as it was", () => {
  const set: RuleSet = { tables: [], chains: [], inner: [], rules: [] }
  for (const message of messagesIn(batch(CHANGES)).slice(1, 4)) readInto(set, message)
  const [rule] = set.rules
  assert.equal(set.tables, [{ family: "ip", name: "stack_lab" }])
  assert.equal(set.chains, [{ family: "ip", ...CHAIN }])
  assert.is(rule && wordsOf(rule.family, rule.expressions), RULE)
})

/** Everything a rule of ours can say, and what `nft --debug=mnl -f FILE` (nftables 1.0.6) sends for it behind the names of table and chain. */
const SENT: readonly [RuleFamily, string, string][] = [
  [
    "ip",
    "ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.20.0.2:80",
    `a4010480340001800c0001007061796c6f616400240002800800010000000001
     08000200000000010800030000000010080004000000000 42c00018008000100
     636d700020000280080001000000000108000200000000000c00038008000100
     c000020124000180090001006d65746100000000140002800800020000000010
     08000100000000012c00018008000100636d7000200002800800010000000001
     08000200000000000c0003800500010006000000340001800c00010070 61796c
     6f61640024000280080001000000000108000200000000020800030000000002
     08000400000000022c00018008000100636d7000200002800800010000000001
     08000200000000000c000380060001001f9000002c0001800e000100696d6d65
     6469617465000000180002800800010000000001 0c000280080001000a140002
     2c0001800e000100696d6d656469617465000000180002800800010000000002
     0c000280060001000050000038000180080001006e6174002c00028008000100
     0000000108000200000000020800030000000001080005000000000208000700
     00000002`,
  ],
  [
    "ip",
    "udp dport 8000-8010 dnat to 10.20.0.2",
    `3401048024000180090001006d65746100000000140002800800020000000010
     08000100000000012c00018008000100636d7000200002800800010000000001
     08000200000000000c0003800500010011000000340001800c0001007061796c
     6f61640024000280080001000000000108000200000000020800030000000002
     08000400000000022c00018008000100636d7000200002800800010000000001
     08000200000000050c000380060001001f4000002c00018008000100636d7000
     20000280080001000000000108000200000000030c000380060001001f4a0000
     2c0001800e000100696d6d656469617465000000180002800800010000000001
     0c000280080001000a14000228000180080001006e6174001c00028008000100
     00000001080002000000000208000300 00000001`,
  ],
  [
    "ip",
    "fib daddr type local jump ports-lan",
    `980004802800018008000100666962001c000280080003000000000208000200
     0000000308000100000000012c00018008000100636d70002000028008000100
     0000000108000200000000000c0003800800010002000000400001800e000100
     696d6d6564696174650000002c0002800800010000000000200002801c000280
     08000100fffffffd0e000200706f7274732d6c616e000000`,
  ],
  [
    "ip",
    'iifname "lab-lan" oifname "lab-dmz" ct status ! dnat drop',
    `7c01048024000180090001006d65746100000000140002800800020000000006
     08000100000000013800018008000100636d70002c0002800800010000000001
     080002000000000018000380140001006c61622d6c616e000000000000000000
     24000180090001006d6574610000000014000280080002000000000708000100
     000000013800018008000100636d70002c000280080001000000000108000200
     0000000018000380140001006c61622d646d7a00000000000000000020000180
     0700010063740000140002800800020000000002080001000000000144000180
     0c00010062697477697365003400028008000100000000010800020000000001
     08000300000000040c00048008000100200000000c0005800800010000000000
     2c00018008000100636d70002000028008000100000000010800020000000000
     0c0003800800010000000000300001800e000100696d6d656469617465000000
     1c0002800800010000000000100002800c0002800800010000000000`,
  ],
  [
    "ip",
    'fib saddr type local oifname "lab-lan" ct status dnat masquerade',
    `580104802800018008000100666962001c000280080003000000000108000200
     0000000308000100000000012c00018008000100636d70002000028008000100
     0000000108000200000000000c00038008000100020000002400018009000100
     6d65746100000000140002800800020000000007080001000000000138000180
     08000100636d70002c0002800800010000000001080002000000000018000380
     140001006c61622d6c616e000000000000000000200001800700010063740000
     1400028008000200000000020800010000000001440001800c00010062697477
     6973650034000280080001000000000108000200000000010800030000000004
     0c00048008000100200000000c00058008000100000000002c00018008000100
     636d700020000280080001000000000108000200000000010c00038008000100
     0000000014000180090001006d6173710000000004000280`,
  ],
  [
    "ip6",
    "tcp dport 8080 dnat to [fd20::2]:80",
    `5001048024000180090001006d65746100000000140002800800020000000010
     08000100000000012c00018008000100636d7000200002800800010000000001
     08000200000000000c0003800500010006000000340001800c0001007061796c
     6f61640024000280080001000000000108000200000000020800030000000002
     08000400000000022c00018008000100636d7000200002800800010000000001
     08000200000000000c000380060001001f900000380001800e000100696d6d65
     646961746500000024000280080001000000000118000280140001 00fd200000
     0000000000000000000000022c0001800e000100696d6d656469617465000000
     1800028008000100000000020c00028006000100005000003800018008000100
     6e6174002c000280080001000000000108000200 0000000a0800030000000001
     08000500000000020800070000000002`,
  ],
]

test("each rule is sent as nft sends it, and read back as the same words", () => {
  for (const [family, words, bytes] of SENT) {
    const changes: RuleChange[] = [{ op: "rule-add", family, table: "t", chain: "c", expressions: written(family, words) }]
    const [, message] = messagesIn(batch(changes))
    // The header, and the two names of two bytes each with their NUL.
    const sent = message?.bytes.subarray(message.start + 4 + 2 * 8, message.end)
    assert.is(sent && lines(sent), lines(hex(bytes)), words)
    const set: RuleSet = { tables: [], chains: [], inner: [], rules: [] }
    if (message !== undefined) readInto(set, message)
    assert.equal(
      set.rules.map((rule) => wordsOf(rule.family, rule.expressions)),
      [words],
    )
  }
})

test("a chain at no hook is sent as nft sends it, and is no base chain", () => {
  const [, message] = messagesIn(batch([{ op: "inner-add", family: "ip", table: "stack_lab", chain: "ports-lan" }]))
  const expected = "020000000e000100737461636b5f6c61620000000e000300706f7274732d6c616e000000"
  assert.is(message && lines(message.bytes.subarray(message.start, message.end)), lines(hex(expected)))
  const set: RuleSet = { tables: [], chains: [], inner: [], rules: [] }
  if (message !== undefined) readInto(set, message)
  assert.equal([set.chains, set.inner], [[], [{ family: "ip", table: "stack_lab", name: "ports-lan" }]])
})

test("a rule and its words are one, whatever the subnet; any other rule is none of ours", () => {
  const rules: [RuleFamily, string][] = [
    ["ip", "10.0.0.0/8"],
    ["ip", "10.20.30.40/32"],
    ["ip", "0.0.0.0/0"],
    ["ip6", "fd20::/64"],
    ["ip6", "fd20::1/128"],
  ]
  for (const [family, source] of rules) {
    const text = `${family} saddr ${source} oifname != "br0" masquerade`
    const expressions = written(family, text)
    assert.is(wordsOf(family, expressions), text)
    assert.is(wordsOf(family, [...expressions].reverse()), undefined)
    assert.is(wordsOf(family, [{ is: "other", name: "counter" }, ...expressions]), undefined)
  }
  for (const [family, words] of SENT) {
    const expressions = written(family, words)
    for (let i = 0; i < expressions.length; i++) {
      assert.is.not(wordsOf(family, expressions.toSpliced(i, 1)), words)
      assert.is.not(wordsOf(family, expressions.toSpliced(i, 0, expressions[i] as Expression)), words)
    }
  }
})

test("words that are no rule of ours are none", () => {
  for (const words of [
    "",
    "counter",
    "tcp dport 80 counter",
    "ip6 saddr fd20::/64 masquerade",
    "dnat to fd20::2",
    "drop drop x",
    'iifname "a b" drop',
  ])
    assert.is(expressionsOf("ip", words), undefined, words)
})

test.run()
