import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openFfi } from "../../src/kernel/ffi.ts"
import { openFiles } from "../../src/kernel/files.ts"
import type { Kernel } from "../../src/kernel/kernel.ts"
import { KernelError } from "../../src/kernel/kernel.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

// test/kernel/sanitize.test.ts runs this file on the build with sanitizers.
const files = openFiles(openFfi(process.env.STACK_TEST_NATIVE))
let folder = ""

test.before.each(() => {
  folder = mkdtempSync(`${tmpdir()}/stack-files.`)
})
test.after.each(() => {
  rmSync(folder, { recursive: true, force: true })
})

function refusal(work: () => void): string {
  try {
    work()
    return "none"
  } catch (e) {
    assert.instance(e, KernelError)
    return (e as KernelError).message
  }
}

/** At once, and by a thread. */
const readings: Kernel["readMany"][] = [(paths) => files.readMany(paths), (paths) => files.readBeside(paths)()]

test("nothing waits for a pipe that is in the place of a file", () => {
  const pipe = `${folder}/pipe`
  spawnSync("mkfifo", [pipe])
  assert.is(files.read(pipe), "")
  for (const read of readings) assert.equal(read([pipe]), [""])
})

test("what is not there reads as null, what is refused as an error in words", () => {
  assert.is(files.read(`${folder}/none`), null)
  assert.is(files.read("/proc/999999999/stat"), null)
  assert.is(files.readLink("/proc/999999999/ns/net"), null)
  assert.is(files.readLink(folder), null)
  assert.is(files.stat(`${folder}/none`), null)
  assert.equal(files.list(`${folder}/none`), [])
  assert.is(
    refusal(() => files.read(folder)),
    `read ${folder}: EISDIR`,
  )
  assert.is(
    refusal(() => files.write(`${folder}/none`, "1")),
    `write ${folder}/none: ENOENT`,
  )
  assert.is(
    refusal(() => files.rmdir("/proc/sys")),
    "rmdir /proc/sys: EPERM",
  )
  assert.is(
    refusal(() => files.read("a\0b")),
    "read a\0b: EINVAL",
  )
})

test("a write changes an existing file and makes none", () => {
  writeFileSync(`${folder}/f`, "old")
  files.write(`${folder}/f`, "NEW")
  assert.is(files.read(`${folder}/f`), "NEW")
  assert.equal(readdirSync(folder), ["f"])
})

test("a replaced file is private, whole, and never reached through a link", () => {
  writeFileSync(`${folder}/victim`, "untouched")
  symlinkSync(`${folder}/victim`, `${folder}/spec`)
  files.replaceFile(`${folder}/spec`, "{}\n")
  assert.is(readFileSync(`${folder}/victim`, "utf8"), "untouched")
  assert.is(readFileSync(`${folder}/spec`, "utf8"), "{}\n")
  assert.is(lstatSync(`${folder}/spec`).mode & 0o177777, 0o100600)
  assert.equal(files.list(folder), ["spec", "victim"])
  writeFileSync(`${folder}/.spec.${process.pid}`, "left by one killed at its work")
  files.replaceFile(`${folder}/spec`, "2")
  assert.is(files.read(`${folder}/spec`), "2")
  assert.is(
    refusal(() => files.replaceFile(`${folder}/no/spec`, "")),
    `write ${folder}/no/spec: ENOENT`,
  )
})

test("a folder gets the mode that was asked for, whatever the umask", () => {
  const umask = process.umask(0o077)
  try {
    assert.is(files.mkdir(`${folder}/d`, 0o1711), true)
  } finally {
    process.umask(umask)
  }
  assert.is(statSync(`${folder}/d`).mode & 0o7777, 0o1711)
  assert.is(files.mkdir(`${folder}/d`, 0o700), false)
  assert.is(statSync(`${folder}/d`).mode & 0o7777, 0o1711)
  assert.is(files.rmdir(`${folder}/d`), true)
  assert.is(files.rmdir(`${folder}/d`), false)
})

test("stat tells files, folders and devices apart", () => {
  writeFileSync(`${folder}/f`, "")
  chmodSync(`${folder}/f`, 0o640)
  assert.equal(files.stat(`${folder}/f`), { type: "file", mode: 0o640, uid: 0, gid: 0, device: "" })
  assert.is(files.stat(folder)?.type, "folder")
  assert.is(files.stat("/dev/null")?.device, "1:3")
  assert.is(files.stat("/dev/full")?.type, "char device")
})

test("many files come in one reading, in their order", () => {
  writeFileSync(`${folder}/empty`, "")
  writeFileSync(`${folder}/ä`, "ö")
  symlinkSync("somewhere", `${folder}/link`)
  const paths = [
    `${folder}/ä`,
    "",
    `${folder}/none`,
    `${folder}/empty`,
    `@${folder}/link`,
    `@${folder}/ä`,
    `@${folder}/none`,
    "/proc/self/comm",
  ]
  for (const read of readings) {
    assert.equal(read(paths), ["ö", null, null, "", "somewhere", null, null, readFileSync("/proc/self/comm", "utf8")])
    assert.equal(read([]), [])
    assert.match(
      refusal(() => read([`${folder}/ä`, folder])),
      `read ${folder}: EISDIR`,
    )
    assert.match(
      refusal(() => read(["a\0b", "c"])),
      "EINVAL",
    )
  }
})

test("more readings at once than there are threads for all come to their end", () => {
  symlinkSync("somewhere", `${folder}/link`)
  const all = Array.from({ length: 6 }, () => files.readBeside([`@${folder}/link`]))
  assert.equal(
    all.map((read) => read()),
    all.map(() => ["somewhere"]),
  )
})

test("files larger than the room for them are read whole", () => {
  const sizes = [0, 65531, 65532, 65533, 300_000, 1]
  for (const [i, size] of sizes.entries()) writeFileSync(`${folder}/${i}`, "x".repeat(size))
  for (const read of readings)
    assert.equal(
      read(sizes.map((_, i) => `${folder}/${i}`)).map((text) => text?.length),
      sizes,
    )
})

test("a lock has one holder, and none after release", () => {
  const lock = files.lock(`${folder}/lock`)
  assert.is(statSync(`${folder}/lock`).mode & 0o777, 0o600)
  assert.is(files.lock(`${folder}/lock`), null)
  lock?.release()
  lock?.release()
  const second = files.lock(`${folder}/lock`)
  assert.ok(second)
  second?.release()
  symlinkSync(`${folder}/other`, `${folder}/trap`)
  assert.match(
    refusal(() => files.lock(`${folder}/trap`)),
    "ELOOP",
  )
})

test("a lock on a file that was removed does not keep out who comes after", () => {
  const old = files.lock(`${folder}/lock`)
  rmSync(`${folder}/lock`)
  const fresh = files.lock(`${folder}/lock`)
  assert.ok(fresh)
  assert.is(files.lock(`${folder}/lock`), null)
  old?.release()
  assert.is(files.lock(`${folder}/lock`), null)
  fresh?.release()
})

test("a removed tree takes links, not what they point to", () => {
  mkdirSync(`${folder}/tree/a/b`, { recursive: true })
  mkdirSync(`${folder}/kept`)
  writeFileSync(`${folder}/kept/f`, "")
  writeFileSync(`${folder}/tree/a/f`, "")
  symlinkSync(`${folder}/kept`, `${folder}/tree/a/b/link`)
  files.removeTree(`${folder}/tree`)
  files.removeTree(`${folder}/tree`)
  files.removeTree(`${folder}/none/tree`)
  assert.equal(readdirSync(folder), ["kept"])
  symlinkSync(`${folder}/kept`, `${folder}/tree`)
  files.removeTree(`${folder}/tree`)
  assert.ok(existsSync(`${folder}/kept/f`))
  assert.not.ok(existsSync(`${folder}/tree`))
})

test("a tree deeper than any path may be is removed", () => {
  const script = "d=$(printf %0100d 0); i=0; while [ $i -lt 120 ]; do mkdir -p $d/side && cd -P $d || exit 1; i=$((i+1)); done"
  const made = spawnSync("/bin/sh", ["-c", script.replaceAll("$d", "deep$d")], { cwd: folder })
  assert.is(made.status, 0)
  files.removeTree(`${folder}/deep${"0".repeat(100)}`)
  assert.equal(readdirSync(folder), [])
})

test("a mount in a tree, even of the same device, stops its removal", () => {
  mkdirSync(`${folder}/tree/in`, { recursive: true })
  mkdirSync(`${folder}/kept`)
  writeFileSync(`${folder}/kept/f`, "")
  assert.is(spawnSync("mount", ["--bind", `${folder}/kept`, `${folder}/tree/in`]).status, 0)
  assert.is(
    refusal(() => files.removeTree(`${folder}/tree`)),
    `rm -r ${folder}/tree: EXDEV`,
  )
  assert.ok(existsSync(`${folder}/kept/f`))
  assert.is(spawnSync("umount", [`${folder}/tree/in`]).status, 0)
  files.removeTree(`${folder}/tree`)
  assert.equal(readdirSync(folder), ["kept"])
})

test("no reading or writing leaves a descriptor open", () => {
  writeFileSync(`${folder}/f`, "")
  const count = () => readdirSync("/proc/self/fd").length
  const before = count()
  for (let i = 0; i < 20; i++) {
    files.readMany([`${folder}/f`, `${folder}/none`, "@/proc/self/exe"])
    files.lock(`${folder}/lock`)?.release()
    refusal(() => files.lock(`${folder}/no/lock`))
    mkdirSync(`${folder}/t/u`, { recursive: true })
    files.removeTree(`${folder}/t`)
    files.replaceFile(`${folder}/f`, "x")
    files.write(`${folder}/f`, "y")
  }
  assert.is(count(), before)
})

if (inOwnNamespaces(import.meta.url)) test.run()
