import { errnoName, errnoOf } from "../errno.ts"
import { KernelError } from "../kernel.ts"
import { readAnswer } from "./answer.ts"
import type { Connection } from "./conn.ts"
import { NLM_F_DUMP_INTR } from "./constants/netlink.ts"
import type { Encode } from "./request.ts"
import type { Message } from "./wire.ts"
import { eachMessage, WireError, WireWriter } from "./wire.ts"

/**
 * How often a dump is read that a change of the namespace interrupted. Where links are made as fast as one program can, every second or third
 * reading of a hundred links is; so many in a row are not.
 */
const READINGS = 60
/** Errors of a dump that may pass. EBUSY: a socket does one dump after another, and the one before was not done yet. */
const PASSING = new Set(["EBUSY", "EINTR", "EAGAIN", "ENOBUFS"])

const writer = new WireWriter(256)

/** One table of the kernel's, and how far its reading is. */
export interface Dump<T> {
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

export function dumpOf<T>(op: string, encode: Encode, type: number, read: (message: Message) => T | undefined): Dump<T> {
  return { op, encode, type, read, found: [], interrupted: false, done: false, refusal: { errno: "ENODATA", text: "" } }
}

/** Each until it was read whole. Throws KernelError. */
export function readAll(connection: Connection, dumps: readonly Dump<unknown>[]): void {
  // The first of each send finds the socket idle: so each has its readings, whatever the size of the others.
  for (let i = 0; i < READINGS + dumps.length - 1; i++) {
    const open = dumps.filter((dump) => !dump.done)
    if (open.length === 0) break
    readOnce(connection, open)
  }
  const failed = dumps.find((dump) => !dump.done)
  if (failed !== undefined) throw new KernelError(failed.op, failed.refusal.errno, failed.refusal.text)
}

/** The requests for all of them, numbered from `first`. Valid until the next one. */
export function requestFor(dumps: readonly Dump<unknown>[], first: number): Buffer {
  writer.clear()
  for (const [i, dump] of dumps.entries()) dump.encode(writer, (first + i) >>> 0)
  return writer.written()
}

/** Reads what came in answer. Throws WireError, and KernelError for what another reading would not change. */
export function readAnswers(dumps: readonly Dump<unknown>[], received: Buffer, first: number): void {
  eachMessage(received, (message) => take(dumps[(message.sequence - first) >>> 0], message))
}

/** Throws KernelError for what another reading would not change. */
function readOnce(connection: Connection, dumps: readonly Dump<unknown>[]): void {
  const first = connection.shared.claim(dumps.length)
  const request = requestFor(dumps, first)
  for (const dump of dumps) {
    dump.found.length = 0
    dump.interrupted = false
  }
  const received = connection.transact(request)
  const [{ op }] = dumps as [Dump<unknown>]
  if (typeof received === "number") {
    if (received !== -errnoOf("ENOBUFS") || !connection.shared.grow()) throw new KernelError(op, errnoName(received))
    readOnce(connection, dumps)
    return
  }
  try {
    readAnswers(dumps, received, first)
  } catch (error) {
    if (error instanceof WireError) throw new KernelError(op, "EBADMSG", error.message)
    throw error
  }
}

function take(dump: Dump<unknown> | undefined, message: Message): void {
  if (dump === undefined || dump.done) return
  if ((message.flags & NLM_F_DUMP_INTR) !== 0) dump.interrupted = true
  if (message.type === dump.type) {
    const object = dump.read(message)
    if (object !== undefined) dump.found.push(object)
    return
  }
  const answer = readAnswer(message)
  if (answer !== undefined) finish(dump, answer.errno === 0 ? "" : errnoName(answer.errno), answer.text)
}

function finish(dump: Dump<unknown>, errno: string, text: string): void {
  if (errno === "" && !dump.interrupted) dump.done = true
  else if (errno === "") dump.refusal = { errno: "EINTR", text: "the namespace changes faster than it can be read" }
  else if (PASSING.has(errno)) dump.refusal = { errno, text }
  else throw new KernelError(dump.op, errno, text)
}
