import { writeText } from "../../../src/kernel/netlink/attr.ts"
import type { NetlinkCalls } from "../../../src/kernel/netlink/conn.ts"
import type { Message } from "../../../src/kernel/netlink/wire.ts"
import { eachMessage, MESSAGE_HEADER, WireWriter } from "../../../src/kernel/netlink/wire.ts"

/** The far side of the sockets: bytes in, bytes out, and what was asked of it. */
export interface Peer extends NetlinkCalls {
  /** Types of the messages of each send. */
  sends: number[][]
  /** Length of each send. */
  bytes: number[]
  sequences: number[]
  /** Namespaces sockets were opened in, in order. */
  opened: string[]
  /** Namespace files that were opened. */
  files: string[]
  openSockets(): number
  openFiles(): number
}

export interface PeerOptions {
  /** Namespaces that are not there. */
  missing?: readonly string[]
  /** -errno instead of answers, by the room for them. */
  fails?: (room: number) => number
  /** The last answer first. */
  reverse?: boolean
}

/** `answer` gives the messages that answer the n-th of a send. */
export function peer(answer: (message: Message, n: number) => Buffer[], options: PeerOptions = {}): Peer {
  const sockets = new Set<number>()
  const descriptors = new Set<number>()
  let next = 3
  const opening = (path: string, into: Set<number>, names: string[]): number => {
    if (options.missing?.includes(path) === true) return -2
    names.push(path)
    into.add(next)
    return next++
  }
  const later = new Map<number, { out: Buffer; received: number }>()
  const self: Peer = {
    sends: [],
    bytes: [],
    sequences: [],
    opened: [],
    files: [],
    openSockets: () => sockets.size,
    openFiles: () => descriptors.size,
    nlOpen: () => opening("host", sockets, self.opened),
    nlOpenNetfilter: () => opening("host", sockets, self.opened),
    nlOpenGenericIn: (path) => opening(path || "host", sockets, self.opened),
    nlOpenIn: (path) => opening(path, sockets, self.opened),
    open: (path) => opening(path, descriptors, self.files),
    close: (fd) => (sockets.delete(fd) || descriptors.delete(fd) ? 0 : -9),
    nlCookie: () => -92,
    nlBegin: (fd, request, room) => {
      const out = Buffer.alloc(room)
      const received = self.nlTransact(fd, request, out, 0)
      later.set(next, { out, received })
      return next++
    },
    nlEnd: (done, out) => {
      const ended = later.get(done)
      out.set(ended?.out ?? [])
      return ended?.received ?? -9
    },
    nlTransact: (fd, request, out) => {
      if (!sockets.has(fd)) return -9
      const messages = messagesOf(request)
      self.sends.push(messages.map((m) => m.type))
      self.bytes.push(request.length)
      self.sequences.push(...messages.map((m) => m.sequence))
      const failure = options.fails?.(out.length) ?? 0
      if (failure < 0) return failure
      const answers = messages.map((message, n) => Buffer.concat(answer(message, n)))
      const all = Buffer.concat(options.reverse === true ? answers.reverse() : answers)
      out.set(all)
      return all.length
    },
  }
  return self
}

function messagesOf(request: Uint8Array): Message[] {
  const messages: Message[] = []
  eachMessage(Buffer.from(request), (message) => messages.push(message))
  return messages
}

function built(type: number, flags: number, sequence: number, body: (w: WireWriter) => void): Buffer {
  const w = new WireWriter(4096)
  w.message(type, flags, sequence, () => body(w))
  return Buffer.from(w.written())
}

/** NLMSG_ERROR with NLM_F_CAPPED, and NLM_F_ACK_TLVS where there is a text. */
export function acknowledged(message: Message, errno = 0, text = ""): Buffer {
  return built(2, text === "" ? 0x100 : 0x300, message.sequence, (w) => {
    w.u32(-errno >>> 0)
    w.raw(message.bytes.subarray(message.start - MESSAGE_HEADER, message.start))
    if (text !== "") writeText(w, 1, text)
  })
}

/** NLMSG_DONE */
export function dumpDone(message: Message, errno = 0, flags = 2): Buffer {
  return built(3, flags, message.sequence, (w) => w.u32(-errno >>> 0))
}

/** RTM_NEWLINK with a name. */
export function linkMessage(message: Message, index: number, name: string, flags = 0): Buffer {
  return built(16, flags, message.sequence, (w) => {
    for (const value of [0, index, 0, 0]) w.u32(value)
    writeText(w, 3, name)
  })
}
