import type { LinkRef, NetNs } from "./kernel.ts"

/** A peer as wg(8) has it. Keys are 32 bytes: public ones in base64, others never as text. */
export interface WireGuardPeer {
  publicKey: string
  /** Absent: there is none. */
  presharedKey?: Uint8Array
  /** `10.0.0.2:51820`, `[fd00::2]:51820`: where packets go; the kernel follows a peer that moves. */
  endpoint?: string
  /** Networks, canonical. */
  allowedIps: string[]
  /** Seconds; absent: off. */
  keepalive?: number
}

export interface WireGuardDevice {
  /** Absent: it has none. */
  privateKey?: Uint8Array
  listenPort: number
  peers: WireGuardPeer[]
}

/** What is set; the rest stays as it is. */
export interface WireGuardChange {
  privateKey?: Uint8Array
  listenPort?: number
  /**
   * Peers by their public keys, made where they are not there: what is said of one is set, and all of its allowed addresses. A preshared key of zeros takes one away, a
   * keepalive of 0 switches it off.
   */
  peers?: readonly WireGuardPeer[]
  /** Public keys. */
  removed?: readonly string[]
}

/** The part of the port that is WireGuard. <linux/wireguard.h> */
export interface WireGuard {
  /** `wg show LINK`, keys and all. */
  wireGuard(ns: NetNs, link: LinkRef): WireGuardDevice
  /** `wg set LINK …` */
  setWireGuard(ns: NetNs, link: LinkRef, change: WireGuardChange): void
}

/** In the words of wg(8); no key but public ones is in them. */
export function wireGuardTwin(link: LinkRef, { privateKey, listenPort, peers = [], removed = [] }: WireGuardChange): string {
  const words = [
    `wg set ${link}`,
    ...(privateKey === undefined ? [] : ["private-key …"]),
    ...(listenPort === undefined ? [] : [`listen-port ${listenPort}`]),
    ...peers.map(({ publicKey }) => `peer ${publicKey} …`),
    ...removed.map((key) => `peer ${key} remove`),
  ]
  return words.join(" ")
}
