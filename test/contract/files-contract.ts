import * as assert from "uvu/assert"
import { foldersIn, listingIn } from "../../src/kernel/listing.ts"
import type { Contract } from "./subject.ts"
import { errnoOf } from "./subject.ts"

/** What drivers count on of files. */
export const fileContract: Contract = {
  "a folder is made once, one level at a time, with the mode asked for": ({ kernel, folder }) => {
    assert.equal([kernel.mkdir(`${folder}/a`, 0o711), kernel.mkdir(`${folder}/a`, 0o700)], [true, false])
    assert.is(
      errnoOf(() => kernel.mkdir(`${folder}/b/c`)),
      "ENOENT",
    )
    assert.equal(kernel.stat(`${folder}/a`), { type: "folder", mode: 0o711, uid: 0, gid: 0, device: "" })
    assert.equal(kernel.lstat(`${folder}/a`), { type: "folder", mode: 0o711, uid: 0 })
    assert.is(kernel.lstat(`${folder}/none`), null)
    assert.equal([kernel.rmdir(`${folder}/a`), kernel.rmdir(`${folder}/a`)], [true, false])
  },

  "a symbolic link is made once, wherever it leads": ({ kernel, folder }) => {
    const path = `${folder}/link`
    assert.equal([kernel.symlink(path, "/no/where"), kernel.symlink(path, "other")], [true, false])
    assert.equal([kernel.readLink(path), kernel.lstat(path)?.type, kernel.stat(path)], ["/no/where", "link", null])
    assert.is(
      errnoOf(() => kernel.symlink(`${folder}/none/link`, "x")),
      "ENOENT",
    )
    kernel.removeTree(path)
    assert.is(kernel.lstat(path), null)
  },

  "a folder is spread over the disk, whatever the file system makes of it; no other thing is": ({ kernel, folder }) => {
    kernel.mkdir(`${folder}/wide`, 0o700)
    kernel.spread(`${folder}/wide`)
    kernel.spread(`${folder}/wide`)
    assert.equal(kernel.lstat(`${folder}/wide`), { type: "folder", mode: 0o700, uid: 0 })
    kernel.replaceFile(`${folder}/text`, "x")
    assert.equal(
      [`${folder}/none`, `${folder}/text`].map((path) => errnoOf(() => kernel.spread(path))),
      ["ENOENT", "ENOTDIR"],
    )
    kernel.rmdir(`${folder}/wide`)
  },

  "a listing tells what sort of thing each is and whose; links are not followed, and what is not there is null": ({ kernel, folder }) => {
    kernel.mkdir(`${folder}/list`, 0o750)
    kernel.mkdir(`${folder}/list/below`, 0o700)
    kernel.replaceFile(`${folder}/list/a text`, "x")
    kernel.symlink(`${folder}/list/link`, "/")
    const listed = (name: string) => {
      const [text] = kernel.readMany([`%${folder}/${name}`])
      return text == null ? null : listingIn(text)
    }
    const all = listed("list")
    assert.equal(all?.self, { type: "folder", mode: 0o750, uid: 0, name: "" })
    assert.equal(all?.self, { ...kernel.lstat(`${folder}/list`), name: "" })
    const inside = new Map(all?.inside.map((one) => [one.name, one]))
    assert.equal([...inside.keys()].sort(), ["a text", "below", "link"])
    for (const [name, one] of inside) assert.equal(one, { ...kernel.lstat(`${folder}/list/${name}`), name })
    assert.equal(listed("list/link"), { self: { ...kernel.lstat(`${folder}/list/link`), name: "" }, inside: [] })
    assert.equal(listed("list/a text"), { self: { type: "file", mode: 0o600, uid: 0, name: "" }, inside: [] })
    assert.is(listed("none"), null)
    kernel.removeTree(`${folder}/list`)
  },

  "folders in a folder are named, files and links are not; of what is none itself there are none": ({ kernel, folder }) => {
    kernel.mkdir(`${folder}/list`)
    kernel.mkdir(`${folder}/list/below`)
    kernel.mkdir(`${folder}/list/.hidden one`)
    kernel.replaceFile(`${folder}/list/text`, "x")
    kernel.symlink(`${folder}/list/link`, "/")
    const folders = (path: string) => foldersIn(kernel.readMany([`+${path}`])[0]).sort()
    assert.equal(folders(`${folder}/list`), [".hidden one", "below"])
    assert.equal(folders(`${folder}/list/below`), [])
    assert.equal(folders(`${folder}/none`), [])
    assert.is(kernel.readMany([`+${folder}/none`])[0], null)
    const wide = Array.from({ length: 400 }, (_, i) => `${"wide".repeat(10)}${i}`)
    for (const name of wide) kernel.mkdir(`${folder}/list/below/${name}`)
    assert.equal(folders(`${folder}/list/below`), wide.sort())
    assert.is(kernel.readMany([`+${folder}/list/text`])[0], null)
    kernel.removeTree(`${folder}/list`)
  },

  "a file that is written over stays the one it is, and is for all to read; one that is replaced is another": ({ kernel, folder }) => {
    const path = `${folder}/names`
    const identity = () => kernel.readMany([`=${path}`])[0]
    assert.is(identity(), null)
    kernel.rewriteFile(path, "a long text")
    const first = identity()
    assert.match(String(first), /^\d+:\d+$/)
    kernel.rewriteFile(path, "short")
    assert.equal([kernel.read(path), identity(), kernel.lstat(path)?.mode], ["short", first, 0o644])
    kernel.replaceFile(path, "another")
    assert.is.not(identity(), first)
    assert.is(
      errnoOf(() => kernel.rewriteFile(folder, "x")),
      "EISDIR",
    )
  },

  "what is in another's root is read by that root's links, and only if it is a file": ({ kernel, folder }) => {
    for (const path of ["top", "top/etc", "top/etc/deep"]) kernel.mkdir(`${folder}/${path}`)
    kernel.replaceFile(`${folder}/top/etc/text`, "inside")
    kernel.replaceFile(`${folder}/outside`, "outside")
    const read = (path: string, length = 100) => {
      const found = kernel.readInside(`${folder}/top`, path, length)
      return found === null ? null : [Buffer.from(found.bytes).toString(), found.uid, found.mode]
    }
    assert.equal(
      [read("/etc/text"), read("/etc/text", 3), read("/../etc/text")],
      [
        ["inside", 0, 0o600],
        ["ins", 0, 0o600],
        ["inside", 0, 0o600],
      ],
    )
    assert.equal([read("/etc"), read("/etc/none"), read("/../outside"), read("/etc/text/none")], [null, null, null, null])
    assert.is(kernel.readInside(`${folder}/none`, "/etc/text", 100), null)
    kernel.removeTree(`${folder}/top`)
    kernel.removeTree(`${folder}/outside`)
  },

  "a folder with something in it is not removed but as a tree": ({ kernel, folder }) => {
    for (const path of ["a", "a/b", "a/b/c"]) kernel.mkdir(`${folder}/${path}`)
    kernel.replaceFile(`${folder}/a/b/text`, "x")
    assert.is(
      errnoOf(() => kernel.rmdir(`${folder}/a/b`)),
      "ENOTEMPTY",
    )
    assert.equal(kernel.list(`${folder}/a/b`), ["c", "text"])
    kernel.removeTree(`${folder}/a`)
    kernel.removeTree(`${folder}/a`)
    assert.equal([kernel.stat(`${folder}/a`), kernel.list(`${folder}/a`)], [null, []])
  },

  "many trees go beside other work, one that is not there too": async ({ kernel, folder }) => {
    const trees = ["a", "b", "none"].map((name) => `${folder}/${name}`)
    for (const path of ["a", "a/deep", "b"]) kernel.mkdir(`${folder}/${path}`)
    kernel.replaceFile(`${folder}/a/deep/text`, "x")
    assert.equal(await kernel.removeTreesLater(trees), [null, null, null])
    assert.equal(
      trees.map((path) => kernel.lstat(path)),
      [null, null, null],
    )
    assert.equal(await kernel.removeTreesLater([]), [])
  },

  "what is renamed keeps what is in it; only an empty folder gives way": ({ kernel, folder }) => {
    for (const path of ["a", "b", "full", "full/x"]) kernel.mkdir(`${folder}/${path}`)
    kernel.replaceFile(`${folder}/a/text`, "x")
    const inode = kernel.inode(`${folder}/a`)
    kernel.rename(`${folder}/a`, `${folder}/b`)
    assert.equal([kernel.stat(`${folder}/a`), kernel.read(`${folder}/b/text`), kernel.inode(`${folder}/b`)], [null, "x", inode])
    assert.is(
      errnoOf(() => kernel.rename(`${folder}/b`, `${folder}/full`)),
      "ENOTEMPTY",
    )
    assert.is(
      errnoOf(() => kernel.rename(`${folder}/none`, `${folder}/b`)),
      "ENOENT",
    )
    for (const path of ["b", "full"]) kernel.removeTree(`${folder}/${path}`)
  },

  "a file is replaced whole, for its owner's eyes; what is not there is null": ({ kernel, folder }) => {
    kernel.replaceFile(`${folder}/text`, "one\n")
    kernel.replaceFile(`${folder}/text`, "two\n")
    assert.is(kernel.read(`${folder}/text`), "two\n")
    assert.is(kernel.stat(`${folder}/text`)?.mode, 0o600)
    assert.equal(
      kernel.list(folder).filter((name) => name.includes("text")),
      ["text"],
    )
    const beside = kernel.readBeside([`${folder}/text`, "", `${folder}/none`, `@${folder}/none`, `${folder}/text`])
    assert.equal(beside(), ["two\n", null, null, null, "two\n"])
    assert.equal(kernel.readBeside([])(), [])
    assert.equal(kernel.readMany([`${folder}/text`, `${folder}/none`, "", `${folder}/../${folder.split("/").at(-1)}/text`]), [
      "two\n",
      null,
      null,
      "two\n",
    ])
    assert.equal([kernel.read(`${folder}/none`), kernel.stat(`${folder}/none`), kernel.readLink(`${folder}/text`)], [null, null, null])
    assert.is(
      errnoOf(() => kernel.write(`${folder}/none`, "x")),
      "ENOENT",
    )
    assert.is(
      errnoOf(() => kernel.replaceFile(`${folder}/none/text`, "x")),
      "ENOENT",
    )
    kernel.removeTree(`${folder}/text`)
  },

  "a lock is one's alone until it is released; a new file of the name is another lock": ({ kernel, folder }) => {
    const first = kernel.lock(`${folder}/lock`)
    assert.is.not(first, null)
    assert.is(kernel.lock(`${folder}/lock`), null)
    assert.is(kernel.stat(`${folder}/lock`)?.mode, 0o600)
    kernel.removeTree(`${folder}/lock`)
    const second = kernel.lock(`${folder}/lock`)
    assert.is.not(second, null)
    first?.release()
    assert.is(kernel.lock(`${folder}/lock`), null)
    second?.release()
    kernel.lock(`${folder}/lock`)?.release()
    kernel.removeTree(`${folder}/lock`)
  },

  "this process is found in /proc, where a dead one is not": ({ kernel }) => {
    const pid = kernel.readLink("/proc/self")
    assert.match(kernel.read("/proc/self/stat") ?? "", new RegExp(`^${pid} \\(`))
    assert.is(kernel.readLink(`/proc/${pid}/ns/net`), kernel.readLink("/proc/self/ns/net"))
    assert.match(kernel.readLink("/proc/self/ns/mnt") ?? "", /^mnt:\[\d+\]$/)
    assert.equal(kernel.readMany(["/proc/4194304/stat", "/proc/4194304/cmdline"]), [null, null])
    assert.ok(kernel.list("/proc").includes(pid ?? ""))
  },
}
