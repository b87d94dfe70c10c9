/** docs/stackfile.md is the published schema, to be read. */
import { existsSync, readFileSync } from "node:fs"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { stackfileDocument } from "../../../build/stackfile-document.ts"

const FILE = new URL("../../../docs/stackfile.md", import.meta.url)

test("docs/stackfile.md is what the schema says", () => {
  assert.fixture(readFileSync(FILE, "utf8"), stackfileDocument(), "npm run generate renews it")
})

test("what it links to is there", () => {
  const links = [...stackfileDocument().matchAll(/\]\((\.\.\/[^)]+)\)/g)].map(([, path]) => path as string)
  assert.ok(links.length > 10)
  assert.equal(
    links.filter((path) => !existsSync(new URL(path, FILE))),
    [],
  )
})

test.run()
