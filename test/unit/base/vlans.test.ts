import { test } from "uvu"
import * as assert from "uvu/assert"
import { formatVlans, parseVlan, parseVlans, vlanChanges } from "../../../src/base/vlans.ts"

test("numbers of one kind that follow one another are a range; the one that is pvid stands alone", () => {
  const words = ["1 untagged", "2 pvid untagged", "3-5", "7"]
  const members = parseVlans(words)
  assert.equal(formatVlans(members ?? new Map()), words)
})

test("what is no VLAN is none", () => {
  for (const word of ["0", "4095", "40-30", "1-4095", "x", "10 tagged", "-3", "10-"]) assert.is(parseVlan(word), undefined, word)
  assert.is(parseVlans(["10", "x"]), undefined)
})

test("only what differs is taken off and put on", () => {
  assert.equal(vlanChanges(["1 pvid untagged"], ["10 pvid untagged", "20", "30-40"]), {
    remove: ["1"],
    add: ["10 pvid untagged", "20", "30-40"],
  })
  assert.equal(vlanChanges(["10 pvid untagged", "20-25"], ["10 pvid untagged", "22-27"]), { remove: ["20-21"], add: ["26-27"] })
  assert.equal(vlanChanges(["10"], ["10 pvid untagged"]), { remove: [], add: ["10 pvid untagged"] })
})

test.run()
