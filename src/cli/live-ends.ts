import type { Kernel, LinkCounters, NetDump, NetNs } from "../kernel/kernel.ts"
import { reachableAddresses } from "../kinds/link/addresses.ts"
import type { Attributes, Observed } from "../model/resource.ts"
import type { ShownEnd } from "../render/show-ends.ts"
import { unlessGone } from "./fault.ts"
import type { StackEnd } from "./live-link.ts"
import { allEnds } from "./live-link.ts"

/** Every end of every link among these, as it is now, with its counters; by the resource it is of. */
export function readEnds(kernel: Kernel, observed: readonly Observed[]): ReadonlyMap<string, ShownEnd[]> {
  const resources = new Map(observed.map((one) => [one.address, one]))
  const ends = allEnds(kernel, resources)
  const readings = new Map([...new Set(ends.map(({ end }) => end.ns))].map((ns) => [ns, readingOf(kernel, ns)]))
  const found = new Map<string, ShownEnd[]>()
  for (const one of ends) {
    const owner = resources.get(one.owner) as Observed
    const shown: ShownEnd = { ...asRead(one, readings.get(one.end.ns)), ...otherEnd(one, ends, owner) }
    found.set(one.owner, [...(found.get(one.owner) ?? []), shown])
  }
  return withPorts(found, observed)
}

interface Reading {
  dump: NetDump
  counters: ReadonlyMap<number, LinkCounters>
}

/** Undefined where it is gone, or this user may not look into it. */
function readingOf(kernel: Kernel, ns: NetNs): Reading | undefined {
  return unlessGone(() => ({ dump: kernel.dump(ns), counters: new Map(kernel.counters(ns).map((one) => [one.index, one])) }))
}

function asRead({ end: { name, index } }: StackEnd, reading: Reading | undefined): ShownEnd {
  const link = reading?.dump.links.find((one) => one.index === index)
  if (reading === undefined || link === undefined) return { end: name }
  const { up, state, mac, mtu } = link
  const counters = reading.counters.get(index)
  return {
    ...{ end: name, up, state, mac, mtu, address: reachableAddresses(reading.dump, index) },
    ...(counters === undefined ? {} : { carrier: counters.carrier, counters: { rx: counters.rx, tx: counters.tx } }),
  }
}

function otherEnd(one: StackEnd, ends: readonly StackEnd[], { attributes, kind }: Observed): Pick<ShownEnd, "peer" | "bridge"> {
  const other = ends.find((end) => end !== one && end.owner === one.owner)?.end.name
  const peer = other ?? lowerOf(attributes)
  const isPort = kind === "interface" && one.end.ns === "host"
  const bridge = isPort ? (attributes.bridge ?? attributes.master) : undefined
  return { ...(peer === undefined ? {} : { peer }), ...(typeof bridge === "string" ? { bridge } : {}) }
}

/** The link that one lies on, by its place. */
function lowerOf({ link, container }: Attributes): string | undefined {
  const { parent, link: beside } = (link ?? {}) as Attributes
  if (typeof beside === "string") return `${String(container).replace(/^container\./, "")}:${beside}`
  return typeof parent === "string" ? `host:${parent}` : undefined
}

/** The stack's own: who else has put one there is told by the plan that would take it away. */
function withPorts(found: ReadonlyMap<string, readonly ShownEnd[]>, observed: readonly Observed[]): ReadonlyMap<string, ShownEnd[]> {
  const all = [...found.values()].flat()
  const bridges = new Set(observed.filter(({ kind }) => kind === "bridge").map(({ address }) => address))
  const portsOf = (address: string) => all.filter(({ bridge }) => bridge === address).map(({ end }) => end)
  return new Map(
    [...found].map(([owner, ends]) => [owner, bridges.has(owner) ? ends.map((end) => ({ ...end, ports: portsOf(owner) })) : [...ends]]),
  )
}
