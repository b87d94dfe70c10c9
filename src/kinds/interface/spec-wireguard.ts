import type { GivenSource } from "../container/spec-given.ts"

/** What a link of WireGuard is told beside its name. Keys that are no public ones are never in here: only where they come from. wg(8) */
export interface WireGuardSpec {
  /** Absent: whatever it has. */
  private_key?: KeySpec
  /** UDP port; absent: of the kernel's choice. */
  listen_port?: number
  /** By their public keys, in base64. */
  peers: { [publicKey: string]: WireGuardPeerSpec }
}

export interface WireGuardPeerSpec {
  /** `10.0.0.2:51820`, `[fd00::2]:51820`; absent: where it says that it is. */
  endpoint?: string
  /** Networks, canonical and sorted. */
  allowed_ips: string[]
  /** Seconds; absent: off. */
  keepalive?: number
  preshared_key?: KeySpec
}

export interface KeySpec extends GivenSource {
  /** What `secrets:` calls it; absent where it is only known that there is one. */
  name?: string
  /** Whether it is the one that its source holds. */
  content: "current" | "another"
}

/** Where the keys of a link come from. */
export function wireGuardKeys({ private_key, peers }: WireGuardSpec): KeySpec[] {
  return [private_key, ...Object.values(peers).map((peer) => peer.preshared_key)].filter((key) => key !== undefined)
}

const KEY_BYTES = 32

/** A key as wg(8) writes it: 32 bytes in base64, whatever blanks there are about; undefined for anything else. */
export function parseWireGuardKey(text: string): Uint8Array | undefined {
  const word = text.trim()
  if (!/^[A-Za-z0-9+/]{43}=$/.test(word)) return undefined
  const bytes = Uint8Array.from(atob(word), (character) => character.charCodeAt(0))
  return bytes.length === KEY_BYTES ? bytes : undefined
}
