/** What a terminal is too narrow for goes on below, broken between words: each word is whole, and only one that is longer than a line sticks out. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { foldedText } from "../../../src/render/fold.ts"
import { imagesText } from "../../../src/render/images.ts"
import { planText } from "../../../src/render/plan.ts"
import { partedTable } from "../../../src/render/table.ts"
import { change, planOf } from "./sample.ts"

const LONG = `image.tar:/srv/labs/${"deep/".repeat(14)}root.tar`
const HEAD = ["ADDRESS", "STATE", "DETAILS"]
const ROWS = [
  { cells: ["bridge.lan", "up"], parts: ["terminal-lan", "10.20.0.1/24 fd20::1/64", "mtu 1500"] },
  { cells: [LONG, "present"], parts: [`sha256:${"0123456789abcdef".repeat(4)}`] },
  { cells: ["container.web", "running"], parts: ["pid 194", "up 1s", "healthy", "10.20.0.2/24 fd20::2/64", "memory 64M", "cpus 0.5"] },
  { cells: ["interface.database-of-the-lab.eth0", "up"], parts: ["rx bytes 1116, packets 10, errors 0, dropped 0"] },
]

const words = (text: string) => text.split(/\s+/).filter(Boolean)

/** Lines that are longer than this, but for those that are one word by itself. */
const tooLong = (text: string, columns: number) => text.split("\n").filter((line) => line.length > columns && words(line).length > 1)

for (const columns of [20, 40, 60, 80, 120, 200])
  test(`a table in ${columns} columns`, () => {
    const text = partedTable(HEAD, ROWS, columns)
    assert.equal(tooLong(text, columns), [])
    assert.equal(words(text), words(partedTable(HEAD, ROWS)))
  })

test("a row that is too wide does not take the others' room", () => {
  assert.is(
    partedTable(HEAD, ROWS, 80),
    `ADDRESS                             STATE    DETAILS
bridge.lan                          up       terminal-lan
                                             10.20.0.1/24 fd20::1/64  mtu 1500
${LONG}
present
    sha256:${"0123456789abcdef".repeat(4)}
container.web                       running  pid 194  up 1s  healthy
                                             10.20.0.2/24 fd20::2/64  memory 64M
                                             cpus 0.5
interface.database-of-the-lab.eth0  up       rx bytes 1116, packets 10,
                                             errors 0, dropped 0
`,
  )
})

test("where there is no room for columns, each row is a paragraph", () => {
  assert.is(
    partedTable(HEAD, ROWS.slice(0, 1).concat(ROWS.slice(2)), 40),
    `ADDRESS  STATE
    DETAILS
bridge.lan  up
    terminal-lan
    10.20.0.1/24 fd20::1/64  mtu 1500
container.web  running
    pid 194  up 1s  healthy
    10.20.0.2/24 fd20::2/64  memory 64M
    cpus 0.5
interface.database-of-the-lab.eth0  up
    rx bytes 1116, packets 10, errors 0,
    dropped 0
`,
  )
})

test("images: a line each, or what there is to say of each below its name", () => {
  const images = [{ digest: `sha256:${"ab".repeat(32)}`, sources: [LONG, "oci:./x"], used: ["a/b"], layers: [1, 2], bytes: 1_900_000 }]
  assert.match(imagesText(images), /^IMAGE +DIGEST +LAYERS +SIZE +CONTAINERS\n/)
  assert.is(imagesText(images, 200), imagesText(images))
  for (const columns of [20, 40, 60, 80]) assert.equal(tooLong(imagesText(images, columns), columns), [])
  assert.match(imagesText(images, 80), /oci:\.\/x +abababababab {2}2 layers {2}1\.8M {2}1 container\n/)
})

test("a plan: a line goes on below, deeper than it began; colour has no width", () => {
  const web = change("container.database-of-the-lab", {
    action: "update",
    cause: "its group is another one, and so is what it mounts, and what it is called",
    fields: [],
  })
  const plan = planOf([web])
  for (const color of [false, true]) {
    const folded = planText(plan, { color, columns: 38 })
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g")
    assert.is(
      folded.replaceAll(escapes, ""),
      `  ~ container.database-of-the-lab
      # its group is another one, and
      so is what it mounts, and what
      it is called

Plan: 0 to add, 1 to change, 0 to
    destroy.
`,
    )
  }
  assert.is(planText(plan, { color: false, columns: 400 }), planText(plan, { color: false }))
  assert.is(foldedText(`a ${"b".repeat(50)} c`, 20), `a ${"b".repeat(50)}\n    c`)
})

test.run()
