import { canonicalIp, formatCidr, networkOf, parseCidr, parseIp } from "../../base/ip.ts"
import type { Entry, Path } from "../../model/entry.ts"
import { items } from "../link/expand-link.ts"
import type { KeySpec, WireGuardPeerSpec, WireGuardSpec } from "./spec-wireguard.ts"
import { parseWireGuardKey } from "./spec-wireguard.ts"

/** A link of WireGuard as the file writes it. */
export interface WireGuardEntry {
  private_key?: string
  listen_port?: number
  peers?: WireGuardPeerEntry[]
}

interface WireGuardPeerEntry {
  public_key?: string
  endpoint?: string
  allowed_ips?: string | string[]
  keepalive?: number
  preshared_key?: string
}

/** Canonical; what is mistaken is reported and left out. */
export function expandWireGuard({ private_key, listen_port, peers = [] }: WireGuardEntry, entry: Entry): WireGuardSpec {
  const key = keyOf(entry, ["wireguard", "private_key"], private_key)
  const found: WireGuardSpec["peers"] = {}
  const taken = new Map<string, number>()
  for (const [i, peer] of peers.entries()) {
    const path = ["wireguard", "peers", i]
    const publicKey = publicKeyOf(entry, [...path, "public_key"], peer.public_key)
    const spec = peerOf(peer, entry, path, (network) => claim(taken, network, i))
    if (publicKey === undefined) continue
    if (Object.hasOwn(found, publicKey))
      entry.report([...path, "public_key"], "duplicate-peer", `peer ${publicKey} stands twice`, { hint: "make one of the two" })
    found[publicKey] = spec
  }
  return {
    ...(key === undefined ? {} : { private_key: key }),
    ...(listen_port === undefined ? {} : { listen_port }),
    peers: Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Who else has said that a network is its. */
function claim(taken: Map<string, number>, network: string, peer: number): number | undefined {
  const other = taken.get(network)
  if (other === undefined) taken.set(network, peer)
  return other
}

function peerOf(peer: WireGuardPeerEntry, entry: Entry, path: Path, claimed: (network: string) => number | undefined): WireGuardPeerSpec {
  const endpoint = endpointOf(entry, [...path, "endpoint"], peer.endpoint)
  const preshared = keyOf(entry, [...path, "preshared_key"], peer.preshared_key)
  const { keepalive = 0 } = peer
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    allowed_ips: allowedOf(entry, [...path, "allowed_ips"], peer.allowed_ips, claimed),
    ...(keepalive === 0 ? {} : { keepalive }),
    ...(preshared === undefined ? {} : { preshared_key: preshared }),
  }
}

/** A secret of the stack file: what is in it is looked at where it is needed, and kept nowhere. */
function keyOf(entry: Entry, path: Path, name: string | undefined): KeySpec | undefined {
  if (name === undefined) return undefined
  if (parseWireGuardKey(name) !== undefined) {
    entry.report(path, "key-in-file", "a key itself stands here, for all to read", {
      hint: "put it into a file, name that in `secrets:`, and write the secret's name here",
    })
    return undefined
  }
  const source = entry.source("secret", name, path)
  return source === undefined ? undefined : { name, ...source, content: "current" }
}

function publicKeyOf(entry: Entry, path: Path, text: string | undefined): string | undefined {
  if (text === undefined || parseWireGuardKey(text) !== undefined) return text?.trim()
  entry.report(path, "bad-key", `\`${text}\` is no key of WireGuard`, {
    hint: "write what `wg pubkey` says: 32 bytes in base64, 44 characters, the last of them `=`",
  })
  return undefined
}

const LAST_PORT = 65_535

function endpointOf(entry: Entry, path: Path, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? []
  const ip = canonicalIp(six ?? four ?? "")
  const port = Number(digits)
  if (ip !== undefined && ip.includes(":") === (six !== undefined) && port > 0 && port <= LAST_PORT)
    return six === undefined ? `${ip}:${port}` : `[${ip}]:${port}`
  const summary =
    ip !== undefined && digits !== undefined
      ? `\`${text}\` has no port from 1 to ${LAST_PORT}`
      : `\`${text}\` is not an IP address and a port`
  entry.report(path, "bad-endpoint", summary, { hint: "write an endpoint such as 192.0.2.1:51820 or [2001:db8::1]:51820" })
  return undefined
}

/** Each network is one peer's: the kernel would take it from the first. */
function allowedOf(
  entry: Entry,
  path: Path,
  value: string | string[] | undefined,
  claimed: (network: string) => number | undefined,
): string[] {
  const found: string[] = []
  for (const { path: at, value: text } of items(path, value)) {
    const ip = parseIp(text)
    const cidr = ip === undefined ? parseCidr(text) : { ...ip, prefix: ip.family === 4 ? 32 : 128 }
    if (cidr === undefined) {
      entry.report(at, "bad-address", `\`${text}\` is not a network`, { hint: "write a network such as 10.9.0.0/16, or an address" })
      continue
    }
    const network = formatCidr(networkOf(cidr))
    if (claimed(network) === undefined) found.push(network)
    else
      entry.report(at, "duplicate-address", `${network} is allowed twice: a packet goes to one peer`, {
        hint: "take it out of one of the two",
      })
  }
  return found.sort()
}
