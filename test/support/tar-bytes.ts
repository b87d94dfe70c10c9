/** One entry of an archive that a test makes byte by byte, so that it may be as wrong as it likes. */
export interface TarEntry {
  name: string
  /** `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder, `6` FIFO, `x` extended header, … */
  type?: string
  link?: string
  body?: string | Uint8Array
  mode?: number
  uid?: number
  gid?: number
  mtime?: number
  /** What the header says, whatever the body has. */
  size?: number
  magic?: string
}

const BLOCK = 512

/** ustar. pax(1) */
export function tarBytes(entries: readonly TarEntry[], end = true): Buffer {
  const blocks = entries.flatMap((entry) => {
    const body = Buffer.from(entry.body ?? "")
    return [header(entry, body.length), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(end ? 2 * BLOCK : 0)])
}

function header(
  { name, type = "0", link = "", mode = 0o644, uid = 0, gid = 0, mtime = 0, size, magic = "ustar\x0000" }: TarEntry,
  length: number,
): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  const put = (at: number, text: string) => bytes.write(text, at, "latin1")
  const octal = (at: number, value: number, digits: number) => put(at, value.toString(8).padStart(digits, "0"))
  bytes.write(name, 0, 100, "utf8")
  octal(100, mode, 7)
  octal(108, uid, 7)
  octal(116, gid, 7)
  octal(124, size ?? length, 11)
  octal(136, mtime, 11)
  put(148, "        ")
  put(156, type)
  bytes.write(link, 157, 100, "utf8")
  put(257, magic)
  octal(
    148,
    bytes.reduce((sum, byte) => sum + byte, 0),
    6,
  )
  bytes[154] = 0
  return bytes
}

/** A pax extended header for the entry behind it: `LENGTH NAME=VALUE\n`. */
export function paxEntry(records: { readonly [name: string]: string }): TarEntry {
  const body = Object.entries(records).map(([name, value]) => {
    const rest = ` ${name}=${value}\n`
    let length = Buffer.byteLength(rest)
    for (let digits = 0; digits !== String(length).length; ) {
      digits = String(length).length
      length = Buffer.byteLength(rest) + digits
    }
    return `${length}${rest}`
  })
  return { name: "pax", type: "x", body: body.join("") }
}
