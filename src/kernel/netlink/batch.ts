import { pause } from "../../base/pause.ts"
import type { LinkRef, NetNs, NetRequest } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import type { WhenReadable } from "../poller.ts"
import type { Connection, Connections } from "./conn.ts"
import type { Asked, Job, Refusal, Talk } from "./exchange.ts"
import { exchange } from "./exchange.ts"
import { encodersOf, isIdempotent, isRepeatable, neededNames } from "./request.ts"
import { encodeLinkGet } from "./rtnl/link-change.ts"
import { readLinkIndex } from "./rtnl/link-read.ts"
import type { Resolver } from "./rtnl/resolver.ts"
import type { Segment } from "./segments.ts"
import { segmentsOf } from "./segments.ts"
import { shellTwin } from "./twin.ts"

/** Errors that may pass. A request refused so was not done. */
const PASSING = new Set(["ENOBUFS", "EINTR", "EBUSY"])
/** Pauses before a request is sent again, in milliseconds. */
const PAUSES = [1, 4, 16]

type Errors = (KernelError | null)[]

/** Sends a batch for `ns`: the error of each request, or null, in their order. */
export function sendBatch(connections: Connections, ns: NetNs, requests: readonly NetRequest[]): Errors {
  const talk = batch(connections, ns, requests, (home) => connections.take(home))
  let step = talk.next()
  while (step.done !== true) {
    const { connection, request } = step.value
    step = goOn(talk, () => connection.transact(request))
  }
  return step.value
}

/** The same by sockets of its own, while this thread does other things. */
export async function sendBatchLater(
  connections: Connections,
  ns: NetNs,
  requests: readonly NetRequest[],
  readable: WhenReadable,
): Promise<Errors> {
  const talk = batch(connections, ns, requests, (home) => connections.own(home))
  let step = talk.next()
  while (step.done !== true) {
    const { connection, request } = step.value
    const [received] = await Promise.allSettled([connection.transactLater(request, readable)])
    step = goOn(talk, () => {
      if (received.status === "rejected") throw received.reason
      return received.value
    })
  }
  return step.value
}

function goOn(talk: Talk<Errors>, receive: () => Buffer | number): IteratorResult<Asked, Errors> {
  let received: Buffer | number
  try {
    received = receive()
  } catch (error) {
    return talk.throw(error)
  }
  return talk.next(received)
}

function* batch(connections: Connections, ns: NetNs, requests: readonly NetRequest[], connect: (ns: NetNs) => Connection): Talk<Errors> {
  const refusals: (Refusal | null)[] = requests.map(() => null)
  const segments = segmentsOf(ns, requests)
  for (let i = 0; i < segments.length; ) {
    const home = segments[i]?.ns as NetNs
    const end = segments.findIndex((s, at) => at > i && s.ns !== home)
    const run = segments.slice(i, end < 0 ? segments.length : end)
    const connection = connect(home)
    try {
      yield* new Batch(connection, refusals).send(run)
    } finally {
      connections.release(connection)
    }
    i += run.length
  }
  return requests.map((request, at) => failure(request, refusals[at] ?? null))
}

function failure(request: NetRequest, refusal: Refusal | null): KernelError | null {
  return refusal === null ? null : new KernelError(shellTwin(request), refusal.errno, refusal.text)
}

/** Consecutive segments of one namespace, over one connection. */
class Batch {
  readonly #connection: Connection
  readonly #refusals: (Refusal | null)[]
  /** What is known of names: the index, or why there is none. */
  #names: Names = new Map()
  /** Open files of namespaces that the messages of the next send speak of. */
  readonly #files = new Map<NetNs, number>()
  readonly #resolver: Resolver = { index: (link) => this.#index(link), netNs: (ns) => this.#file(ns) }

  constructor(connection: Connection, refusals: (Refusal | null)[]) {
    this.#connection = connection
    this.#refusals = refusals
  }

  /** The names that a segment needs are asked for at the end of what is sent before it: it costs no send of its own. */
  *send(segments: readonly Segment[]): Talk<void> {
    yield* this.#exchange(lookups(segments[0]?.names ?? [], this.#names))
    for (const [i, segment] of segments.entries()) {
      const behind: Names = segment.changesAny ? new Map() : new Map([...this.#names].filter(([name]) => !segment.changed.has(name)))
      yield* this.#exchange([...this.#jobs(segment.requests), ...lookups(segments[i + 1]?.names ?? [], behind)])
      this.#names = behind
      yield* this.#sendAgain(segment.requests)
    }
  }

  #jobs(requests: Segment["requests"]): Job[] {
    return requests.flatMap(({ request, at }) =>
      encodersOf(request, this.#connection.ns, this.#resolver).map((encode) => ({
        encode,
        ended: (refusal) => {
          this.#refusals[at] ??= refusal
        },
      })),
    )
  }

  /** From the first that may succeed the next time on, all that failed is sent again: what came behind it may have hung on it. */
  *#sendAgain(requests: Segment["requests"]): Talk<void> {
    for (const ms of PAUSES) {
      const failed = requests.filter(({ at }) => this.#refusals[at] !== null)
      const first = failed.findIndex(({ request, at }) => mayPass(request, this.#refusals[at] ?? null))
      if (first < 0) return
      pause(ms)
      const again = failed.slice(first).filter(({ request, at }) => maySendAgain(request, this.#refusals[at] ?? null))
      for (const { at } of again) this.#refusals[at] = null
      for (const [name, index] of this.#names) if (typeof index !== "number") this.#names.delete(name)
      yield* this.#exchange(lookups(new Set(again.flatMap(({ request }) => neededNames(request))), this.#names))
      yield* this.#exchange(this.#jobs(again))
    }
  }

  *#exchange(jobs: readonly Job[]): Talk<void> {
    try {
      yield* exchange(this.#connection, jobs, () => this.#closeFiles())
    } finally {
      this.#closeFiles()
    }
  }

  #index(link: LinkRef): number {
    if (typeof link === "number") return link
    const index = this.#names.get(link)
    if (typeof index === "number") return index
    const { errno, text } = index ?? { errno: "ENODEV", text: "" }
    throw new KernelError(`ip link show dev ${link}`, errno, text === "" ? `there is no link ${link}` : text)
  }

  #file(ns: NetNs): number {
    const fd = this.#files.get(ns) ?? this.#connection.shared.openNamespace(ns)
    this.#files.set(ns, fd)
    return fd
  }

  #closeFiles(): void {
    for (const fd of this.#files.values()) this.#connection.shared.closeDescriptor(fd)
    this.#files.clear()
  }
}

type Names = Map<string, number | Refusal>

/** Asks for the index of each name that `known` does not have, and puts the answer there. */
function lookups(names: Iterable<string>, known: Names): Job[] {
  return [...names]
    .filter((name) => !known.has(name))
    .map((name) => ({
      encode: (w, sequence) => encodeLinkGet(w, sequence, name),
      reply: (message) => known.set(name, readLinkIndex(message)),
      ended: (refusal) => {
        if (refusal !== null) known.set(name, refusal)
      },
    }))
}

function mayPass(request: NetRequest, refusal: Refusal | null): boolean {
  return refusal !== null && PASSING.has(refusal.errno) && maySendAgain(request, refusal)
}

function maySendAgain(request: NetRequest, refusal: Refusal | null): boolean {
  return refusal?.lost === true ? isIdempotent(request) : isRepeatable(request)
}
