import { test } from "uvu"
import * as assert from "uvu/assert"
import { encodeBatch } from "../../../src/kernel/netlink/nft/change.ts"
import { readInto } from "../../../src/kernel/netlink/nft/read.ts"
import { WireWriter } from "../../../src/kernel/netlink/wire.ts"
import type { RuleChange, RuleFamily, RuleSet } from "../../../src/kernel/packet-rules.ts"
import { expressionsOf, wordsOf } from "../../../src/kinds/nat/masquerade-rule.ts"
import { masqueradeText, parseMasquerade } from "../../../src/kinds/nat/spec.ts"
import { hex, lines, messagesIn } from "./bytes.ts"

const RULE = { family: "ip", source: "10.20.0.0/20", bridge: "lab-lan" } as const
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
  { op: "rule-add", family: "ip", table: "stack_lab", chain: "nat-lan", expressions: expressionsOf(RULE) },
]

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
  const set: RuleSet = { tables: [], chains: [], rules: [] }
  for (const message of messagesIn(batch(CHANGES)).slice(1, 4)) readInto(set, message)
  const [rule] = set.rules
  assert.equal(set.tables, [{ family: "ip", name: "stack_lab" }])
  assert.equal(set.chains, [{ family: "ip", ...CHAIN }])
  assert.is(rule && wordsOf(rule.family, rule.expressions), masqueradeText(RULE))
})

test("a rule and its words are one, whatever the subnet; any other rule has other words", () => {
  const rules: [RuleFamily, string][] = [
    ["ip", "10.0.0.0/8"],
    ["ip", "10.20.30.40/32"],
    ["ip", "0.0.0.0/0"],
    ["ip6", "fd20::/64"],
    ["ip6", "fd20::1/128"],
  ]
  for (const [family, source] of rules) {
    const text = masqueradeText({ family, source, bridge: "br0" })
    const parsed = parseMasquerade(text)
    const expressions = parsed === undefined ? [] : expressionsOf(parsed)
    assert.is(wordsOf(family, expressions), text)
    assert.match(wordsOf(family, [...expressions].reverse()), "a rule of others")
    assert.match(wordsOf(family, expressions.slice(0, -1)), "a rule of others")
    assert.match(wordsOf(family, [{ is: "other", name: "counter" }, ...expressions]), "a rule of others (counter payload")
  }
})

test.run()
