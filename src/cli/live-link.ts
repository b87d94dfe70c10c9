import { DiagnosticError, error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import type { Kernel, Link, NetNs, ProcessId } from "../kernel/kernel.ts"
import type { Observed } from "../model/resource.ts"
import type { Session } from "./session.ts"
import { observeStack } from "./session.ts"

/** One end of a link of the stack, where it is now. */
export interface LiveEnd {
  /** As it is told: `r1:eth1`, `host:lab-lan`. */
  name: string
  ns: NetNs
  index: number
  /** The monitor of the container that it is in. */
  holder?: ProcessId
}

/**
 * The ends that a person means: `veth.core` (both), `interface.web.eth0` (the container's), `bridge.lan`, or one by its place, `container.r1:eth1`,
 * `r1:eth1`, `host:NAME`.
 */
export function liveEnds(session: Session, written: string, besides: Besides = () => []): LiveEnd[] {
  const { resources } = observeStack(session, { stack: session.stack, resources: [] })
  const all = allEnds(session.kernel, resources)
  const place = written.replace(/^container\./, "")
  const found = all.filter(({ address, end }) => address === written || end.name === place).map(({ end }) => end)
  if (found.length > 0) return found
  const others = besides(session.kernel, place, resources)
  if (others.length > 0) return others
  const known = [...new Set(all.flatMap(({ address, end }) => [address, end.name]))]
  throw unknownLink(written, session.stack, known, nearest(place, known))
}

/** What else a place may mean. */
type Besides = (kernel: Kernel, place: string, resources: Resources) => LiveEnd[]

/** A link in a container that no file names: `lo`, or what somebody in there has made. */
export const anyInside: Besides = (kernel, place, resources) => {
  const colon = place.lastIndexOf(":")
  const space = namespaceOf(kernel, `container.${place.slice(0, colon)}`, resources)
  if (colon < 1 || space === undefined) return []
  const link = kernel.dump(space.ns).links.find(({ name }) => name === place.slice(colon + 1))
  return link === undefined ? [] : [{ name: place, index: link.index, ...space }]
}

function unknownLink(written: string, stack: string, known: readonly string[], near: string | undefined): DiagnosticError {
  const own = known.filter((name) => name.startsWith(`${written.replace(/^container\./, "")}:`))
  const some = `${known.slice(0, 8).join(", ")}${known.length > 8 ? ", …" : ""}`
  if (own.length > 0) {
    const hint = `name one of its links: ${own.join(", ")}`
    return new DiagnosticError(error("no-link", `${written} is a container of stack ${stack}, not a link`, { hint }))
  }
  const hint = near !== undefined ? `did you mean ${near}?` : known.length === 0 ? "`stack apply` makes its links" : `there is ${some}`
  return new DiagnosticError(error("no-link", `stack ${stack} has no live link ${written}`, { hint }))
}

type Resources = ReadonlyMap<string, Observed>

export interface StackEnd {
  /** The resource it is of. */
  owner: string
  /** What means it, and maybe another end, too. */
  address: string
  end: LiveEnd
}

/** The ends of all links of the stack that are there. */
export function allEnds(kernel: Kernel, resources: Resources): StackEnd[] {
  return [...resources.values()].flatMap((one) => endsOf(kernel, one, resources).map((end) => ({ owner: one.address, ...end })))
}

function endsOf(kernel: Kernel, { kind, address, attributes, live }: Observed, resources: Resources): Omit<StackEnd, "owner">[] {
  const at = (container: string, link: unknown, index: unknown) => {
    const space = namespaceOf(kernel, container, resources)
    if (space === undefined || typeof link !== "string" || typeof index !== "number" || index === 0) return []
    return [{ address, end: { name: `${container.replace(/^container\./, "")}:${link}`, index, ...space } }]
  }
  if (kind === "bridge") return at("host", attributes.interface, live.ifindex)
  if (kind === "interface") {
    const inside = at(String(attributes.container), attributes.interface, live.inside)
    const port = at("host", attributes.host_interface, live.ifindex)
    // By the interface's own name its inside is meant; the port can be had by its place.
    return [...inside, ...port.map(({ end }) => ({ address: `host:${String(attributes.host_interface)}`, end }))]
  }
  if (kind !== "veth") return []
  const ends = (live.ends ?? []) as unknown as { container: string; ifindex: number }[]
  const names = (attributes.endpoints ?? []) as unknown as { interface: string }[]
  return ends.flatMap(({ container, ifindex }, i) => at(container, names[i]?.interface, ifindex))
}

function namespaceOf(kernel: Kernel, container: string, resources: Resources): Pick<LiveEnd, "ns" | "holder"> | undefined {
  if (container === "host") return { ns: "host" }
  const { monitor: holder, netns } = (resources.get(container)?.live ?? {}) as unknown as { monitor?: ProcessId; netns?: string }
  return holder === undefined || netns === undefined ? undefined : { ns: kernel.heldNamespaces(holder).net, holder }
}

/** The link as it is now; undefined where it is gone. */
export function readLink(kernel: Kernel, { ns, index }: LiveEnd): Link | undefined {
  return kernel.dump(ns).links.find((link) => link.index === index)
}
