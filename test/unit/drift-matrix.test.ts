/** The drift matrix is whole: no attribute of any kind without a row. What its rows say is tested in the kernel's scenarios. */
import { readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { kinds } from "../../src/kinds/catalog.ts"
import { limitsSchema } from "../../src/kinds/cgroup/schema.ts"
import type { Limits } from "../../src/kinds/cgroup/spec.ts"
import { driftDocument } from "../kernel/drift-matrix/document.ts"
import { isOfRule } from "../kernel/drift-matrix/repair.ts"
import { ITSELF } from "../kernel/drift-matrix/row.ts"
import { MATRIX } from "../kernel/drift-matrix/rows.ts"

/** One of each, so that a new limit is missed here by the compiler. */
const LIMITS: { [K in keyof Required<Limits>]: true } = {
  ...{ memory: true, memory_high: true, memory_low: true, memory_swap: true, cpus: true },
  ...{ cpu_weight: true, cpuset: true, pids: true, io: true, unified: true },
}

test("every kind has its rows, and every rule of it one", () => {
  assert.equal(MATRIX.map(({ kind }) => kind).sort(), Object.keys(kinds).sort())
  for (const { kind, attributes } of MATRIX) {
    const lacking = kinds[kind].rules.filter(({ path }) => !attributes.some(({ attribute }) => isOfRule(path, attribute)))
    assert.equal(
      lacking.map(({ path }) => path),
      [],
      `${kind}: rules without a row`,
    )
  }
})

test("every limit has a row, of groups and of containers", () => {
  assert.equal(Object.keys(limitsSchema("").properties ?? {}).sort(), Object.keys(LIMITS).sort())
  for (const { kind, attributes } of MATRIX.filter((rows) => kinds[rows.kind].rules.some(({ path }) => path === "limits.*"))) {
    const names = attributes.map(({ attribute }) => attribute)
    for (const limit of Object.keys(LIMITS)) assert.ok(names.includes(`limits.${limit}`), `${kind} limits.${limit}`)
  }
})

test("every row is of a rule, stands once, and is either changed by hand or says why it cannot be", () => {
  for (const { kind, attributes } of MATRIX) {
    assert.is(new Set(attributes.map(({ attribute }) => attribute)).size, attributes.length, kind)
    for (const { attribute, hands, never } of attributes) {
      assert.ok(attribute === ITSELF || kinds[kind].rules.some(({ path }) => isOfRule(path, attribute)), `${kind} ${attribute}`)
      assert.is(hands.length === 0, never !== undefined, `${kind} ${attribute}`)
    }
  }
})

test("docs/drift.md is what the matrix says", () => {
  const text = readFileSync(new URL("../../docs/drift.md", import.meta.url), "utf8")
  assert.fixture(text, driftDocument(), "npm run generate renews it")
})

test.run()
