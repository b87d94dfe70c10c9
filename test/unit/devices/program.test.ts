import fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { deviceProgram, PROGRAM_MARK } from "../../../src/devices/program.ts"
import type { DeviceRule } from "../../../src/devices/rule.ts"
import { allRules, ruleLine, USUAL_RULES } from "../../../src/devices/rule.ts"
import type { Access } from "./interpreter.ts"
import { allows } from "./interpreter.ts"

const FUSE: DeviceRule = { type: "char", major: 10, minor: 229, access: "rw" }

test("the usual program allows the nodes of every container, its terminals, and nothing else", () => {
  const { code } = deviceProgram(allRules([]))
  const opens = (type: Access["type"], major: number, minor: number, ways = "rw") => allows(code, { type, major, minor, ways })
  for (const minor of [3, 5, 7, 8, 9]) assert.ok(opens("char", 1, minor), `1:${minor}`)
  assert.ok(opens("char", 5, 0) && opens("char", 5, 2) && opens("char", 136, 0) && opens("char", 136, 1_048_575))
  assert.ok(opens("char", 1, 3, "m"))
  for (const minor of [0, 1, 2, 4, 6, 10, 11]) assert.not.ok(opens("char", 1, minor), `1:${minor}`)
  for (const [major, minor] of [
    [5, 1],
    [10, 229],
    [254, 0],
    [137, 0],
    [0, 0],
  ] as const)
    assert.not.ok(opens("char", major, minor))
  assert.not.ok(opens("block", 1, 3))
  assert.not.ok(opens("block", 254, 0, "r"))
})

test("a rule allows the ways that it names, together and each, and no other", () => {
  const { code } = deviceProgram(allRules([FUSE]))
  const opens = (ways: string) => allows(code, { type: "char", major: 10, minor: 229, ways })
  for (const ways of ["r", "w", "rw", ""]) assert.ok(opens(ways), ways)
  for (const ways of ["m", "rm", "rwm"]) assert.not.ok(opens(ways), ways)
})

test("a device that stands twice is allowed what either allows; the order in which rules come is no difference", () => {
  const read: DeviceRule = { type: "block", major: 8, minor: 0, access: "r" }
  const [one, other] = [allRules([read, FUSE, { ...read, access: "m" }]), allRules([{ ...read, access: "rm" }, FUSE])]
  assert.equal(one, other)
  assert.is(deviceProgram(one).name, deviceProgram(other).name)
  assert.equal(allRules([...USUAL_RULES]), allRules([]))
})

test("a program is called after what it allows", () => {
  const [usual, more] = [deviceProgram(allRules([])), deviceProgram(allRules([FUSE]))]
  assert.match(usual.name, /^[a-z_0-9]{15}$/)
  assert.ok(usual.name.startsWith(PROGRAM_MARK))
  assert.is.not(usual.name, more.name)
  assert.is.not(more.name, deviceProgram(allRules([{ ...FUSE, access: "r" }])).name)
})

test("rules as the lines of v1's files", () => {
  assert.equal(allRules([FUSE, { type: "block", major: 8, minor: "*", access: "r" }]).map(ruleLine), [
    ...["c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 10:229 rw", "c 136:* rwm"],
    "b 8:* r",
  ])
})

const numbers = { type: fc.constantFrom("char" as const, "block" as const), major: fc.constantFrom(1, 8, 10, 4095) }
const anyRule = fc.record<DeviceRule>({
  ...numbers,
  minor: fc.constantFrom<number | "*">(0, 3, 229, 1_048_575, "*"),
  access: fc.constantFrom("r", "w", "m", "rw", "rm", "wm", "rwm"),
})
const anyAccess = fc.record<Access>({
  ...numbers,
  minor: fc.constantFrom(0, 3, 229, 1_048_575),
  ways: fc.constantFrom("r", "w", "m", "rw", "rm", "rwm"),
})

test("the program says what the rules say", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 12 }), anyAccess, (rules, access) => {
      const all = allRules(rules)
      const expected = all.some(
        ({ type, major, minor, access: ways }) =>
          type === access.type &&
          major === access.major &&
          (minor === "*" || minor === access.minor) &&
          [...access.ways].every((one) => ways.includes(one)),
      )
      assert.is(allows(deviceProgram(all).code, access), expected)
    }),
    { numRuns: 2000 },
  )
})

test.run()
