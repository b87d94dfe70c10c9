import { errnoName } from "../../errno.ts"
import type { LinkRef, NetNs, WireGuardChange, WireGuardDevice } from "../../kernel.ts"
import { KernelError } from "../../kernel.ts"
import type { WireGuard } from "../../wireguard.ts"
import { wireGuardTwin } from "../../wireguard.ts"
import { readAnswer } from "../answer.ts"
import type { NetlinkCalls } from "../conn.ts"
import { TIMEOUT_MS } from "../conn.ts"
import { NLM_F_DUMP_INTR } from "../constants/netlink.ts"
import type { Message } from "../wire.ts"
import { eachMessage, WireWriter } from "../wire.ts"
import { encodeDeviceGet, encodeDeviceSet, encodeFamilyGet, readDevice, readFamily } from "./wireguard.ts"

const FAMILY = "wireguard"
const RECEIVE_BUFFER = 1 << 20
/** A peer with all that there is of it takes some two hundred bytes, and twenty-eight more for each allowed network. */
const LARGEST_REQUEST = 64 * 1024
const PEERS_AT_ONCE = 100
const READINGS = 8

/** WireGuard by generic netlink, genetlink(7): by a socket that lasts one use, in the namespace that the link is in. What is received and sent is wiped. */
export function openWireGuard(calls: NetlinkCalls): WireGuard {
  return {
    wireGuard: (ns, link) => withSocket(calls, ns, (talk) => read(talk, link)),
    setWireGuard: (ns, link, change) => withSocket(calls, ns, (talk) => set(talk, link, change)),
  }
}

type Talk = (op: string, encode: (w: WireWriter, sequence: number) => void, each?: (message: Message) => void) => void

function withSocket<T>(calls: NetlinkCalls, ns: NetNs, body: (talk: Talk) => T): T {
  const fd = calls.nlOpenGenericIn(ns === "host" ? "" : ns, RECEIVE_BUFFER)
  if (fd < 0) throw new KernelError("socket AF_NETLINK NETLINK_GENERIC", errnoName(fd))
  const [writer, out] = [new WireWriter(LARGEST_REQUEST), Buffer.alloc(RECEIVE_BUFFER)]
  let sequence = 1
  try {
    return body((op, encode, each = () => undefined) => {
      writer.clear()
      encode(writer, sequence++)
      const received = calls.nlTransact(fd, writer.written(), out, TIMEOUT_MS)
      // At once: a shorter message would leave the end of a longer one that bore a key.
      writer.written().fill(0)
      if (received < 0) throw new KernelError(op, errnoName(received))
      eachMessage(out.subarray(0, received), (message) => {
        const answer = readAnswer(message)
        if (answer === undefined) each(message)
        else if (answer.errno !== 0) throw new KernelError(op, errnoName(answer.errno), answer.text)
      })
    })
  } finally {
    calls.close(fd)
    writer.written().fill(0)
    out.fill(0)
  }
}

function familyBy(talk: Talk): number {
  let family: number | undefined
  talk(
    `genl ctrl get name ${FAMILY}`,
    (w, sequence) => encodeFamilyGet(w, sequence, FAMILY),
    (message) => {
      family ??= readFamily(message)
    },
  )
  if (family === undefined) throw new KernelError(`genl ctrl get name ${FAMILY}`, "ENODATA", "no answer came")
  return family
}

function read(talk: Talk, link: LinkRef): WireGuardDevice {
  const family = familyBy(talk)
  for (let i = 0; i < READINGS; i++) {
    const device: WireGuardDevice = { listenPort: 0, peers: [] }
    let whole = true
    talk(
      `wg show ${link}`,
      (w, sequence) => encodeDeviceGet(w, family, sequence, link),
      (message) => {
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) whole = false
        readDevice(device, message)
      },
    )
    if (whole) return device
  }
  throw new KernelError(`wg show ${link}`, "EINTR", "its peers change faster than they can be read")
}

/** The key and the port first, peers that go before those that come, which may have their addresses. */
function set(talk: Talk, link: LinkRef, { peers = [], removed = [], ...own }: WireGuardChange): void {
  const family = familyBy(talk)
  const op = wireGuardTwin(link, { peers, removed, ...own })
  const send = (change: WireGuardChange) => talk(op, (w, sequence) => encodeDeviceSet(w, family, sequence, link, change))
  if (Object.keys(own).length > 0) send(own)
  for (const some of chunks(removed)) send({ removed: some })
  for (const some of chunks(peers)) send({ peers: some })
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PEERS_AT_ONCE) }, (_, i) => all.slice(i * PEERS_AT_ONCE, (i + 1) * PEERS_AT_ONCE))
}
