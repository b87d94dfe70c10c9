import type { Part } from "../kernel/archives.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { imageError } from "./found.ts"

const BLOCK = 512
/** A docker archive has three or four for each layer. */
const MOST = 20_000

/** Where each file of a tar archive that is not compressed lies in it; a symbolic link stands for what it points to. pax(1) */
export function tarMembers(kernel: Pick<Kernel, "readBytes">, path: string): Map<string, Part> {
  const members = new Map<string, Part>()
  const links: [name: string, target: string][] = []
  let [at, named] = [0, ""]
  for (let count = 0; ; count++) {
    if (count > MOST) throw imageError("bad-image", `${path} has more than ${MOST} entries`)
    const header = Buffer.from(kernel.readBytes(path, at, BLOCK) ?? [])
    if (header.length === 0 || header.every((byte) => byte === 0)) break
    if (header.length < BLOCK || !isSound(header))
      throw imageError("bad-image", `${path} is no tar archive, or was cut short`, { detail: `at byte ${at}` })
    const size = sizeOf(header, path)
    const type = String.fromCharCode(header[156] ?? 0)
    const name = named === "" ? nameOf(header) : named
    const offset = at + BLOCK
    if (type === "L") named = text(Buffer.from(kernel.readBytes(path, offset, Math.min(size, 4096)) ?? []))
    else if (type === "x") named = paxPath(Buffer.from(kernel.readBytes(path, offset, Math.min(size, 65_536)) ?? []))
    else {
      if (type === "0" || type === "\0") members.set(name, { offset, length: size })
      if (type === "2") links.push([name, text(header.subarray(157, 257))])
      named = ""
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK
  }
  for (const [name, target] of links) {
    const part = members.get(beside(name, target))
    if (part !== undefined) members.set(name, part)
  }
  return members
}

function isSound(header: Buffer): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
  return sum === Number.parseInt(text(header.subarray(148, 156)).trim(), 8)
}

function sizeOf(header: Buffer, path: string): number {
  const field = header.subarray(124, 136)
  const size = ((field[0] ?? 0) & 0x80) === 0 ? Number.parseInt(text(field).trim() || "0", 8) : Number(field.readBigUInt64BE(4))
  if (!Number.isSafeInteger(size) || size < 0) throw imageError("bad-image", `${path} has an entry without a size`)
  return size
}

function nameOf(header: Buffer): string {
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? text(header.subarray(345, 500)) : ""
  const name = text(header.subarray(0, 100))
  return prefix === "" ? name : `${prefix}/${name}`
}

function paxPath(records: Buffer): string {
  return /^\d+ path=(.*)$/m.exec(records.toString("utf8"))?.[1] ?? ""
}

function text(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString("utf8", 0, end < 0 ? field.length : end)
}

/** `../ID/layer.tar` as seen from `OTHER/layer.tar`. */
function beside(name: string, target: string): string {
  const parts = name.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "" && part !== ".") parts.push(part)
  }
  return parts.join("/")
}
