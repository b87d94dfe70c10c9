import { test } from "uvu"
import * as assert from "uvu/assert"
import { performanceDocument, withPartsOf, withSection } from "../../bench/document.ts"

const fresh = performanceDocument({ rows: [], growth: [], stages: undefined }, new Date(0))
const headings = (text: string) => text.split("\n").filter((line) => line.startsWith("## "))

test("a part's section comes before what is known of it all, and is renewed in its place", () => {
  const once = withSection(withSection(fresh, "A part", "## A part\n\nold"), "Another", "## Another\n\nstays")
  assert.equal(headings(once).slice(-3), ["## A part", "## Another", "## What is known of it"])
  const again = withSection(once, "A part", "## A part\n\nnew")
  assert.is(again, once.replace("old", "new"))
})

test("a new document keeps the sections of parts, and none of the others", () => {
  const older = withSection(fresh.replace("floor-c", "floor-of-old"), "A part", "## A part\n\nmeasured")
  assert.is(withPartsOf(fresh, older), withSection(fresh, "A part", "## A part\n\nmeasured"))
  assert.is(withPartsOf(fresh, ""), fresh)
})

test.run()
