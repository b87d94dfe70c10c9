import type { ChildProcessByStdio } from "node:child_process"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import type { Readable, Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { openArchive, sha256 } from "./archive-stream.ts"
import type { Unpacked, UnpackJob } from "./archives.ts"
import { ArchiveError } from "./archives.ts"
import { decompressor } from "./decompress.ts"
import { errnoName } from "./errno.ts"
import { attempt, codeOf } from "./files.ts"
import { KernelError } from "./kernel.ts"
import { readBytes } from "./read-bytes.ts"

/** As the port says. `program`: stack-unpack. */
export async function unpack(program: string, job: UnpackJob): Promise<Unpacked> {
  const { form, folder, bounds } = job
  const argv = [form, folder, String(bounds.bytes), String(bounds.entries)]
  const child = spawn(program, argv, { stdio: ["pipe", "pipe", "inherit"], env: {}, cwd: "/" })
  const said = hear(child)
  const fed = feed(job, child.stdin).then(
    () => undefined,
    (failure: unknown) => {
      // Half an archive must not look like a whole one.
      child.kill("SIGKILL")
      return { failure }
    },
  )
  const [answer, starved] = await Promise.all([said, fed])
  const failure = answer.failure ?? starved?.failure
  if (failure !== undefined) throw (await hasOtherDigest(job, failure)) ? new ArchiveError("digest", "") : failure
  if (answer.result === undefined) throw new KernelError(`unpack ${job.archive}`, "ECHILD", "the unpacking process was killed")
  return answer.result
}

interface Answer {
  result?: Unpacked
  failure?: Error
}

/** What the unpacker says, when it has ended: native/unpack/say.c. */
function hear(child: ChildProcessByStdio<Writable, Readable, null>): Promise<Answer> {
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece))
  return new Promise((resolve) => {
    child.on("error", (e) => resolve({ failure: new KernelError("start stack-unpack", codeOf(e)) }))
    child.on("close", (status) => resolve(answerOf(text.split("\0").slice(0, -1), status)))
  })
}

function answerOf(words: readonly string[], status: number | null): Answer {
  const failed = words.find((word) => word.startsWith("f "))
  if (failed !== undefined) return { failure: failureOf(failed) }
  if (status !== 0) return {}
  const number = (kind: string) => Number(words.find((word) => word.startsWith(`${kind} `))?.slice(2) ?? 0)
  const opaque = words.filter((word) => word.startsWith("o ")).map((word) => word.slice(2))
  return { result: { entries: number("e"), bytes: number("b"), devices: number("d"), opaque } }
}

/** Where an error number belongs to something that the archive wanted, it is the archive's fault all the same. */
const ITS_FAULT: ReadonlySet<string> = new Set(["ELOOP", "ENOTDIR", "ENAMETOOLONG", "EISDIR"])

function failureOf(word: string): Error {
  const [, code = "", number = "0", entry = ""] = /^f (\S+) (\d+) ([\s\S]*)$/.exec(word) ?? []
  const errno = errnoName(Number(number))
  if (code === "kernel" && !ITS_FAULT.has(errno)) return new KernelError(`unpack ${entry}`, errno)
  if (["namespace", "capabilities", "usage", "memory", "stream"].includes(code)) return new KernelError(`unpack: ${code} ${entry}`, errno)
  return new ArchiveError(code === "kernel" ? "in-place" : code, entry)
}

/** An archive that is damaged may stumble over its own contents before its digest is known. */
async function hasOtherDigest({ archive, part, expected }: UnpackJob, failure: unknown): Promise<boolean> {
  if (!(failure instanceof ArchiveError) || expected.archive === undefined) return false
  return (await sha256(archive, part)) !== expected.archive
}

async function feed(job: UnpackJob, to: Writable): Promise<void> {
  const { archive, part, expected } = job
  const [whole, contents] = [createHash("sha256"), createHash("sha256")]
  const head = readHead(archive, part?.offset ?? 0)
  const unpacker = await decompressor(head)
  const tap = (work: (chunk: Uint8Array) => void) =>
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        work(chunk)
        yield chunk
      }
    }
  const read = tap((chunk) => {
    if (expected.archive !== undefined) whole.update(chunk)
    job.onProgress?.(chunk.length)
  })
  const plain = tap((chunk) => {
    if (expected.contents !== undefined) contents.update(chunk)
  })
  const checked = async function* (chunks: AsyncIterable<Uint8Array>) {
    yield* chunks
    // The unpacker waits for the end of its input: it is only told of the end where all was as it should be.
    if (expected.archive !== undefined && whole.digest("hex") !== expected.archive) throw new ArchiveError("digest", "")
    if (expected.contents !== undefined && contents.digest("hex") !== expected.contents)
      throw new ArchiveError("digest", "", "of its contents")
  }
  try {
    const source = openArchive(archive, part)
    if (unpacker === undefined) await pipeline(source, read, plain, checked, to)
    else await pipeline(source, read, unpacker, plain, checked, to)
  } catch (e) {
    throw explained(e, job)
  }
}

function readHead(path: string, offset: number): Uint8Array {
  return attempt(`read ${path}`, () => readBytes(path, offset, 32))
}

/** What decompressors throw is about the archive; what reading it throws is the kernel's. */
function explained(e: unknown, { archive }: UnpackJob): Error {
  if (e instanceof ArchiveError || e instanceof KernelError) return e
  const { code, message, syscall } = e as NodeJS.ErrnoException
  if (syscall !== undefined) return new KernelError(`read ${archive}`, codeOf(e))
  return new ArchiveError(code === "Z_BUF_ERROR" || code === (5 as unknown) ? "truncated" : "compression", "", message)
}
