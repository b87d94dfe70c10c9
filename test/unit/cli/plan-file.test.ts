import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import type { Shell } from "./process.ts"
import { leave, run, writeStack } from "./process.ts"

const test = suite<{ shell: Shell }>("plan file")
test.before.each((bed) => {
  bed.shell = { folder: mkdtempSync(join(tmpdir(), "stack-plan-")), environment: {}, kernel: fakeKernel() }
  writeStack(bed.shell, "name: lab\nbridges: { lan: { address: 10.0.0.1/24 } }\n")
})
test.after.each(({ shell }) => leave(shell))

test("a symbolic link is followed, to a file that is there and to one that is not", async ({ shell }) => {
  const at = (name: string) => join(shell.folder, name)
  mkdirSync(at("plans"))
  writeFileSync(at("plans/there"), "old")
  symlinkSync("plans/there", at("to-there"))
  symlinkSync("to-new", at("chain"))
  symlinkSync("plans/new", at("to-new"))
  for (const [link, file] of [
    ["to-there", "plans/there"],
    ["chain", "plans/new"],
  ] as const) {
    assert.is((await run(shell, "plan", "--out", link)).code, 0)
    assert.ok(lstatSync(at(link)).isSymbolicLink(), link)
    assert.is(JSON.parse(readFileSync(at(file), "utf8")).stack, "lab")
  }
  assert.equal(readdirSync(at("plans")).sort(), ["new", "there"])
})

test("what is no regular file is written to as it is, behind a link too", async ({ shell }) => {
  symlinkSync("/dev/null", join(shell.folder, "nothing"))
  for (const out of ["/dev/null", "nothing"]) assert.equal([out, (await run(shell, "plan", "--out", out)).err], [out, ""])
  assert.ok(lstatSync("/dev/null").isCharacterDevice() && lstatSync(join(shell.folder, "nothing")).isSymbolicLink())
})

test("where it cannot be written, the hint says what to do about that", async ({ shell }) => {
  mkdirSync(join(shell.folder, "folder"))
  for (const [out, detail, hint] of [
    ["folder", "EISDIR", "name a file in it"],
    ["nope/plan", "ENOENT", "name a folder that exists"],
    ["stack.yaml/plan", "ENOTDIR", "name a folder that exists"],
  ] as const) {
    const { code, err } = await run(shell, "plan", "--out", out)
    assert.is(code, 1)
    assert.match(err, `the plan file ${out} cannot be written\n`)
    assert.match(err, detail)
    assert.match(err, hint)
    assert.not.match(err, /stack plan --out|\.new/)
  }
})

test("one that cannot be read: the path, or a new one", async ({ shell }) => {
  const { code, err } = await run(shell, "apply", "nope")
  assert.is(code, 1)
  assert.match(err, "check the path, or make one with `stack plan --out FILE`")
})

test.run()
