import { errnoName } from "../errno.ts"
import { KernelError } from "../kernel.ts"
import { readAnswer } from "./answer.ts"
import type { Connection } from "./conn.ts"
import type { Encode } from "./request.ts"
import type { Message } from "./wire.ts"
import { eachMessage, WireError, WireWriter } from "./wire.ts"

/** More unread answers than this overrun the socket's buffer; more bytes than this in one send are EMSGSIZE. */
const MAX_IN_FLIGHT = 128
const MAX_SEND = 96 * 1024
/** No request is longer: an alias is up to 255 bytes, names up to 15. */
const MAX_MESSAGE = 4096

/** Why a message was not done. */
export interface Refusal {
  errno: string
  /** The kernel's own text, or "". */
  text: string
  /** True where the kernel may have done it all the same: no answer came. */
  lost?: true
}

/** One message and what becomes of it. `ended` is called exactly once. */
export interface Job {
  encode: Encode
  /** What the kernel sends besides its acknowledgement. */
  reply?(message: Message): void
  ended(refusal: Refusal | null): void
}

/** Something to be sent; the one who sends it, now or beside other work, gives back all its answers, or -errno. */
export interface Asked {
  connection: Connection
  request: Uint8Array
}

/** A conversation with the kernel that does not say who waits for the answers. */
export type Talk<T> = Generator<Asked, T, Buffer | number>

const writer = new WireWriter(MAX_SEND)

/**
 * Sends the jobs' messages in order, in as few sends as the kernel takes. A job that fails does not stop those behind it.
 * `sent` is called after each send whose answers are in.
 */
export function* exchange(connection: Connection, jobs: readonly Job[], sent: () => void): Talk<void> {
  let next = 0
  while (next < jobs.length) {
    const count = yield* fill(jobs.slice(next, next + MAX_IN_FLIGHT), connection)
    next += count
    sent()
  }
}

/** Encodes as many jobs as go into one send, sends them, and gives each its end: how many were dealt with. */
function* fill(jobs: readonly Job[], connection: Connection): Talk<number> {
  const first = connection.shared.claim(jobs.length)
  const inFlight: Job[] = []
  writer.clear()
  let count = 0
  for (const job of jobs) {
    if (writer.length > MAX_SEND - MAX_MESSAGE) break
    count++
    if (encode(job, (first + inFlight.length) >>> 0)) inFlight.push(job)
  }
  if (inFlight.length > 0) yield* transact(connection, inFlight, first)
  return count
}

/** A request that cannot be said, or whose namespace cannot be opened, ends here and takes no number. */
function encode(job: Job, sequence: number): boolean {
  try {
    job.encode(writer, sequence)
    return true
  } catch (error) {
    if (error instanceof KernelError) job.ended(refusalOf(error))
    else if (error instanceof WireError) job.ended({ errno: "EINVAL", text: error.message })
    else throw error
    return false
  }
}

function* transact(connection: Connection, jobs: readonly Job[], first: number): Talk<void> {
  const open = new Set(jobs)
  const refusal = yield* sendAndDeliver(connection, jobs, first, open)
  for (const job of open) job.ended(refusal)
}

function* sendAndDeliver(connection: Connection, jobs: readonly Job[], first: number, open: Set<Job>): Talk<Refusal> {
  try {
    const received = yield { connection, request: writer.written() }
    return typeof received === "number" ? lost(errnoName(received), "") : deliver(received, jobs, first, open)
  } catch (error) {
    if (error instanceof KernelError) return refusalOf(error)
    throw error
  }
}

/** What failed before anything was sent says what that was. */
function refusalOf(error: KernelError): Refusal {
  return { errno: error.errno, text: error.text || error.op }
}

/** Hands each message to the job whose number it bears; `open` keeps the jobs without an answer, for the reason given back. */
function deliver(received: Buffer, jobs: readonly Job[], first: number, open: Set<Job>): Refusal {
  try {
    eachMessage(received, (message) => {
      const job = jobs[(message.sequence - first) >>> 0]
      if (job === undefined || !open.has(job)) return
      const answer = readAnswer(message)
      if (answer === undefined) return job.reply?.(message)
      open.delete(job)
      job.ended(answer.errno === 0 ? null : { errno: errnoName(answer.errno), text: answer.text })
    })
    return lost("ENODATA", "no answer came")
  } catch (error) {
    if (error instanceof WireError) return lost("EBADMSG", error.message)
    throw error
  }
}

function lost(errno: string, text: string): Refusal {
  return { errno, text, lost: true }
}
