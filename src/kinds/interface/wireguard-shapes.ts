import type { Shape } from "../../base/shape.ts"
import { listOf, mapOf, oneOf, record, text, textLike, whole } from "../../base/shape.ts"
import { parseWireGuardKey } from "./spec-wireguard.ts"

const ENDPOINT = /^(\[[0-9a-f:.]+\]|[\d.]+):\d{1,5}$/

/** What a plan holds of a link of WireGuard. */
export function wireGuardShape({ network, path }: { network: Shape; path: Shape }): Shape {
  const key = record({ content: oneOf("current", "another") }, { name: text("name of a secret"), file: path, environment: text() })
  const peer = record(
    { allowed_ips: listOf(network) },
    { endpoint: textLike(ENDPOINT, "endpoint"), keepalive: whole(1, 65_535), preshared_key: key },
  )
  const publicKey = text("key of WireGuard", (word) => parseWireGuardKey(word) !== undefined)
  return record({ peers: mapOf(publicKey, peer) }, { private_key: key, listen_port: whole(1, 65_535) })
}
