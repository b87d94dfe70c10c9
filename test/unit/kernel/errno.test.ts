import { constants } from "node:os"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { errnoName, errnoOf } from "../../../src/kernel/errno.ts"

test("every errno Node knows has the same number here", () => {
  for (const [name, number] of Object.entries(constants.errno)) assert.is(errnoOf(name), number, name)
})

test("a number has its first name, whatever its sign", () => {
  assert.is(errnoName(11), "EAGAIN")
  assert.is(errnoName(-95), "EOPNOTSUPP")
  assert.is(errnoName(133), "EHWPOISON")
})

test("a number without a name stays a number, a name without a number is none", () => {
  assert.is(errnoName(524), "errno 524")
  assert.is(errnoName(41), "errno 41")
  assert.is(errnoOf("ENOSUCHTHING"), 0)
})

test.run()
