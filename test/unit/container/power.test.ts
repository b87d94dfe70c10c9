import { test } from "uvu"
import * as assert from "uvu/assert"
import { observedPower, observedUlimits } from "../../../src/kinds/container/power.ts"
import { readRecord } from "../../../src/kinds/container/record.ts"
import type { ContainerAttributes } from "../../../src/kinds/container/spec.ts"
import { CAPABILITIES, capabilitiesIn, capabilityMask, DEFAULT_CAPABILITIES } from "../../../src/kinds/container/spec-capabilities.ts"
import { parseLimits, ULIMIT_NAMES } from "../../../src/kinds/container/spec-ulimits.ts"
import { container } from "../../kinds/resources.ts"

const GIVEN = container("web").attributes as unknown as ContainerAttributes
const USUAL = "00000000800405fb"

function status({ permitted = USUAL, bounding = USUAL, noNewPrivileges = 1, seccomp = 2 } = {}): string {
  const lines = [
    `CapInh:\t${"0".repeat(16)}`,
    `CapPrm:\t${permitted}`,
    `CapEff:\t${permitted}`,
    `CapBnd:\t${bounding}`,
    `CapAmb:\t${"0".repeat(16)}`,
  ]
  return `Name:\tsleep\n${lines.join("\n")}\nNoNewPrivs:\t${noNewPrivileges}\nSeccomp:\t${seccomp}\nSeccomp_filters:\t1\n`
}

const read = (text: string | null, given: Partial<ContainerAttributes> = {}) => observedPower(text, { ...GIVEN, ...given })

test("masks and names", () => {
  assert.is(capabilityMask(DEFAULT_CAPABILITIES), String(BigInt(`0x${USUAL}`)))
  assert.equal(capabilitiesIn(USUAL), DEFAULT_CAPABILITIES)
  assert.equal(capabilitiesIn("000001ffffffffff"), CAPABILITIES)
})

test("what a process was given and has put away itself is as it was given; what it has beyond that is told", () => {
  const usual = { capabilities: GIVEN.capabilities, no_new_privileges: true, seccomp: "default" }
  assert.equal(read(status()), usual)
  assert.equal(read(null), usual)
  assert.equal(read(status({ permitted: "0", bounding: "0" })), usual)
  assert.equal(read(status({ bounding: "00000000800415fb" })).capabilities, capabilitiesIn("00000000800415fb"))
  assert.equal(
    read(status({ permitted: "0000000000200000" })).capabilities,
    ["SYS_ADMIN", ...DEFAULT_CAPABILITIES].sort((a, b) => CAPABILITIES.indexOf(a) - CAPABILITIES.indexOf(b)),
  )
  assert.is(read(status({ noNewPrivileges: 0 })).no_new_privileges, false)
  assert.is(read(status({ noNewPrivileges: 1 }), { no_new_privileges: false }).no_new_privileges, false)
  assert.is(read(status({ seccomp: 0 })).seccomp, "unconfined")
  assert.is(read(status({ seccomp: 2 }), { seccomp: "unconfined" }).seccomp, "unconfined")
})

test("/proc/PID/limits, as this kernel writes it, has every limit; those that nobody has named are not told", async () => {
  const { readFileSync } = await import("node:fs")
  const text = readFileSync("/proc/self/limits", "utf8")
  assert.equal(Object.keys(parseLimits(text)), ULIMIT_NAMES)
  assert.equal(Object.keys(observedUlimits(text, { nofile: { soft: 1, hard: 1 } }, { cpu: { soft: 1, hard: 1 } })), [
    "cpu",
    "core",
    "nofile",
  ])
})

test("a record of before a file could say it is of a container without a filter", () => {
  const { capabilities: _, no_new_privileges: __, seccomp: ___, ulimits: ____, oom_score_adj: _____, ...attributes } = GIVEN
  const text = JSON.stringify({ version: 1, boot: "b", attributes, ids: { uid: 0, gid: 0, groups: [] }, sysctlDefaults: {} })
  const { record, problem } = readRecord(text, "b")
  assert.is(problem, undefined)
  assert.equal(record?.attributes, { ...GIVEN, seccomp: "unconfined" })
})

test.run()
