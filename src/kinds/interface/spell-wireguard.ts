import type { SpeltMap } from "../../model/spelt.ts"
import { oneOrList, withoutAbsent } from "../../model/spelt.ts"
import type { WireGuardSpec } from "./spec-wireguard.ts"

/** A link of WireGuard as a person would write it. Whence its keys came nobody knows any more: without a word of them, they stay as they are. */
export function spellWireGuard({ listen_port, peers }: WireGuardSpec): SpeltMap {
  const all = Object.entries(peers).map(([public_key, { endpoint, allowed_ips, keepalive }]) =>
    withoutAbsent({ public_key, endpoint, allowed_ips: oneOrList(allowed_ips), keepalive }),
  )
  return withoutAbsent({ listen_port, peers: all.length === 0 ? undefined : all })
}
