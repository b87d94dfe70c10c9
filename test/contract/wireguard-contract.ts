import * as assert from "uvu/assert"
import type { NetRequest, WireGuardPeer } from "../../src/kernel/kernel.ts"
import type { Contract } from "./subject.ts"
import { errnoOf, linkIn, must } from "./subject.ts"

export const wireGuardAdd = (name: string): NetRequest => ({ op: "link-add", name, ns: "host", kind: "wireguard", options: {}, group: 0 })

const key = (fill: number) => new Uint8Array(32).fill(fill)
const publicKey = (fill: number) => Buffer.from(key(fill)).toString("base64")

/** What drivers count on of links of WireGuard, of kernels that have it. */
export const wireGuardContract: Contract = {
  "a link of WireGuard is told keys, a port and peers, each change leaves alone what it does not speak of": ({ kernel }) => {
    must(kernel, [wireGuardAdd("wg")])
    const { index } = linkIn(kernel.dump("host"), "wg")
    const first: WireGuardPeer = {
      publicKey: publicKey(1),
      presharedKey: key(9),
      endpoint: "10.0.0.2:51820",
      allowedIps: ["10.1.0.0/16", "fd01::/64"],
      keepalive: 25,
    }
    const second: WireGuardPeer = { publicKey: publicKey(2), endpoint: "[fd00::2]:7", allowedIps: ["10.2.0.0/16"] }
    const read = () => {
      const { peers, ...rest } = kernel.wireGuard("host", index)
      const sorted = peers.map((peer) => ({ ...peer, allowedIps: [...peer.allowedIps].sort() }))
      return { ...rest, peers: sorted.sort((a, b) => (a.publicKey < b.publicKey ? -1 : 1)) }
    }
    assert.is(kernel.wireGuard("host", "wg").privateKey, undefined)
    // The bits that a private key has anyhow: 248 and 64.
    kernel.setWireGuard("host", index, { privateKey: key(64), listenPort: 5000, peers: [first, second] })
    assert.equal(read(), { privateKey: key(64), listenPort: 5000, peers: [first, second] })
    kernel.setWireGuard("host", "wg", { listenPort: 5001 })
    kernel.setWireGuard("host", "wg", { peers: [{ publicKey: publicKey(1), allowedIps: ["10.2.0.0/16"], keepalive: 0 }] })
    const { keepalive: _, ...left } = first
    const after = {
      privateKey: key(64),
      listenPort: 5001,
      peers: [
        { ...left, allowedIps: ["10.2.0.0/16"] },
        { ...second, allowedIps: [] },
      ],
    }
    assert.equal(read(), after)
    kernel.setWireGuard("host", index, {
      peers: [{ publicKey: publicKey(1), presharedKey: key(0), allowedIps: [] }],
      removed: [publicKey(2), publicKey(3)],
    })
    assert.equal(read().peers, [{ publicKey: publicKey(1), endpoint: "10.0.0.2:51820", allowedIps: [] }])
    must(kernel, [{ op: "link-delete", link: "wg" }])
  },

  "peers by the hundred, and one of a hundred networks, are read whole": ({ kernel }) => {
    must(kernel, [wireGuardAdd("wg")])
    const peers = Array.from({ length: 250 }, (_, i): WireGuardPeer => {
      const bytes = Buffer.alloc(32, 7)
      bytes.writeUInt16LE(i)
      const networks = i === 0 ? 300 : 2
      return {
        publicKey: bytes.toString("base64"),
        endpoint: "10.0.0.2:51820",
        allowedIps: Array.from({ length: networks }, (_, n) => `10.${i}.${n % 256}.${n >> 8}/32`),
      }
    })
    kernel.setWireGuard("host", "wg", { peers })
    const found = new Map(kernel.wireGuard("host", "wg").peers.map((peer) => [peer.publicKey, peer]))
    assert.is(found.size, peers.length)
    for (const peer of peers) assert.equal([...(found.get(peer.publicKey)?.allowedIps ?? [])].sort(), [...peer.allowedIps].sort())
    must(kernel, [{ op: "link-delete", link: "wg" }])
  },

  "a link that is not there, or of another kind, is refused": ({ kernel }) => {
    assert.is(
      errnoOf(() => kernel.wireGuard("host", "none")),
      "ENODEV",
    )
    assert.is(
      errnoOf(() => kernel.setWireGuard("host", "lo", { listenPort: 1 })),
      "EOPNOTSUPP",
    )
  },
}
