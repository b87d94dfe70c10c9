import { parseCidr, parseIp } from "../../../base/ip.ts"
import type { LinkRef, WireGuardChange, WireGuardDevice, WireGuardPeer } from "../../kernel.ts"
import { eachAttribute, readU8, writeNested, writeRaw, writeText, writeU8, writeU32 } from "../attr.ts"
import { NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_INET, AF_INET6 } from "../constants/rtnetlink.ts"
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_CMD_GETFAMILY,
  GENL_ID_CTRL,
  WG_CMD_GET_DEVICE,
  WG_CMD_SET_DEVICE,
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_IPADDR,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_FLAGS,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_F_REMOVE_ME,
  WGPEER_F_REPLACE_ALLOWEDIPS,
} from "../constants/wireguard.ts"
import { u16 } from "../rtnl/codec.ts"
import { familyOf, ipBytes, readIp } from "../rtnl/ip-bytes.ts"
import type { Message, WireWriter } from "../wire.ts"
import { readU16, WireError } from "../wire.ts"

/** `struct genlmsghdr`, behind the message's own header. */
const HEADER = 4
const VERSION = 1
const KEY_BYTES = 32

/** What number this kernel gives the family of that name. */
export function encodeFamilyGet(w: WireWriter, sequence: number, name: string): void {
  generic(w, GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, sequence, CTRL_CMD_GETFAMILY, () => writeText(w, CTRL_ATTR_FAMILY_NAME, name))
}

export function readFamily({ bytes, start, end }: Message): number | undefined {
  let family: number | undefined
  eachAttribute(bytes, start + HEADER, end, (type, from) => {
    if (type === CTRL_ATTR_FAMILY_ID) family = readU16(bytes, from)
  })
  return family
}

/** `wg show LINK`. The acknowledgement that is asked for is the end of the dump. */
export function encodeDeviceGet(w: WireWriter, family: number, sequence: number, link: LinkRef): void {
  generic(w, family, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP, sequence, WG_CMD_GET_DEVICE, () => writeLink(w, link))
}

/** `wg set LINK …`: one message for these peers. */
export function encodeDeviceSet(w: WireWriter, family: number, sequence: number, link: LinkRef, change: WireGuardChange): void {
  const { privateKey, listenPort, peers = [], removed = [] } = change
  generic(w, family, NLM_F_REQUEST | NLM_F_ACK, sequence, WG_CMD_SET_DEVICE, () => {
    writeLink(w, link)
    if (privateKey !== undefined) writeKey(w, WGDEVICE_A_PRIVATE_KEY, privateKey)
    if (listenPort !== undefined) u16.write(w, WGDEVICE_A_LISTEN_PORT, listenPort)
    if (peers.length + removed.length === 0) return
    writeNested(w, WGDEVICE_A_PEERS | NLA_F_NESTED, () => {
      for (const key of removed) writeItem(w, () => writePeerHead(w, key, WGPEER_F_REMOVE_ME))
      for (const peer of peers) writeItem(w, () => writePeer(w, peer))
    })
  })
}

function generic(w: WireWriter, family: number, flags: number, sequence: number, command: number, body: () => void): void {
  w.message(family, flags, sequence, () => {
    w.u8(command)
    w.u8(VERSION)
    w.u16(0)
    body()
  })
}

function writeLink(w: WireWriter, link: LinkRef): void {
  if (typeof link === "number") writeU32(w, WGDEVICE_A_IFINDEX, link)
  else writeText(w, WGDEVICE_A_IFNAME, link)
}

/** An item of a list has no type of its own. */
function writeItem(w: WireWriter, body: () => void): void {
  writeNested(w, NLA_F_NESTED, body)
}

function writeKey(w: WireWriter, type: number, key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new WireError(`a key of ${key.length} bytes`)
  writeRaw(w, type, key)
}

function writePeerHead(w: WireWriter, publicKey: string, flags: number): void {
  writeKey(w, WGPEER_A_PUBLIC_KEY, Buffer.from(publicKey, "base64"))
  writeU32(w, WGPEER_A_FLAGS, flags)
}

function writePeer(w: WireWriter, { publicKey, presharedKey, endpoint, keepalive, allowedIps }: WireGuardPeer): void {
  writePeerHead(w, publicKey, WGPEER_F_REPLACE_ALLOWEDIPS)
  if (presharedKey !== undefined) writeKey(w, WGPEER_A_PRESHARED_KEY, presharedKey)
  if (endpoint !== undefined) writeRaw(w, WGPEER_A_ENDPOINT, endpointBytes(endpoint))
  if (keepalive !== undefined) u16.write(w, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, keepalive)
  writeNested(w, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED, () => {
    for (const network of allowedIps) writeItem(w, () => writeAllowed(w, network))
  })
}

function writeAllowed(w: WireWriter, network: string): void {
  const cidr = parseCidr(network)
  if (cidr === undefined) throw new WireError(`"${network}" is no network`)
  u16.write(w, WGALLOWEDIP_A_FAMILY, familyOf(cidr))
  writeRaw(w, WGALLOWEDIP_A_IPADDR, ipBytes(cidr))
  writeU8(w, WGALLOWEDIP_A_CIDR_MASK, cidr.prefix)
}

/** `struct sockaddr_in`, `struct sockaddr_in6`: ip(7), ipv6(7) */
function endpointBytes(endpoint: string): Uint8Array {
  const [, host = "", port = ""] = /^\[?([^\]]+)\]?:(\d+)$/.exec(endpoint) ?? []
  const ip = parseIp(host)
  if (ip === undefined || Number(port) > 0xffff) throw new WireError(`"${endpoint}" is no endpoint`)
  const bytes = Buffer.alloc(ip.family === 4 ? 16 : 28)
  bytes.writeUInt16LE(familyOf(ip), 0)
  bytes.writeUInt16BE(Number(port), 2)
  bytes.set(ipBytes(ip), ip.family === 4 ? 4 : 8)
  return bytes
}

/** What one message of a dump tells: a peer with many addresses goes on in the next one. */
export function readDevice(device: WireGuardDevice, { bytes, start, end }: Message): void {
  eachAttribute(bytes, start + HEADER, end, (type, from, to) => {
    if (type === WGDEVICE_A_PRIVATE_KEY) Object.assign(device, keyed("privateKey", bytes, from, to))
    else if (type === WGDEVICE_A_LISTEN_PORT) device.listenPort = readU16(bytes, from)
    else if (type === WGDEVICE_A_PEERS) eachAttribute(bytes, from, to, (_, first, last) => readPeer(device, bytes, first, last))
  })
}

function readPeer(device: WireGuardDevice, bytes: Buffer, start: number, end: number): void {
  const peer: WireGuardPeer = { publicKey: "", allowedIps: [] }
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === WGPEER_A_PUBLIC_KEY) peer.publicKey = bytes.toString("base64", from, to)
    else if (type === WGPEER_A_PRESHARED_KEY) Object.assign(peer, keyed("presharedKey", bytes, from, to))
    else if (type === WGPEER_A_ENDPOINT) peer.endpoint = endpointIn(bytes, from, to)
    else if (type === WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL && readU16(bytes, from) !== 0) peer.keepalive = readU16(bytes, from)
    else if (type === WGPEER_A_ALLOWEDIPS)
      eachAttribute(bytes, from, to, (_, first, last) => peer.allowedIps.push(readAllowed(bytes, first, last)))
  })
  const before = device.peers.at(-1)
  if (before?.publicKey === peer.publicKey) before.allowedIps.push(...peer.allowedIps)
  else device.peers.push(peer)
}

/** Zeros are none. A copy, as what was received is written over. */
function keyed(name: string, bytes: Buffer, from: number, to: number): { [name: string]: Uint8Array } {
  const key = Uint8Array.from(bytes.subarray(from, to))
  return key.every((byte) => byte === 0) ? {} : { [name]: key }
}

function endpointIn(bytes: Buffer, from: number, to: number): string {
  const family = readU16(bytes, from)
  const port = bytes.readUInt16BE(from + 2)
  if (family === AF_INET) return `${readIp(bytes, from + 4, from + 8, AF_INET)}:${port}`
  if (family !== AF_INET6 || to - from < 24) throw new WireError(`an endpoint of family ${family}`)
  return `[${readIp(bytes, from + 8, from + 24, AF_INET6)}]:${port}`
}

function readAllowed(bytes: Buffer, start: number, end: number): string {
  let [ip, prefix] = ["", 0]
  eachAttribute(bytes, start, end, (type, from, to) => {
    if (type === WGALLOWEDIP_A_IPADDR) ip = readIp(bytes, from, to, to - from === 4 ? AF_INET : AF_INET6)
    else if (type === WGALLOWEDIP_A_CIDR_MASK) prefix = readU8(bytes, from, to)
  })
  return `${ip}/${prefix}`
}
