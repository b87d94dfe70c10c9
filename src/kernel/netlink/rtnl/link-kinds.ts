import type { LinkOptions } from "../../kernel.ts"
import { eachAttribute, readU32, writeRaw, writeU32 } from "../attr.ts"
import {
  IFLA_IPVLAN_MODE,
  IFLA_MACVLAN_MODE,
  IFLA_VLAN_ID,
  IFLA_VXLAN_GROUP,
  IFLA_VXLAN_ID,
  IFLA_VXLAN_LINK,
  IFLA_VXLAN_LOCAL,
  IFLA_VXLAN_PORT,
} from "../constants/if-kinds.ts"
import { IFLA_LINK } from "../constants/if-link.ts"
import { AF_INET } from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { WireError } from "../wire.ts"
import { ipBytes, ipOf, readIp } from "./ip-bytes.ts"

type Option = string | number

/** How the value of an option stands in its attribute. */
interface Codec {
  write(w: WireWriter, type: number, value: Option): void
  /** Undefined: not set, or what only another option of the same attribute says. */
  read(bytes: Buffer, from: number, to: number): Option | undefined
}

interface LinkKind {
  /** Where the message names the link it lies on; absent: on none. */
  parent?: "link" | { attribute: number }
  options: { readonly [option: string]: readonly [attribute: number, codec: Codec] }
}

/** In the host's order of bytes. */
const u32: Codec = { write: (w, type, value) => writeU32(w, type, Number(value)), read: readU32 }
const u16: Codec = {
  write: (w, type, value) => writeRaw(w, type, Uint8Array.of(Number(value) & 255, Number(value) >> 8)),
  read: (bytes, from, to) => need(bytes, from, to, 2).readUInt16LE(from),
}
/** In the network's order of bytes. */
const be16: Codec = {
  write: (w, type, value) => writeRaw(w, type, Uint8Array.of(Number(value) >> 8, Number(value) & 255)),
  read: (bytes, from, to) => need(bytes, from, to, 2).readUInt16BE(from),
}

function need(bytes: Buffer, from: number, to: number, size: number): Buffer {
  if (to - from < size) throw new WireError(`a value of ${to - from} bytes, where ${size} were expected`)
  return bytes
}

/** A number that has a word. One without a word that this program knows is told as it is. */
function words(codec: Codec, numbers: { readonly [word: string]: number }): Codec {
  const names = new Map(Object.entries(numbers).map(([word, number]) => [number, word]))
  return {
    write: (w, type, value) => codec.write(w, type, numbers[value] ?? Number(value)),
    read: (bytes, from, to) => {
      const number = codec.read(bytes, from, to)
      return names.get(number as number) ?? number
    },
  }
}

/** An IPv4 address; `is` says which of those that the attribute may hold are meant. */
function ipv4(is: (text: string) => boolean): Codec {
  return {
    write: (w, type, value) => writeRaw(w, type, ipBytes(ipOf(String(value), 4))),
    read: (bytes, from, to) => {
      const text = readIp(bytes, from, to, AF_INET)
      return is(text) ? text : undefined
    },
  }
}

const isSet = (text: string) => text !== "0.0.0.0"
/** 224.0.0.0/4. RFC 5771 */
const isGroup = (text: string) => Number(text.split(".")[0]) >> 4 === 14

/** The kinds of links with one end: what each is made of. ip-link(8) has the words, linux/if_link.h the numbers. */
const KINDS: { readonly [kind: string]: LinkKind } = {
  dummy: { options: {} },
  macvlan: {
    parent: "link",
    options: { mode: [IFLA_MACVLAN_MODE, words(u32, { private: 1, vepa: 2, bridge: 4, passthru: 8, source: 16 })] },
  },
  ipvlan: { parent: "link", options: { mode: [IFLA_IPVLAN_MODE, words(u16, { l2: 0, l3: 1, l3s: 2 })] } },
  vlan: { parent: "link", options: { id: [IFLA_VLAN_ID, u16] } },
  vxlan: {
    parent: { attribute: IFLA_VXLAN_LINK },
    options: {
      id: [IFLA_VXLAN_ID, u32],
      remote: [IFLA_VXLAN_GROUP, ipv4((text) => isSet(text) && !isGroup(text))],
      group: [IFLA_VXLAN_GROUP, ipv4(isGroup)],
      local: [IFLA_VXLAN_LOCAL, ipv4(isSet)],
      port: [IFLA_VXLAN_PORT, be16],
    },
  },
}

export function isOneEnded(kind: string): boolean {
  return Object.hasOwn(KINDS, kind)
}

/** True where IFLA_LINK is what a link lies on; others put their own number there, where they speak through another namespace. */
export function isOnIflaLink(kind: string): boolean {
  return isOneEnded(kind) && KINDS[kind]?.parent === "link"
}

function kindOf(kind: string): LinkKind {
  const found = isOneEnded(kind) ? KINDS[kind] : undefined
  if (found === undefined) throw new WireError(`a link of kind "${kind}" cannot be written`)
  return found
}

/** IFLA_LINK of a link that lies on another, where its kind says so in that place. */
export function writeParent(w: WireWriter, kind: string, parent: number): void {
  if (kindOf(kind).parent === "link") writeU32(w, IFLA_LINK, parent)
}

/** What stands in IFLA_INFO_DATA of a link that is made. */
export function writeOptions(w: WireWriter, kind: string, options: LinkOptions, parent: number | undefined): void {
  const { parent: place, options: known } = kindOf(kind)
  if (typeof place === "object" && parent !== undefined) writeU32(w, place.attribute, parent)
  for (const [name, value] of Object.entries(options)) {
    const option = Object.hasOwn(known, name) ? known[name] : undefined
    if (option === undefined) throw new WireError(`a link of kind "${kind}" has no option "${name}"`)
    option[1].write(w, option[0], value)
  }
}

/** The options in IFLA_INFO_DATA of a link, and the number of the link it lies on where that stands among them. */
export function readOptions(kind: string, bytes: Buffer, start: number, end: number): { options: LinkOptions; parent?: number } {
  const { parent: place, options: known } = kindOf(kind)
  const options: { [name: string]: Option } = {}
  let parent: number | undefined
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (typeof place === "object" && type === place.attribute) parent = readU32(bytes, from, to)
    for (const [name, [attribute, codec]] of Object.entries(known)) {
      const value = attribute === type ? codec.read(bytes, from, to) : undefined
      if (value !== undefined) options[name] = value
    }
  })
  return { options, ...(parent === undefined ? {} : { parent }) }
}
