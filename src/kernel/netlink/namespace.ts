import type { InterfaceAddress, Link, LinkCounters, NetDump, NetNs, Route } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import type { Connection } from "./conn.ts"
import { RT_TABLE_MAIN, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE } from "./constants/rtnetlink.ts"
import type { Dump } from "./dump.ts"
import { dumpOf, readAll, readAnswers, requestFor } from "./dump.ts"
import { isOfSomebody, withRest } from "./namespace-rest.ts"
import { encodeAddressDump, readAddress } from "./rtnl/address.ts"
import { encodeCounterDump, readCounters } from "./rtnl/link-counters.ts"
import { encodeLinkDump, readLink } from "./rtnl/link-read.ts"
import { encodeRouteDump } from "./rtnl/route.ts"
import { readRoute } from "./rtnl/route-read.ts"
import type { Message } from "./wire.ts"
import { WireError } from "./wire.ts"

/** How a message of each of the three tables is read. */
interface Readers {
  link(message: Message): Link
  address(message: Message): InterfaceAddress | undefined
  route(message: Message): Route | undefined
}

function readersOf(ns: NetNs): Readers {
  return { link: (message) => readLink(message, ns === "host"), address: readAddress, route: readRoute }
}

/** The three tables of a namespace, the smallest first: the kernel ends a dump that fits one buffer at once, and one that finds the socket busy is asked for again. */
class Tables {
  readonly #links: Dump<Link>
  readonly #addresses: Dump<InterfaceAddress>
  readonly #routes: Dump<Route>
  readonly all: readonly Dump<unknown>[]

  constructor({ link, address, route }: Readers) {
    this.#links = dumpOf("ip link show", encodeLinkDump, RTM_NEWLINK, link)
    this.#addresses = dumpOf("ip address show", encodeAddressDump, RTM_NEWADDR, address)
    this.#routes = dumpOf("ip route show", encodeRouteDump, RTM_NEWROUTE, route)
    this.all = [this.#addresses, this.#routes, this.#links]
  }

  /** Those that have to be read once more. */
  open(): Dump<unknown>[] {
    return this.all.filter((dump) => !dump.done)
  }

  whole(): NetDump {
    return {
      links: this.#links.found,
      addresses: this.#addresses.found,
      routes: this.#routes.found.filter((route) => route.table === RT_TABLE_MAIN && isOfSomebody(route)),
    }
  }
}

/** Links, addresses and routes of the connection's namespace. All three are asked for in one send. Throws KernelError. */
export function readNamespace(connection: Connection): NetDump {
  const tables = new Tables(readersOf(connection.ns))
  readAll(connection, tables.all)
  return withRest(connection, tables.whole())
}

/** What its links have taken in and sent. Throws KernelError. */
export function readTraffic(connection: Connection): LinkCounters[] {
  const counters = dumpOf("ip -s link show", encodeCounterDump, RTM_NEWLINK, readCounters)
  readAll(connection, [counters])
  return counters.found
}

/** The request for all three tables, whose first sequence number is `first`. Valid until the next dump. */
export function namespaceRequest(first: number): Buffer {
  return requestFor(new Tables(readersOf("")).all, first)
}

/**
 * Reads what came in answer to `namespaceRequest`; undefined where that is not all of it: it must be read once more. What the same bytes said
 * before, in whichever namespace, is not read again: every one has the same lo, and a host's links are mostly as they were. `ns`: of which sort they
 * are, the host's or others.
 */
export function namespaceReader(ns: NetNs): (received: Buffer, first: number) => NetDump | undefined {
  const { link, address, route } = readersOf(ns)
  const readers = { link: remembering(link), address: remembering(address), route: remembering(route) }
  return (received, first) => {
    const tables = new Tables(readers)
    try {
      readAnswers(tables.all, received, first)
    } catch (error) {
      if (error instanceof WireError || error instanceof KernelError) return undefined
      throw error
    }
    return tables.open().length > 0 ? undefined : tables.whole()
  }
}

/** However many a program reads that goes on and on. */
const MOST_REMEMBERED = 20_000

function remembering<T>(read: (message: Message) => T): (message: Message) => T {
  const known = new Map<string, T>()
  return (message) => {
    const said = message.bytes.toString("latin1", message.start, message.end)
    const before = known.get(said)
    if (before !== undefined) return before
    const now = read(message)
    if (known.size === MOST_REMEMBERED) known.clear()
    known.set(said, now)
    return now
  }
}
