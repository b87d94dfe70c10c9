/** The part of the port that is archives: what is read of them whole, and what becomes of them. */
export interface Archives {
  /** What tells a file from what it was, without reading it: device, inode, size and times. Null where there is no such file. */
  fingerprint(path: string): Fingerprint | null
  /** So many bytes of a file from there, fewer at its end; null where it does not exist. */
  readBytes(path: string, offset: number, length: number): Uint8Array | null
  /** sha256 of a file, or a part of it, in hexadecimal digits. */
  sha256(path: string, part?: Part): Promise<string>
  /**
   * Unpacks a tar archive, as it is or in gzip, xz or zstd, into an empty folder, in a process for which that folder is all there is.
   * Throws `ArchiveError` where the archive is at fault, `KernelError` where the kernel refused. The folder may then hold anything.
   */
  unpack(job: UnpackJob): Promise<Unpacked>
  /**
   * Runs one of the host's own programs to its end, with mount and pid namespaces of its own: what it mounts and begins ends with it. Its
   * exit status, and the end of what it has printed.
   */
  runTool(argv: readonly string[], environment: { readonly [name: string]: string }): Promise<{ status: number; output: string }>
  /** Appends what comes to a file, which is made where it is not there (mode 0600). */
  append(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
}

export interface Fingerprint {
  size: number
  text: string
}

/** Bytes of a file. */
export interface Part {
  offset: number
  length: number
}

export interface UnpackJob {
  archive: string
  /** Where the archive is a part of the file. */
  part?: Part
  folder: string
  /** `layer`: `.wh.` names are whiteouts, in overlayfs's form. OCI image-spec, layer.md */
  form: "layer" | "root"
  /** sha256 that the archive as it is, and as a plain tar, must have. */
  expected: { archive?: string; contents?: string }
  bounds: { bytes: number; entries: number }
  /** Told of the bytes of the archive that were read. */
  onProgress?(bytes: number): void
}

export interface Unpacked {
  entries: number
  /** Of files. */
  bytes: number
  /** That were left out. */
  devices: number
  /** Folders through which nothing of lower layers shows. */
  opaque: string[]
}

/** An archive that is not what it should be. */
export class ArchiveError extends Error {
  /** `truncated`, `escapes`, `digest`, … */
  readonly code: string
  /** The entry it is about, or "". */
  readonly entry: string
  constructor(code: string, entry: string, detail = "") {
    super(detail === "" ? code : `${code}: ${detail}`)
    this.code = code
    this.entry = entry
  }
}
