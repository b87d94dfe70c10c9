import * as assert from "uvu/assert"
import type { Kernel } from "../../src/kernel/kernel.ts"
import type { Expression, RuleChange, RuleSet } from "../../src/kernel/packet-rules.ts"
import type { Contract } from "./subject.ts"
import { errnoOf } from "./subject.ts"

const TABLE = "stack_contract"
const EXPRESSIONS: Expression[] = [
  { is: "payload", offset: 12, length: 4 },
  { is: "mask", mask: "fffff000" },
  { is: "cmp", op: "==", value: "0a140000" },
  { is: "oifname" },
  { is: "cmp", op: "!=", value: "62722d6c616e00000000000000000000" },
  { is: "masquerade" },
]
const TABLE_ADD: RuleChange = { op: "table-add", family: "ip", table: TABLE }
const TABLE_DELETE: RuleChange = { op: "table-delete", family: "ip", table: TABLE }
const RULE_ADD: RuleChange = { op: "rule-add", family: "ip", table: TABLE, chain: "one", expressions: EXPRESSIONS }

const NOTHING: RuleSet = { tables: [], chains: [], inner: [], rules: [] }
/** One of each sort that computes, and all that can become of a packet. */
const EACH: Expression[][] = [
  [
    { is: "iifname" },
    { is: "cmp", op: "==", value: "62722d6c616e00000000000000000000" },
    { is: "ct-status" },
    { is: "mask", mask: "20000000" },
    { is: "drop" },
  ],
  [
    { is: "fib-type", of: "daddr" },
    { is: "cmp", op: "==", value: "02000000" },
    { is: "jump", chain: "inner" },
  ],
  [{ is: "fib-type", of: "saddr" }, { is: "cmp", op: "!=", value: "02000000" }, { is: "accept" }],
]
const TO_ADDRESS: Expression[] = [
  { is: "l4proto" },
  { is: "cmp", op: "==", value: "06" },
  { is: "payload", offset: 2, length: 2, header: "transport" },
  { is: "cmp", op: ">=", value: "1f40" },
  { is: "cmp", op: "<=", value: "1f4a" },
  { is: "immediate", register: 1, value: "0a140002" },
  { is: "dnat", family: "ip", port: false },
]
const TO_PORT: Expression[] = [
  { is: "immediate", register: 1, value: "0a140002" },
  { is: "immediate", register: 2, value: "0050" },
  { is: "dnat", family: "ip", port: true },
]

function chainAdd(name: string): RuleChange {
  const chain = { table: TABLE, name, type: "nat", hook: "postrouting", priority: 100, policy: "accept", comment: "a comment" } as const
  return { op: "chain-add", family: "ip", chain }
}

function read(kernel: Kernel): RuleSet {
  const set = kernel.readRules(TABLE)
  if (set === null) throw new Error("this process cannot read nf_tables")
  const [chains, inner] = [set.chains, set.inner].map((all) => all.filter((chain) => chain.table === TABLE)) as [
    RuleSet["chains"],
    RuleSet["inner"],
  ]
  return { ...set, chains, inner, tables: set.tables.filter(({ name }) => name === TABLE) }
}

export const packetRulesContract: Contract = {
  "rules are read as they were made, and go with their chain and their table": ({ kernel }) => {
    assert.equal(read(kernel), NOTHING)
    kernel.changeRules([TABLE_ADD, chainAdd("one"), RULE_ADD, RULE_ADD, chainAdd("two")])
    const rule = { family: "ip" as const, chain: "one", expressions: EXPRESSIONS }
    assert.equal(read(kernel).rules, [rule, rule])
    assert.equal(
      read(kernel)
        .chains.map(({ name, priority, comment }) => [name, priority, comment])
        .sort(),
      [
        ["one", 100, "a comment"],
        ["two", 100, "a comment"],
      ],
    )
    kernel.changeRules([{ op: "chain-delete", family: "ip", table: TABLE, chain: "one" }, chainAdd("one"), RULE_ADD])
    assert.equal(read(kernel).rules, [rule])
    kernel.changeRules([TABLE_DELETE])
    assert.equal(read(kernel), NOTHING)
  },

  "every sort of rule is read as it was made; a chain that is jumped to stays as long as it is": ({ kernel }) => {
    const at = (hook: string) => ({ table: TABLE, name: hook, type: "nat", hook, priority: -100, policy: "accept", comment: "" }) as const
    const add = (chain: string, expressions: Expression[]): RuleChange => ({
      op: "rule-add",
      family: "ip",
      table: TABLE,
      chain,
      expressions,
    })
    const inner: RuleChange = { op: "inner-add", family: "ip", table: TABLE, chain: "inner" }
    const rules = [add("inner", TO_ADDRESS), add("inner", TO_PORT), ...EACH.map((one) => add("prerouting", one))]
    kernel.changeRules([TABLE_ADD, inner, { op: "chain-add", family: "ip", chain: at("prerouting") }, ...rules])
    assert.equal(read(kernel).inner, [{ family: "ip", table: TABLE, name: "inner" }])
    const ofChain = (name: string) => read(kernel).rules.flatMap(({ chain, expressions }) => (chain === name ? [expressions] : []))
    assert.equal([ofChain("inner"), ofChain("prerouting")], [[TO_ADDRESS, TO_PORT], EACH])
    const gone = (chain: string): RuleChange => ({ op: "chain-delete", family: "ip", table: TABLE, chain })
    assert.is(
      errnoOf(() => kernel.changeRules([gone("inner")])),
      "EBUSY",
    )
    assert.is(
      errnoOf(() => kernel.changeRules([add("inner", [{ is: "jump", chain: "nowhere" }])])),
      "ENOENT",
    )
    kernel.changeRules([gone("prerouting"), gone("inner"), inner])
    assert.equal(read(kernel).rules, [])
    kernel.changeRules([TABLE_DELETE])
    assert.equal(read(kernel), NOTHING)
  },

  "a table may be made twice, a chain not": ({ kernel }) => {
    kernel.changeRules([TABLE_ADD, TABLE_ADD, chainAdd("one")])
    kernel.changeRules([TABLE_ADD])
    assert.is(
      errnoOf(() => kernel.changeRules([chainAdd("one")])),
      "EEXIST",
    )
    kernel.changeRules([TABLE_DELETE])
  },

  "of changes of which one is refused none is made": ({ kernel }) => {
    assert.is(
      errnoOf(() => kernel.changeRules([TABLE_ADD, chainAdd("two"), RULE_ADD])),
      "ENOENT",
    )
    assert.is(
      errnoOf(() => kernel.changeRules([TABLE_DELETE, TABLE_ADD])),
      "ENOENT",
    )
    assert.equal(read(kernel), NOTHING)
  },
}
