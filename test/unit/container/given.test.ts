import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import { givenFiles, givePlan } from "../../../src/kinds/container/given.ts"
import type { ContainerAttributes } from "../../../src/kinds/container/spec.ts"
import type { Given } from "../../../src/kinds/container/spec-given.ts"
import { container } from "../../kinds/resources.ts"

const SYSTEM = {
  ...(container("web").attributes as unknown as ContainerAttributes),
  init: "systemd",
  hostname: "deb",
} as ContainerAttributes
const NAME: Given = { name: "name", text: "other\n", uid: 0, gid: 0, mode: "644", content: "current" }
const kernel = {} as Kernel

const placesOf = (attributes: ContainerAttributes) => givePlan(attributes).flatMap((op) => (op.op === "give" ? op.target : []))
const textsOf = (attributes: ContainerAttributes) => givenFiles(kernel, attributes, {}).map(({ bytes }) => Buffer.from(bytes).toString())

test("a system is given no host name: its /etc/hostname says what the kernel says", () => {
  assert.equal(placesOf(SYSTEM), [])
})

test("where the file gives it one, that is all there is", () => {
  for (const key of ["secrets", "configs"] as const) {
    const given = { ...SYSTEM, [key]: { "/etc/hostname": NAME } }
    assert.equal(placesOf(given), ["/etc/hostname"], key)
    assert.equal(textsOf(given), ["other\n"], key)
  }
})

test.run()
