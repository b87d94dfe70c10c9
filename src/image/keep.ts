import { setTimeout as pause } from "node:timers/promises"
import type { DiagnosticError } from "../base/diagnostic.ts"
import type { Unpacked } from "../kernel/archives.ts"
import { ArchiveError } from "../kernel/archives.ts"
import { now } from "../kernel/clock.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KEPT_ROOT } from "../model/ownership.ts"
import type { FoundImage, LayerSource, Recipe } from "./found.ts"
import { imageError } from "./found.ts"
import { imageFileOf, imageStore, refFileOf } from "./paths.ts"
import type { ImageRecord, LayerNotes, RefRecord } from "./store.ts"
import { hasLayer, readImage } from "./store.ts"

/** How many layers are unpacked at a time: each has a process of its own, and one that reads for it. */
const AT_A_TIME = 3
/** Beyond this nobody's image goes; a large file of zeros takes little room in an archive. */
const LEAST_BOUND = 2 ** 31
const RATIO = 100
const MOST_ENTRIES = 2_000_000
const LOCK_MS = 100
/** How often progress is told of. */
const PROGRESS_MS = 100

/** Told of bytes of archives that were read, and of how many there are. */
export type Progress = (done: number, total: number) => void

/**
 * Runs work as the only one that writes to the store; waits for another, whose rests it removes if that was cut short. A lock dies with
 * its holder.
 */
export async function withStore<T>(kernel: Kernel, work: () => Promise<T>): Promise<T> {
  makeFolders(kernel)
  let lock = kernel.lock(imageStore().lock)
  while (lock === null) {
    await pause(LOCK_MS)
    lock = kernel.lock(imageStore().lock)
  }
  try {
    const { unpacking } = imageStore()
    for (const rest of kernel.list(unpacking)) kernel.removeTree(`${unpacking}/${rest}`)
    return await work()
  } finally {
    lock.release()
  }
}

function makeFolders(kernel: Kernel): void {
  const { root, layers, images, refs, unpacking, downloads } = imageStore()
  kernel.mkdir(KEPT_ROOT, 0o711)
  for (const folder of [root, layers, images, refs, unpacking, downloads]) kernel.mkdir(folder, 0o700)
}

/** Where a layer's archive is, when it is needed; and what is done when it no longer is. */
export interface Fetched {
  path: string
  part?: { offset: number; length: number }
  done(): void
}

/** How the store comes by what is not there. */
export interface Means {
  fetch(layer: LayerSource, onProgress: (bytes: number) => void): Promise<Fetched>
  /** Fills a folder. */
  make(recipe: Recipe, tree: string): Promise<void>
}

/** Unpacks what is not there yet, and then says that the image is. Under the store's lock. */
export async function keepImage(kernel: Kernel, source: string, found: FoundImage, means: Means, onProgress: Progress): Promise<void> {
  const missing = [...new Map(found.layers.map((layer) => [layer.id, layer])).values()].filter(({ id }) => !hasLayer(kernel, id))
  const total = missing.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  let last = Number.NEGATIVE_INFINITY
  const told = (bytes: number) => {
    done += bytes
    if (now() - last < PROGRESS_MS) return
    last = now()
    onProgress(done, total)
  }
  await eachAtATime(missing, async (layer) => {
    if ("recipe" in layer.from) {
      const { recipe } = layer.from
      return makeLayer(kernel, layer.id, `debootstrap:${recipe.suite}`, async (tree) => {
        await means.make(recipe, tree)
        return NO_NOTES
      })
    }
    const fetched = await means.fetch(layer, told)
    try {
      await unpackLayer(kernel, layer, fetched, "digest" in layer.from ? undefined : told)
    } finally {
      // Also where it is not what it should be: it would not become better.
      fetched.done()
    }
  })
  const { digest, config, layers, fingerprint } = found
  const record: ImageRecord = { version: 1, digest, layers: layers.map(({ id }) => id), config }
  if (readImage(kernel, digest) === undefined) kernel.replaceFile(imageFileOf(digest), `${JSON.stringify(record)}\n`)
  keepRef(kernel, { version: 1, source, digest, ...(fingerprint === undefined ? {} : { fingerprint }) })
}

export function keepRef(kernel: Kernel, ref: RefRecord): void {
  const text = `${JSON.stringify(ref)}\n`
  if (kernel.read(refFileOf(ref.source)) !== text) kernel.replaceFile(refFileOf(ref.source), text)
}

/** The first failure ends it, when those under way have ended too. */
async function eachAtATime<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const failures: unknown[] = []
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined && failures.length === 0; item = waiting.shift())
      await work(item).catch((failure: unknown) => failures.push(failure))
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  if (failures.length > 0) throw failures[0]
}

async function unpackLayer(
  kernel: Kernel,
  layer: LayerSource,
  { path, part }: Fetched,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  const { id, form, expected, size } = layer
  const job = {
    archive: path,
    ...(part === undefined ? {} : { part }),
    form,
    expected,
    bounds: { bytes: LEAST_BOUND + RATIO * size, entries: MOST_ENTRIES },
    ...(onProgress === undefined ? {} : { onProgress }),
  }
  await makeLayer(kernel, id, path, async (folder) => notesOf(await kernel.unpack({ ...job, folder })))
}

/** Beside the others until it is whole. `what`: for messages. */
async function makeLayer(kernel: Kernel, id: string, what: string, fill: (tree: string) => Promise<LayerNotes>): Promise<void> {
  const { unpacking, layers } = imageStore()
  const beside = `${unpacking}/${id}`
  kernel.mkdir(beside, 0o700)
  kernel.mkdir(`${beside}/tree`, 0o755)
  try {
    const notes = await fill(`${beside}/tree`)
    requireSoundTree(kernel, `${beside}/tree`, what)
    kernel.replaceFile(`${beside}/notes.json`, `${JSON.stringify(notes)}\n`)
    // A layer of which only the notes are left is none.
    kernel.removeTree(`${layers}/${id}`)
    kernel.rename(beside, `${layers}/${id}`)
  } catch (failure) {
    kernel.removeTree(beside)
    throw failure instanceof ArchiveError ? archiveDiagnostic(failure, what) : failure
  }
}

/** Of what was not unpacked nobody has counted. */
const NO_NOTES: LayerNotes = { version: 1, entries: 0, bytes: 0, devices: 0, opaque: [] }

function notesOf({ entries, bytes, devices, opaque }: Unpacked): LayerNotes {
  return { version: 1, entries, bytes, devices, opaque: [...new Set(opaque)].sort() }
}

/** What is mounted on these must not be led elsewhere. */
function requireSoundTree(kernel: Kernel, tree: string, path: string): void {
  for (const name of ["proc", "sys", "dev"]) {
    const there = kernel.lstat(`${tree}/${name}`)
    if (there !== null && there.type === "link")
      throw imageError("bad-image", `${path}: /${name} is a symbolic link`, {
        detail: "what is mounted on it would be led elsewhere",
        hint: "such an image is broken, or made to harm: it is not used",
      })
  }
}

const WORDS: { readonly [code: string]: readonly [summary: string, hint?: string] } = {
  truncated: ["was cut short", "fetch or make it again"],
  unbegun: ["is no tar archive, or was cut short", "fetch or make it again"],
  checksum: ["is no tar archive, or damaged", "fetch or make it again"],
  malformed: ["is no tar archive, or damaged", "fetch or make it again"],
  escapes: ["has an entry that leads out of it", "such an archive is broken, or made to harm: it is not used"],
  "too-large": ["becomes much larger than an archive of its size may", "a root filesystem is not like that: it is not used"],
  "too-many": [`has more than ${MOST_ENTRIES} entries`],
  "long-path": ["has an entry whose path is longer than the kernel takes"],
  "long-header": ["has an entry with more than a megabyte of attributes"],
  "hard-link": ["has a hard link to what is not in it"],
  "in-place": ["has an entry in the place of a folder that is not empty, or below what is no folder"],
  sparse: ["has a sparse file, in a form that is not read here", "make it without: tar without --sparse"],
  "unknown-type": ["has an entry of an unknown type"],
  compression: ["cannot be decompressed", "plain tar, gzip, xz and zstd are read"],
  window: ["needs more memory to be decompressed than an image may"],
  digest: ["is not what its digest says", "it was changed or damaged: fetch or make it again"],
}

function archiveDiagnostic({ code, entry, message }: ArchiveError, path: string): DiagnosticError {
  // Not even its first entry is whole.
  const known = code === "truncated" && entry === "" ? "unbegun" : code
  const [summary, hint] = WORDS[known] ?? [`cannot be unpacked (${code})`]
  const detail = [entry === "" ? "" : `at ${entry}`, message === code ? "" : message].filter(Boolean).join("\n")
  return imageError("bad-image", `${path} ${summary}`, { ...(detail === "" ? {} : { detail }), ...(hint === undefined ? {} : { hint }) })
}
