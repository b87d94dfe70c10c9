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

function chainAdd(name: string): RuleChange {
  const chain = { table: TABLE, name, type: "nat", hook: "postrouting", priority: 100, policy: "accept", comment: "a comment" } as const
  return { op: "chain-add", family: "ip", chain }
}

function read(kernel: Kernel): RuleSet {
  const set = kernel.readRules(TABLE)
  if (set === null) throw new Error("this process cannot read nf_tables")
  return { ...set, chains: set.chains.filter((chain) => chain.table === TABLE), tables: set.tables.filter(({ name }) => name === TABLE) }
}

export const packetRulesContract: Contract = {
  "rules are read as they were made, and go with their chain and their table": ({ kernel }) => {
    assert.equal(read(kernel), { tables: [], chains: [], rules: [] })
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
    assert.equal(read(kernel), { tables: [], chains: [], rules: [] })
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
    assert.equal(read(kernel), { tables: [], chains: [], rules: [] })
  },
}
