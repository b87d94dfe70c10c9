import { createHash } from "node:crypto"
import * as assert from "uvu/assert"
import { ArchiveError } from "../../src/kernel/archives.ts"
import type { TarEntry } from "../support/tar-bytes.ts"
import { tarBytes } from "../support/tar-bytes.ts"
import type { Contract, Subject } from "./subject.ts"
import { errnoOfPromise } from "./subject.ts"

const BOUNDS = { bytes: 1 << 20, entries: 100 }
const TREE: TarEntry[] = [
  { name: "etc", type: "5", mode: 0o750 },
  { name: "etc/mark", body: "mark", mode: 0o640 },
  { name: "link", type: "2", link: "etc/mark" },
  { name: "deep/er/file", body: "" },
]

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

async function put({ kernel }: Subject, path: string, bytes: Buffer): Promise<void> {
  kernel.removeTree(path)
  await kernel.append(
    path,
    (async function* () {
      yield bytes
    })(),
  )
}

/** The code of the ArchiveError that unpacking comes to; "none" where it is whole. */
async function unpacked(
  { kernel, folder }: Subject,
  bytes: Buffer,
  rest: { bytes?: number; entries?: number; archive?: string } = {},
): Promise<string> {
  await put({ kernel, folder }, `${folder}/archive`, bytes)
  kernel.removeTree(`${folder}/tree`)
  kernel.mkdir(`${folder}/tree`, 0o755)
  const { archive, ...bounds } = rest
  const expected = archive === undefined ? {} : { archive }
  try {
    await kernel.unpack({
      archive: `${folder}/archive`,
      folder: `${folder}/tree`,
      form: "root",
      expected,
      bounds: { ...BOUNDS, ...bounds },
    })
    return "none"
  } catch (failure) {
    assert.instance(failure, ArchiveError)
    return (failure as ArchiveError).code
  }
}

/** What the image store counts on of archives. */
export const archiveContract: Contract = {
  "what comes is appended, and read back in parts; its digest and fingerprint tell": async (subject) => {
    const { kernel, folder } = subject
    const path = `${folder}/parts`
    assert.equal([kernel.fingerprint(path), kernel.readBytes(path, 0, 4)], [null, null])
    assert.is(await errnoOfPromise(kernel.sha256(path)), "ENOENT")
    await put(subject, path, Buffer.from("one"))
    const before = kernel.fingerprint(path)
    await kernel.append(
      path,
      (async function* () {
        yield Buffer.from("two")
        yield Buffer.from("three")
      })(),
    )
    assert.is(Buffer.from(kernel.readBytes(path, 1, 4) ?? []).toString(), "netw")
    assert.is(Buffer.from(kernel.readBytes(path, 9, 9) ?? []).toString(), "ee")
    assert.equal([kernel.fingerprint(path)?.size, before?.size], [11, 3])
    assert.is.not(kernel.fingerprint(path)?.text, before?.text)
    assert.equal(
      [await kernel.sha256(path), await kernel.sha256(path, { offset: 3, length: 3 })],
      [sha256(Buffer.from("onetwothree")), sha256(Buffer.from("two"))],
    )
  },

  "an archive becomes a tree": async (subject) => {
    const { kernel, folder } = subject
    assert.is(await unpacked(subject, tarBytes(TREE), { archive: sha256(tarBytes(TREE)) }), "none")
    assert.equal(kernel.list(`${folder}/tree`), ["deep", "etc", "link"])
    assert.equal([kernel.read(`${folder}/tree/etc/mark`), kernel.readLink(`${folder}/tree/link`)], ["mark", "etc/mark"])
    assert.equal([kernel.lstat(`${folder}/tree/etc`)?.mode, kernel.lstat(`${folder}/tree/etc/mark`)?.mode], [0o750, 0o640])
  },

  "an archive that is at fault says how": async (subject) => {
    assert.is(await unpacked(subject, tarBytes(TREE).subarray(0, 700)), "truncated")
    assert.is(await unpacked(subject, tarBytes([{ name: "../out" }])), "escapes")
    assert.is(await unpacked(subject, tarBytes(TREE), { entries: 3 }), "too-many")
    assert.is(await unpacked(subject, tarBytes(TREE), { bytes: 3 }), "too-large")
    assert.is(await unpacked(subject, tarBytes(TREE), { archive: sha256(Buffer.from("another")) }), "digest")
  },
}
