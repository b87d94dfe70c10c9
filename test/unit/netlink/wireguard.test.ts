import { test } from "uvu"
import * as assert from "uvu/assert"
import type { WireGuardDevice } from "../../../src/kernel/kernel.ts"
import { encodeDeviceGet, encodeDeviceSet, encodeFamilyGet, readDevice, readFamily } from "../../../src/kernel/netlink/genl/wireguard.ts"
import { WireError, WireWriter } from "../../../src/kernel/netlink/wire.ts"
import { wireGuardTwin } from "../../../src/kernel/wireguard.ts"
import { hex, lines, messagesIn } from "./bytes.ts"

const written = (encode: (w: WireWriter) => void) => {
  const w = new WireWriter(4096)
  encode(w)
  return Buffer.from(w.written())
}

const same = (encode: (w: WireWriter) => void, expected: string) => assert.is(lines(written(encode)), lines(hex(expected)))

const ONES = "01".repeat(32)
const publicKey = Buffer.from(ONES, "hex").toString("base64")

test("the number of the family is asked for by its name, and read", () => {
  same(
    (w) => encodeFamilyGet(w, 1, "wireguard"),
    `24000000 1000 0500 01000000 00000000        # GENL_ID_CTRL
     03 01 0000                                  # CTRL_CMD_GETFAMILY
     0e00 0200 776972656775617264 00 0000`,
  )
  const [answer] = messagesIn(
    hex("2c000000 1000 0000 01000000 00000000 01 02 0000 0e00 0200 776972656775617264 00 0000 0600 0100 1f00 0000"),
  )
  assert.is(answer && readFamily(answer), 0x1f)
})

test("a device is asked for by its number or its name", () => {
  same((w) => encodeDeviceGet(w, 0x1f, 1, 7), "1c000000 1f00 0503 01000000 00000000 00 01 0000 0800 0100 07000000")
  same((w) => encodeDeviceGet(w, 0x1f, 1, "wg0"), "1c000000 1f00 0503 01000000 00000000 00 01 0000 0800 0200 77673000")
})

const PEER = {
  publicKey,
  presharedKey: Buffer.from("03".repeat(32), "hex"),
  endpoint: "10.0.0.2:51820",
  allowedIps: ["10.9.0.0/16", "fd09::/64"],
  keepalive: 25,
}

test("a device is set with its key, its port, peers that go and peers that come", () => {
  const key = Buffer.from("02".repeat(32), "hex")
  const change = {
    privateKey: key,
    listenPort: 51820,
    removed: [publicKey],
    peers: [PEER, { publicKey, endpoint: "[fd00::2]:7", allowedIps: [] }],
  }
  same(
    (w) => encodeDeviceSet(w, 0x1f, 1, 7, change),
    `88010000 1f00 0500 01000000 00000000 01 01 0000
     0800 0100 07000000
     2400 0300 ${"02".repeat(32)}
     0600 0600 6cca 0000
     4001 0880                                     # WGDEVICE_A_PEERS, nested
       3000 0080 2400 0100 ${ONES} 0800 0300 01000000   # REMOVE_ME
       b800 0080 2400 0100 ${ONES} 0800 0300 02000000   # REPLACE_ALLOWEDIPS
         2400 0200 ${"03".repeat(32)}
         1400 0400 0200 ca6c 0a000002 0000000000000000
         0600 0500 1900 0000
         4800 0980
           1c00 0080 0600 0100 0200 0000 0800 0200 0a090000 0500 0300 10 000000
           2800 0080 0600 0100 0a00 0000 1400 0200 fd090000000000000000000000000000 0500 0300 40 000000
       5400 0080 2400 0100 ${ONES} 0800 0300 02000000
         2000 0400 0a00 0007 00000000 fd000000000000000000000000000002 00000000
         0400 0980`,
  )
})

test("what was set reads back, a peer that two messages tell of is one, zeros are no key", () => {
  const device: WireGuardDevice = { listenPort: 0, peers: [] }
  const tell = (change: Parameters<typeof encodeDeviceSet>[4]) => {
    for (const message of messagesIn(written((w) => encodeDeviceSet(w, 0x1f, 1, 7, change)))) readDevice(device, message)
  }
  tell({ privateKey: new Uint8Array(32), listenPort: 9, peers: [PEER] })
  tell({ peers: [{ publicKey, allowedIps: ["10.8.0.0/16"] }] })
  const all = { ...PEER, presharedKey: Uint8Array.from(PEER.presharedKey), allowedIps: [...PEER.allowedIps, "10.8.0.0/16"] }
  assert.equal(device, { listenPort: 9, peers: [all] })
})

test("keys and places that are none are refused, and no words of a request hold a secret", () => {
  const refused = (change: Parameters<typeof encodeDeviceSet>[4]) =>
    assert.throws(
      () => written((w) => encodeDeviceSet(w, 1, 1, 7, change)),
      (e: unknown) => e instanceof WireError,
    )
  refused({ privateKey: new Uint8Array(31) })
  refused({ peers: [{ publicKey: "abc=", allowedIps: [] }] })
  refused({ peers: [{ publicKey, endpoint: "host:1", allowedIps: [] }] })
  refused({ peers: [{ publicKey, endpoint: "10.0.0.1:70000", allowedIps: [] }] })
  refused({ peers: [{ publicKey, allowedIps: ["10.0.0.1"] }] })
  const twin = wireGuardTwin("wg0", { privateKey: Buffer.from("02".repeat(32), "hex"), listenPort: 9, peers: [PEER], removed: [publicKey] })
  assert.is(twin, `wg set wg0 private-key … listen-port 9 peer ${publicKey} … peer ${publicKey} remove`)
})

test.run()
