import type { LinkRef, WireGuardChange, WireGuardDevice, WireGuardPeer } from "../../../src/kernel/kernel.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"
import type { NetLink } from "./network.ts"

function linkOf(call: NetCall, ref: LinkRef): NetLink {
  const link = findLink(call, ref)
  return link.kind === "wireguard" ? link : call.refuse("EOPNOTSUPP")
}

/** One that is new has a port of the kernel's choice once it is up: here from the beginning. */
export function wireGuard(call: NetCall, ref: LinkRef): WireGuardDevice {
  const link = linkOf(call, ref)
  return structuredClone(link.wireGuard ?? { listenPort: 50_000 + link.index, peers: [] })
}

export function setWireGuard(call: NetCall, ref: LinkRef, { privateKey, listenPort, peers = [], removed = [] }: WireGuardChange): void {
  const device = wireGuard(call, ref)
  if (privateKey !== undefined) device.privateKey = privateKey
  if (listenPort !== undefined) device.listenPort = listenPort
  device.peers = device.peers.filter(({ publicKey }) => !removed.includes(publicKey))
  for (const peer of peers) setPeer(device, peer)
  linkOf(call, ref).wireGuard = device
}

/** What one may be sent to, another is not any more. */
function setPeer(device: WireGuardDevice, { allowedIps, ...said }: WireGuardPeer): void {
  for (const other of device.peers) other.allowedIps = other.allowedIps.filter((network) => !allowedIps.includes(network))
  const before = device.peers.find(({ publicKey }) => publicKey === said.publicKey)
  const after: WireGuardPeer = { ...before, ...said, allowedIps: [...allowedIps] }
  if (after.keepalive === 0) delete after.keepalive
  if (after.presharedKey?.every((byte) => byte === 0)) delete after.presharedKey
  device.peers = [...device.peers.filter((peer) => peer !== before), after]
}
