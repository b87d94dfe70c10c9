/** stack-unpack, byte by byte: what of an archive becomes a file, and what does not. */
import { spawn, spawnSync } from "node:child_process"
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { testsUnless } from "../support/skip.ts"
import type { TarEntry } from "../support/tar-bytes.ts"
import { paxEntry, tarBytes } from "../support/tar-bytes.ts"

const PROGRAM = fileURLToPath(new URL("../../native/build/stack-unpack", import.meta.url))
const folder = mkdtempSync("/var/tmp/stack-unpack.")
test.after(() => rmSync(folder, { recursive: true, force: true }))
const privileged = testsUnless(process.getuid?.() === 0 ? undefined : "only root may enter namespaces of its own")

interface Result {
  status: number
  said: string[]
  tree: string
}

function unpack(entries: readonly TarEntry[] | Buffer, form: "layer" | "root" = "root", bytes = 1 << 20, count = 1000): Result {
  const tree = `${folder}/tree`
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(tree)
  const input = Buffer.isBuffer(entries) ? entries : tarBytes(entries)
  const { status, stdout } = spawnSync(PROGRAM, [form, tree, String(bytes), String(count)], { input })
  return { status: status ?? -1, said: stdout.toString().split("\0").filter(Boolean), tree }
}

const xattrs = (path: string) => {
  const code = "import os,sys;print({n:os.getxattr(sys.argv[1],n).decode() for n in sorted(os.listxattr(sys.argv[1]))})"
  return spawnSync("python3", ["-c", code, path], { encoding: "utf8" }).stdout.trim()
}

privileged("owners, modes with set-user-id, times to the nanosecond, long names of GNU's and pax's", () => {
  const long = `${"d".repeat(120)}/${"f".repeat(120)}`
  const { said, tree } = unpack([
    { name: "su", mode: 0o4755, uid: 1000, gid: 1001, body: "x" },
    paxEntry({ path: long, mtime: "1234567890.123456789", uid: "70000" }),
    { name: "short", body: "pax" },
    { name: "././@LongLink", type: "L", body: `${long}.gnu\0`, magic: "ustar  \0" },
    { name: "cut", body: "gnu", magic: "ustar  \0" },
    { name: "old/", mode: 0o700, mtime: 99, magic: "" },
    { name: "fifo", type: "6", mode: 0o600 },
  ])
  assert.equal(said, ["e 5", "b 7", "d 0"])
  const { mode, uid, gid } = lstatSync(`${tree}/su`)
  assert.equal([mode & 0o7777, uid, gid], [0o4755, 1000, 1001])
  const status = lstatSync(`${tree}/${long}`, { bigint: true })
  assert.equal([status.mtimeNs, status.uid], [1234567890123456789n, 70000n])
  assert.is(readFileSync(`${tree}/${long}.gnu`, "utf8"), "gnu")
  assert.equal([statSync(`${tree}/old`).isDirectory(), statSync(`${tree}/old`).mtimeMs], [true, 99_000])
  assert.ok(lstatSync(`${tree}/fifo`).isFIFO())
})

privileged("links of both sorts, within the tree only", () => {
  const { status, tree } = unpack([
    { name: "a", body: "a", mode: 0o600 },
    { name: "hard", type: "1", link: "./a" },
    { name: "abs", type: "2", link: "/etc/passwd" },
    { name: "up", type: "2", link: "../../../.." },
    { name: "up/tmp/inside", body: "inside" },
  ])
  assert.is(status, 0)
  assert.is(statSync(`${tree}/a`).nlink, 2)
  assert.is(readlinkSync(`${tree}/abs`), "/etc/passwd")
  assert.is(readFileSync(`${tree}/tmp/inside`, "utf8"), "inside")
})

// openat2(2) says EAGAIN to a way with `..` in it when anything of the machine is renamed or mounted at that moment.
privileged("what others rename meanwhile is no matter", () => {
  const beside = mkdtempSync(`${tmpdir()}/stack-renaming.`)
  const script = `import os\nos.mkdir("a")\nwhile True:\n os.rename("a", "b"); os.rename("b", "a")`
  const others = spawn("python3", ["-c", script], { cwd: beside, stdio: "ignore" })
  try {
    const entries = Array.from({ length: 3000 }, (_, i): TarEntry => ({ name: `up/tmp/${i}/file`, body: "inside" }))
    const { status, tree } = unpack([{ name: "up", type: "2", link: "../../../.." }, ...entries], "root", 1 << 20, 10_000)
    assert.is(status, 0)
    assert.is(readdirSync(`${tree}/tmp`).length, 3000)
  } finally {
    others.kill("SIGKILL")
    rmSync(beside, { recursive: true, force: true })
  }
})

privileged("what stands there is replaced, a link never followed; a folder that is not empty stays", () => {
  const { status, tree } = unpack([
    { name: "x", type: "2", link: "/etc/hostname" },
    { name: "x", body: "mine" },
    { name: "d", type: "5", mode: 0o755 },
    { name: "d", body: "file" },
  ])
  assert.equal([status, readFileSync(`${tree}/x`, "utf8"), readFileSync(`${tree}/d`, "utf8")], [0, "mine", "file"])
  assert.equal(unpack([{ name: "d/f" }, { name: "d", type: "2", link: "/" }]).said, ["f in-place 39 d"])
})

privileged("devices are left out, and counted", () => {
  const { said, tree } = unpack([
    { name: "sda", type: "4" },
    { name: "null", type: "3" },
  ])
  assert.equal(said, ["e 2", "b 0", "d 2"])
  assert.throws(() => lstatSync(`${tree}/null`), /ENOENT/)
})

privileged("attributes: capabilities and the user's own, none that steers overlayfs", () => {
  const records = {
    "SCHILY.xattr.user.mine": "1",
    "SCHILY.xattr.user.overlay.redirect": "/etc",
    "SCHILY.xattr.trusted.overlay.opaque": "y",
    "SCHILY.xattr.security.selinux": "x",
  }
  const { status, tree } = unpack([paxEntry(records), { name: "f" }, { name: "plain" }], "layer")
  assert.is(status, 0)
  assert.is(xattrs(`${tree}/f`), "{'user.mine': '1'}")
  assert.is(xattrs(`${tree}/plain`), "{}")
})

privileged("whiteouts in overlayfs's form, in whatever order; in a root they are names", () => {
  const { said, tree } = unpack(
    [
      { name: ".wh.gone" },
      { name: "d/.wh..wh..opq" },
      { name: ".wh.e" },
      { name: "e/f" },
      { name: "g/h" },
      { name: ".wh.g" },
      { name: ".wh..wh.plnk", type: "5" },
    ],
    "layer",
  )
  assert.equal(said, ["o d", "o e", "o g", "e 7", "b 0", "d 0"])
  assert.ok(lstatSync(`${tree}/gone`).isCharacterDevice() && lstatSync(`${tree}/gone`).rdev === 0)
  for (const name of ["d", "e", "g"]) assert.is(xattrs(`${tree}/${name}`), "{'trusted.overlay.opaque': 'y', 'user.overlay.opaque': 'y'}")
  assert.throws(() => lstatSync(`${tree}/.wh..wh.plnk`), /ENOENT/)
  assert.equal(unpack([{ name: ".wh..." }], "layer").said, ["f escapes 0 .wh..."])
  assert.equal(unpack([{ name: ".wh...." }], "layer").status, 0)
  assert.equal(unpack([{ name: ".wh..", body: "" }], "layer").said, ["f escapes 0 .wh.."])
  assert.ok(lstatSync(`${unpack([{ name: ".wh.gone" }]).tree}/.wh.gone`).isFile())
})

interface Refused {
  what: string
  entries: readonly TarEntry[]
  says: string | RegExp
  bytes?: number
  count?: number
}

const REFUSED: readonly Refused[] = [
  { what: "dots", entries: [{ name: "a/../../b" }], says: "f escapes 0 a/../../b" },
  { what: "a name that is too long", entries: [paxEntry({ path: "n".repeat(256) }), { name: "x" }], says: /^f long-path 0 n/ },
  { what: "a path that is too long", entries: [paxEntry({ path: `${"a/".repeat(2100)}b` }), { name: "x" }], says: /^f long-path 0/ },
  { what: "a hard link to nothing", entries: [{ name: "h", type: "1", link: "none" }], says: "f hard-link 2 h" },
  { what: "more bytes than may be", entries: [{ name: "f", body: "x".repeat(99) }], says: "f too-large 0 f", bytes: 98 },
  { what: "more entries than may be", entries: [{ name: "a" }, { name: "b" }], says: "f too-many 0 b", bytes: 100, count: 1 },
  { what: "a size below zero", entries: [paxEntry({ size: "-5" }), { name: "x" }], says: "f malformed 0 x" },
  { what: "a size that is none", entries: [paxEntry({ size: "99999999999999999999" }), { name: "x" }], says: "f malformed 0 x" },
  {
    what: "a header of attributes that lies about its length",
    entries: [{ name: "p", type: "x", body: "999 path=x\n" }, { name: "x" }],
    says: "f malformed 0 x",
  },
  { what: "attributes without end", entries: [{ name: "p", type: "x", size: 2 ** 30 }], says: "f long-header 0 " },
  { what: "a sparse file of pax", entries: [paxEntry({ "GNU.sparse.major": "1" }), { name: "x" }], says: "f sparse 0 x" },
  { what: "a type of nobody", entries: [{ name: "x", type: "Z" }], says: "f unknown-type 0 x" },
  { what: "a file in the place of the top", entries: [{ name: "./.", type: "2", link: "/" }], says: "f escapes 0 " },
]

for (const { what, entries, says, bytes, count } of REFUSED)
  privileged(`refused: ${what}`, () => {
    const { status, said } = unpack(entries, "root", bytes, count)
    assert.is(status, 1)
    if (typeof says === "string") assert.is(said.at(-1), says)
    else assert.match(said.at(-1) ?? "", says)
  })

test.run()
