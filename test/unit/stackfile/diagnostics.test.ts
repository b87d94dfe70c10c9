/**
 * Golden diagnostics: of each `cases/NAME.yaml` the whole text that a user sees stands in `cases/NAME.txt`.
 * `npx tsx test/unit/stackfile/diagnostics.test.ts --update` writes them anew, to be read before they are committed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { loadStack } from "../../../src/stackfile/load.ts"
import { told } from "./load.ts"

const FOLDER = fileURLToPath(new URL("cases", import.meta.url))
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".yaml") && !file.startsWith("_"))
  .map((file) => file.slice(0, -".yaml".length))
  .sort()

for (const name of NAMES) {
  test(name, () => {
    const text = told(loadStack({ file: `${name}.yaml`, cwd: FOLDER, vars: {}, varFiles: [], environment: {}, profiles: [] }))
    const golden = `${FOLDER}/${name}.txt`
    if (process.argv.includes("--update")) writeFileSync(golden, text)
    assert.fixture(text, existsSync(golden) ? readFileSync(golden, "utf8") : "")
  })
}

test("every golden has its case", () => {
  const goldens = readdirSync(FOLDER).filter((file) => file.endsWith(".txt"))
  assert.equal(goldens.map((file) => file.slice(0, -".txt".length)).sort(), NAMES)
})

test.run()
