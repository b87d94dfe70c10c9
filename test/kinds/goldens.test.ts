/** Every folder below `KIND/cases` is a case: the plan for `desired.yaml` and `observed.yaml` is `plan.txt`. UPDATE_GOLDENS=1 writes them anew. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Diagnostic } from "../../src/base/diagnostic.ts"
import { planAsText } from "../../src/plan/format.ts"
import { makePlan } from "../../src/plan/plan.ts"
import { readCase } from "./read-case.ts"

const ROOT = new URL(".", import.meta.url).pathname
const UPDATE = process.env.UPDATE_GOLDENS === "1"

function diagnosticText({ severity, code, summary, detail, hint, address }: Diagnostic): string {
  const lines = [`${severity} ${code}${address === undefined ? "" : ` at ${address}`}: ${summary}`]
  return [...lines, ...[detail, hint].flatMap((text) => (text === undefined ? [] : [`    ${text}`]))].join("\n")
}

function outcome(folder: string): string {
  const { desired, snapshot } = readCase(folder)
  const { plan, diagnostics } = makePlan(desired, snapshot)
  return [planAsText(plan), ...diagnostics.map((d) => `${diagnosticText(d)}\n`)].join("")
}

const kinds = readdirSync(ROOT).filter((kind) => existsSync(`${ROOT}${kind}/cases`))
for (const kind of kinds) {
  for (const name of readdirSync(`${ROOT}${kind}/cases`).sort()) {
    test(`${kind}: ${name}`, () => {
      const folder = `${ROOT}${kind}/cases/${name}`
      const text = outcome(folder)
      if (UPDATE) writeFileSync(`${folder}/plan.txt`, text)
      assert.fixture(text, readFileSync(`${folder}/plan.txt`, "utf8"))
    })
  }
}

test("every kind has cases", () => {
  assert.equal(kinds.sort(), ["bridge", "cgroup", "container", "hosts", "image", "interface", "nat", "veth", "volume"])
})

test.run()
