import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { loadStack } from "../../../src/stackfile/load.ts"
import { told } from "./load.ts"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const FILES = [
  ...readdirSync(`${ROOT}examples`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `examples/${file}`),
  ...readdirSync(`${ROOT}stacks`).map((folder) => `stacks/${folder}/stack.yaml`),
]

for (const file of FILES) {
  test(file, () => {
    const loaded = loadStack({ file, cwd: ROOT, vars: {}, varFiles: [], environment: {}, profiles: ["*"] })
    assert.is(told(loaded), "")
    assert.ok((loaded.desired?.resources.length ?? 0) > 0)
  })
}

test.run()
