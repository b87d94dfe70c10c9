import { errnoName, errnoOf } from "../errno.ts"
import type { FdbEntry, InterfaceAddress, Link, LinkCounters, LiveRule, NetDump, NetNs, Route } from "../kernel.ts"
import { asksVrfs, KernelError } from "../kernel.ts"
import { readAnswer } from "./answer.ts"
import type { Connection } from "./conn.ts"
import { NLM_F_DUMP_INTR } from "./constants/netlink.ts"
import { RTM_NEWQDISC } from "./constants/pkt-sched.ts"
import { RT_TABLE_MAIN, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWNEIGH, RTM_NEWROUTE, RTM_NEWRULE } from "./constants/rtnetlink.ts"
import type { Encode } from "./request.ts"
import { encodeAddressDump, readAddress } from "./rtnl/address.ts"
import { encodeFdbDump, readFdbEntry } from "./rtnl/fdb.ts"
import { encodeCounterDump, readCounters } from "./rtnl/link-counters.ts"
import { encodeLinkDump, readLink } from "./rtnl/link-read.ts"
import { encodeVlanDump, readPortVlans } from "./rtnl/port-vlans.ts"
import { encodeQdiscDump, impairments, readQdisc } from "./rtnl/qdisc.ts"
import { encodeRouteDump, encodeTableDump } from "./rtnl/route.ts"
import { readRoute } from "./rtnl/route-read.ts"
import { encodeRuleDump, readRule } from "./rtnl/rule.ts"
import type { Message } from "./wire.ts"
import { eachMessage, WireError, WireWriter } from "./wire.ts"

/**
 * How often a dump is read that a change of the namespace interrupted. Where links are made as fast as one program can, every second or third
 * reading of a hundred links is; so many in a row are not.
 */
const READINGS = 60
/** Errors of a dump that may pass. EBUSY: a socket does one dump after another, and the one before was not done yet. */
const PASSING = new Set(["EBUSY", "EINTR", "EAGAIN", "ENOBUFS"])
const ROUTE_TYPES = new Set(["unicast", "local", "blackhole", "unreachable", "prohibit", "throw"])

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
      routes: this.#routes.found.filter((route) => route.table === RT_TABLE_MAIN && ROUTE_TYPES.has(route.type)),
    }
  }
}

/** Links, addresses and routes of the connection's namespace. All three are asked for in one send. Throws KernelError. */
export function readNamespace(connection: Connection): NetDump {
  const tables = new Tables(readersOf(connection.ns))
  readAll(connection, tables.all)
  return withRest(connection, tables.whole())
}

/** Whether there is something about it that the three tables do not tell. */
export function hasRest(dump: NetDump): boolean {
  return isImpaired(dump) || filtersVlans(dump) || forwards(dump) || vrfTables(dump).length > 0
}

/** With that. Throws KernelError. */
export function withRest(connection: Connection, whole: NetDump): NetDump {
  let links = whole.links
  if (isImpaired(whole)) links = withImpairments(connection, links)
  if (filtersVlans(whole)) links = withVlans(connection, links)
  if (forwards(whole)) links = withFdb(connection, links)
  const vrfs = vrfTables(whole)
  return { ...whole, links, ...(vrfs.length === 0 || connection.ns === "host" ? {} : readVrfs(connection, vrfs)) }
}

/** What its links have taken in and sent. Throws KernelError. */
export function readTraffic(connection: Connection): LinkCounters[] {
  const counters = dumpOf("ip -s link show", encodeCounterDump, RTM_NEWLINK, readCounters)
  readAll(connection, [counters])
  return counters.found
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

/** Whether a link has a qdisc that impairs: only then is there more to be asked. */
function isImpaired({ links }: NetDump): boolean {
  return links.some(({ impair }) => impair !== undefined)
}

/** Whether a bridge looks at VLANs: only then is there anything to be asked of its ports. */
function filtersVlans({ links }: NetDump): boolean {
  return links.some(({ bridge }) => bridge?.vlan_filtering === true)
}

/** The VLANs of the ports of those bridges. */
function withVlans(connection: Connection, links: readonly Link[]): Link[] {
  const ports = dumpOf("bridge vlan show", encodeVlanDump, RTM_NEWLINK, readPortVlans)
  readAll(connection, [ports])
  const filtering = new Set(links.filter(({ bridge }) => bridge?.vlan_filtering === true).map(({ index }) => index))
  const found = new Map(ports.found.map(({ index, vlans }) => [index, vlans]))
  return links.map((link) => (filtering.has(link.master) ? { ...link, vlans: found.get(link.index) ?? [] } : link))
}

/** Whether there is a vxlan: only then is there a database of where its frames go. */
function forwards({ links }: NetDump): boolean {
  return links.some(({ kind }) => kind === "vxlan")
}

/**
 * Where the frames of each vxlan go. The kernel enters a `remote` or `group` there when it makes the link, and looks nowhere else: one whose entry is not there is
 * none any more, whatever the link says.
 */
function withFdb(connection: Connection, links: readonly Link[]): Link[] {
  const entries = dumpOf("bridge fdb show", encodeFdbDump, RTM_NEWNEIGH, readFdbEntry)
  readAll(connection, [entries])
  return links.map((link) => {
    if (link.kind !== "vxlan") return link
    const all = entries.found.filter(({ index }) => index === link.index).map(({ entry }) => entry)
    const { remote, group, ...rest } = link.options ?? {}
    const usual = all.find((entry) => isUsual(entry, remote ?? group))
    const fdb = all.filter((entry) => entry !== usual)
    return { ...link, ...(usual === undefined ? { options: rest } : {}), ...(fdb.length === 0 ? {} : { fdb }) }
  })
}

function isUsual({ mac, to, port, vni }: FdbEntry, remote: string | number | undefined): boolean {
  return mac === "00:00:00:00:00:00" && to === remote && port === undefined && vni === undefined
}

/** The tables of vrfs: only then are there routes elsewhere that come and go with addresses. */
function vrfTables({ links }: NetDump): number[] {
  const tables = links.flatMap(({ kind, options }) => (kind === "vrf" && typeof options?.table === "number" ? options.table : []))
  return [...new Set(tables)].filter((table) => table !== RT_TABLE_MAIN)
}

/** What is in those tables, and whether they are asked, in one send. A vrf's table holds the addresses of its links themselves, too. */
function readVrfs(connection: Connection, tables: readonly number[]): Pick<NetDump, "vrfRoutes" | "vrfUnruled"> {
  const rules = dumpOf("ip rule show", encodeRuleDump, RTM_NEWRULE, readRule)
  const dumps = tables.map((table) =>
    dumpOf(`ip route show table ${table}`, (w, sequence) => encodeTableDump(w, sequence, table), RTM_NEWROUTE, readRoute),
  )
  readAll(connection, [rules, ...dumps])
  const vrfRoutes = dumps.flatMap(({ found }, i) =>
    found.filter(({ table, type }) => table === tables[i] && type !== "local" && ROUTE_TYPES.has(type)),
  )
  const vrfUnruled = unruled(rules.found)
  return { vrfRoutes, ...(vrfUnruled.length === 0 ? {} : { vrfUnruled }) }
}

/** A family without any rule is none of this kernel's. */
function unruled(rules: readonly LiveRule[]): LiveRule["family"][] {
  const asked = new Set(rules.filter(asksVrfs).map(({ family }) => family))
  return [...new Set(rules.map(({ family }) => family))].filter((family) => !asked.has(family)).sort()
}

/** What those do. One that has gone since does nothing any more. */
function withImpairments(connection: Connection, links: readonly Link[]): Link[] {
  const qdiscs = dumpOf("tc qdisc show", encodeQdiscDump, RTM_NEWQDISC, readQdisc)
  readAll(connection, [qdiscs])
  const found = impairments(qdiscs.found)
  return links.map(({ impair: _, ...link }) => {
    const impair = found.get(link.index)
    return impair === undefined ? link : { ...link, impair }
  })
}

/** The request for all three tables, whose first sequence number is `first`. Valid until the next dump. */
export function namespaceRequest(first: number): Buffer {
  encode(new Tables(readersOf("")).all, first)
  return writer.written()
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
      eachMessage(received, (message) => take(tables.all[(message.sequence - first) >>> 0], message))
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

function encode(dumps: readonly Dump<unknown>[], first: number): void {
  writer.clear()
  for (const [i, dump] of dumps.entries()) dump.encode(writer, (first + i) >>> 0)
}

/** Throws KernelError for what another reading would not change. */
function readOnce(connection: Connection, dumps: readonly Dump<unknown>[]): void {
  const first = connection.shared.claim(dumps.length)
  encode(dumps, first)
  for (const dump of dumps) {
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
