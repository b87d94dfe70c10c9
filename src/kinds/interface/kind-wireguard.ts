import type { Attributes, Value } from "../../model/resource.ts"
import type { WireGuardPeerSpec, WireGuardSpec } from "./spec-wireguard.ts"

/** What of a link of WireGuard is found otherwise than the file says it; nothing of what it does not say: the kernel, or a program inside, has its way. */
export const WIREGUARD_RULES = [
  "private_key.content",
  "listen_port",
  ...["endpoint", "allowed_ips", "keepalive", "preshared_key.content"].map((field) => `peers.*.${field}`),
].map((field) => ({ path: `wireguard.${field}`, change: "update" as const }))

export function withoutUnsaid(desired: Attributes, observed: Attributes): Attributes {
  if (desired.wireguard === undefined || observed.wireguard === undefined) return observed
  const want = desired.wireguard as unknown as WireGuardSpec
  const { private_key, listen_port, peers } = observed.wireguard as unknown as WireGuardSpec
  const wireguard = {
    ...(want.private_key === undefined || private_key === undefined ? {} : { private_key }),
    ...(want.listen_port === undefined || listen_port === undefined ? {} : { listen_port }),
    peers: Object.fromEntries(Object.entries(peers).map(([key, peer]) => [key, peerAsSaid(want.peers[key], peer)])),
  }
  return { ...observed, wireguard: wireguard as unknown as Value }
}

function peerAsSaid(want: WireGuardPeerSpec | undefined, { endpoint, ...peer }: WireGuardPeerSpec): WireGuardPeerSpec {
  return endpoint === undefined || (want !== undefined && want.endpoint === undefined) ? peer : { endpoint, ...peer }
}
