import { errnoName, errnoOf } from "../errno.ts"
import type { NetDump } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import { readAnswer } from "./answer.ts"
import type { Connection } from "./conn.ts"
import { NLM_F_DUMP_INTR } from "./constants/netlink.ts"
import { RT_TABLE_MAIN, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE } from "./constants/rtnetlink.ts"
import type { Encode } from "./request.ts"
import { encodeAddressDump, readAddress } from "./rtnl/address.ts"
import { encodeLinkDump, readLink } from "./rtnl/link-read.ts"
import { encodeRouteDump, readRoute } from "./rtnl/route.ts"
import type { Message } from "./wire.ts"
import { eachMessage, WireError, WireWriter } from "./wire.ts"

/** How often a dump is read that a change of the namespace interrupted. */
const READINGS = 8
/** Errors of a dump that may pass. EBUSY: a socket does one dump after another, and the one before was not done yet. */
const PASSING = new Set(["EBUSY", "EINTR", "EAGAIN", "ENOBUFS"])
const ROUTE_TYPES = new Set(["unicast", "blackhole", "unreachable", "prohibit"])

const writer = new WireWriter(256)

/** One table of the kernel's, and how far its reading is. */
interface Dump<T> {
  /** Shell twin. */
  op: string
  encode: Encode
  /** Of the messages it consists of. */
  type: number
  read(message: Message): T | undefined
  found: T[]
  interrupted: boolean
  done: boolean
  /** Why it was not done the last time. */
  refusal: { errno: string; text: string }
}

function dumpOf<T>(op: string, encode: Encode, type: number, read: (message: Message) => T | undefined): Dump<T> {
  return { op, encode, type, read, found: [], interrupted: false, done: false, refusal: { errno: "ENODATA", text: "" } }
}

/**
 * Links, addresses and routes of the connection's namespace. All three are asked for in one send, the smallest first: the
 * kernel ends a dump that fits one buffer at once, and one that finds the socket busy is asked for again. Throws KernelError.
 */
export function readNamespace(connection: Connection): NetDump {
  const links = dumpOf("ip link show", encodeLinkDump, RTM_NEWLINK, readLink)
  const addresses = dumpOf("ip address show", encodeAddressDump, RTM_NEWADDR, readAddress)
  const routes = dumpOf("ip route show", encodeRouteDump, RTM_NEWROUTE, readRoute)
  const all: Dump<unknown>[] = [addresses, routes, links]
  // The first of each send finds the socket idle: so each has its readings, whatever the size of the others.
  for (let i = 0; i < READINGS + all.length - 1; i++) {
    const open = all.filter((dump) => !dump.done)
    if (open.length === 0) break
    readOnce(connection, open)
  }
  const failed = all.find((dump) => !dump.done)
  if (failed !== undefined) throw new KernelError(failed.op, failed.refusal.errno, failed.refusal.text)
  return {
    links: links.found,
    addresses: addresses.found,
    routes: routes.found.filter((route) => route.table === RT_TABLE_MAIN && ROUTE_TYPES.has(route.type)),
  }
}

/** Throws KernelError for what another reading would not change. */
function readOnce(connection: Connection, dumps: readonly Dump<unknown>[]): void {
  const first = connection.shared.claim(dumps.length)
  writer.clear()
  for (const [i, dump] of dumps.entries()) {
    dump.encode(writer, (first + i) >>> 0)
    dump.found.length = 0
    dump.interrupted = false
  }
  const received = connection.transact(writer.written())
  const [{ op }] = dumps as [Dump<unknown>]
  if (typeof received === "number") {
    if (received !== -errnoOf("ENOBUFS") || !connection.shared.grow()) throw new KernelError(op, errnoName(received))
    readOnce(connection, dumps)
    return
  }
  try {
    eachMessage(received, (message) => take(dumps[(message.sequence - first) >>> 0], message))
  } catch (error) {
    if (error instanceof WireError) throw new KernelError(op, "EBADMSG", error.message)
    throw error
  }
}

function take(dump: Dump<unknown> | undefined, message: Message): void {
  if (dump === undefined || dump.done) return
  if ((message.flags & NLM_F_DUMP_INTR) !== 0) dump.interrupted = true
  const answer = readAnswer(message)
  if (answer !== undefined) {
    finish(dump, answer.errno === 0 ? "" : errnoName(answer.errno), answer.text)
  } else if (message.type === dump.type) {
    const object = dump.read(message)
    if (object !== undefined) dump.found.push(object)
  }
}

function finish(dump: Dump<unknown>, errno: string, text: string): void {
  if (errno === "" && !dump.interrupted) dump.done = true
  else if (errno === "") dump.refusal = { errno: "EINTR", text: "the namespace changes faster than it can be read" }
  else if (PASSING.has(errno)) dump.refusal = { errno, text }
  else throw new KernelError(dump.op, errno, text)
}
