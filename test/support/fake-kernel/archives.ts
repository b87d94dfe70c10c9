import { createHash } from "node:crypto"
import type { Archives, Unpacked, UnpackJob } from "../../../src/kernel/archives.ts"
import { ArchiveError } from "../../../src/kernel/archives.ts"
import type { Mutate } from "./launch.ts"
import type { Machine } from "./machine.ts"
import { refuse } from "./machine.ts"
import type { Folder, Node } from "./tree.ts"
import { folder, lookup, putFile, textFile } from "./tree.ts"

interface Context {
  machine: Machine
  mutate: Mutate
  reading<T>(work: () => T): T
}

const BLOCK = 512

/** Archives of a kernel in memory: a file's text stands for its bytes, one letter each. Plain tar only, of files, folders and links. */
export function archiveCalls({ machine, mutate, reading }: Context): Archives {
  const { root } = machine
  const bytesOf = (path: string) => {
    const node = lookup(root, path)
    return node?.type === "file" ? Buffer.from(node.text, "latin1") : null
  }
  const part = (path: string, offset: number, length: number) => bytesOf(path)?.subarray(offset, offset + length) ?? null
  const required = (path: string) => bytesOf(path) ?? refuse(`read ${path}`, "ENOENT")
  return {
    fingerprint: (path) =>
      reading(() => {
        const bytes = bytesOf(path)
        return bytes === null ? null : { size: bytes.length, text: hashOf(bytes) }
      }),
    readBytes: (path, offset, length) => reading(() => part(path, offset, length)),
    sha256: async (path, range) =>
      reading(() => hashOf(range === undefined ? required(path) : (part(path, range.offset, range.length) ?? required(path)))),
    unpack: async (job) => mutate(`unpack ${job.archive}`, () => unpack(root, job, required(job.archive))),
    runTool: async (argv) => mutate(argv.join(" "), () => ({ status: 127, output: `${argv[0]}: not found` })),
    append: async (path, chunks) => {
      for await (const chunk of chunks) {
        const before = bytesOf(path)?.toString("latin1") ?? ""
        mutate(`append ${path}`, () => putFile(root, path, textFile(before + Buffer.from(chunk).toString("latin1"), 0o600)))
      }
    },
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

function unpack(root: Folder, { archive, part, folder: target, expected, bounds, onProgress }: UnpackJob, whole: Buffer): Unpacked {
  const bytes = part === undefined ? whole : whole.subarray(part.offset, part.offset + part.length)
  onProgress?.(bytes.length)
  const result = { entries: 0, bytes: 0, devices: 0, opaque: [] }
  for (let at = 0; ; ) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.length < BLOCK) throw new ArchiveError("truncated", "")
    if (header.every((byte) => byte === 0)) break
    const path = textOf(header, 0, 100)
    const size = Number.parseInt(textOf(header, 124, 12), 8)
    if (path.split("/").includes("..")) throw new ArchiveError("escapes", path)
    if (++result.entries > bounds.entries) throw new ArchiveError("too-many", path)
    result.bytes += size
    if (result.bytes > bounds.bytes) throw new ArchiveError("too-large", path)
    if (at + BLOCK + size > bytes.length) throw new ArchiveError("truncated", path)
    put(root, `${target}/${path}`, nodeOf(header, bytes.subarray(at + BLOCK, at + BLOCK + size)))
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  const wrong = [expected.archive, expected.contents].some((digest) => digest !== undefined && digest !== hashOf(bytes))
  if (wrong) throw new ArchiveError("digest", "", archive)
  return result
}

function nodeOf(header: Buffer, contents: Buffer): Node {
  const type = String.fromCharCode(header[156] ?? 0)
  const mode = Number.parseInt(textOf(header, 100, 8), 8)
  if (type === "5") return folder(mode)
  if (type === "2") return { type: "link", to: textOf(header, 157, 100), mode: 0o777, uid: 0, gid: 0 }
  return textFile(contents.toString("latin1"), mode)
}

/** With the folders above it. */
function put(root: Folder, path: string, node: Node): void {
  const names = path.split("/").filter(Boolean)
  let at = root
  for (const name of names.slice(0, -1)) {
    const next = at.children.get(name) ?? folder()
    at.children.set(name, next)
    if (next.type !== "folder") refuse(`unpack ${path}`, "ENOTDIR")
    at = next
  }
  at.children.set(names.at(-1) ?? "", node)
}

function textOf(header: Buffer, at: number, length: number): string {
  const text = header.toString("latin1", at, at + length)
  const end = text.indexOf("\0")
  return end < 0 ? text : text.slice(0, end)
}
