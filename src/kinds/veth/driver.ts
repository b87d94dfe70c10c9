import type { Address } from "../../base/address.ts"
import { regainsIpv6 } from "../../base/ip.ts"
import type { KernelError, NetRequest } from "../../kernel/kernel.ts"
import type { Driver, Run, Scope } from "../../model/driver.ts"
import type { Adoption, Import } from "../../model/imports.ts"
import { destination, movesOf } from "../../model/moves.ts"
import { addressOfAlias, aliasOf, linkGroupOf } from "../../model/ownership.ts"
import type { Observed } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import { addressChanges, canonicalAddresses, keptWhenDown } from "../link/addresses.ts"
import { observedGroup } from "../link/group.ts"
import { impairChanges, observedImpair } from "../link/impair.ts"
import { netnsOf } from "../link/netns.ts"
import { foreignLinks, mtuOf, ownerOf } from "../link/owned.ts"
import { places } from "../link/places.ts"
import { firstError, settled, settledLater } from "../link/results.ts"
import { observedPrefixRoutes, setPrefixRoutes } from "../link/subnet-routes.ts"
import type { End } from "./adoptable.ts"
import { endsLeftUnmarked, unmarkedPair } from "./adoptable.ts"
import { createPairs, heed } from "./create.ts"
import { deletePairs } from "./delete.ts"
import type { VethAttributes } from "./spec.ts"

type Endpoint = VethAttributes["endpoints"][number]

/** A veth pair between two containers, or a container and the host: both ends bear the alias. veth(4) */
export const vethDriver: Driver = {
  name: "veth",
  // What containers' namespaces say is waited for last: a thread goes round them meanwhile.
  observe: (scope) => () => {
    const marked = collectEnds(scope)
    const unmarked = endsLeftUnmarked(scope, marked)
    const ends = new Map([...marked].map(([address, found]) => [address, [...found, ...(unmarked.get(address) ?? [])]]))
    const wanted = new Map(wantedVeths(scope).map(({ address, endpoints }) => [address, endpoints]))
    const resources = [...ends].map(([address, found]) => observed(scope, address, found, wanted.get(address) ?? []))
    return {
      resources,
      foreign: foreignLinks(scope, "veth").filter(({ address, within }) => within !== undefined || !unmarked.has(address)),
    }
  },
  adoptable,
  ops: {
    create: (steps, run) => settled(steps, createPairs(steps, run)),
    update: (steps, run) =>
      settled(
        steps,
        steps.map((step) => update(step, run)),
      ),
    delete: (steps, run) => settledLater(steps, deletePairs(steps, run)),
  },
}

// ------------------------------------------------------------------ observe

function wantedVeths(scope: Scope): { address: Address; endpoints: Endpoint[] }[] {
  const veths = scope.desired.resources.filter((r) => r.kind === "veth")
  return veths.map((r) => ({ address: r.address, endpoints: (r.attributes as unknown as VethAttributes).endpoints }))
}

function collectEnds(scope: Scope): Map<Address, End[]> {
  const ends = new Map<Address, End[]>()
  for (const { container, dump } of places(scope)) {
    for (const link of dump.links) {
      const address = ownerOf(scope, container, link)
      if (address?.startsWith("veth.")) ends.set(address, [...(ends.get(address) ?? []), { container, link, dump }])
    }
  }
  joinHalfMoved(scope, ends)
  return ends
}

/** An apply that was killed may have marked one end with the new address, and not yet the other. */
function joinHalfMoved(scope: Scope, ends: Map<Address, End[]>): void {
  const moves = movesOf(scope.desired)
  for (const [from, found] of [...ends]) {
    const to = destination(moves, from)
    const others = to === from ? undefined : ends.get(to)
    if (others === undefined || incompleteness([...others, ...found]) !== undefined) continue
    ends.set(to, [...others, ...found])
    ends.delete(from)
  }
}

/**
 * In the order of the file. An end that is not as the file has it takes the place that is left, sooner in the same container. Where
 * no file tells the order, the host's end comes last.
 */
function inOrder(found: readonly End[], wanted: readonly Endpoint[]): End[] {
  const rest = [...found.filter((e) => e.container !== "host"), ...found.filter((e) => e.container === "host")]
  const take = (fits: (end: End) => boolean) => {
    const at = rest.findIndex(fits)
    return at < 0 ? undefined : rest.splice(at, 1)[0]
  }
  const named = wanted.map((w) => take((e) => e.container === w.container && e.link.name === w.interface))
  const near = named.map((end, i) => end ?? take((e) => e.container === wanted[i]?.container))
  const placed = near.map((end) => end ?? take(() => true))
  return [...placed.filter((end) => end !== undefined), ...rest]
}

function observed(scope: Scope, address: Address, found: End[], wanted: readonly Endpoint[]): Observed {
  const ends = inOrder(found, wanted)
  const missing = incompleteness(ends)
  return {
    kind: "veth",
    address,
    name: address.slice("veth.".length),
    attributes: {
      endpoints: ends.map((end) => endpointOf(scope, end)),
      mtu: mtuOf(
        scope,
        address,
        ends.map((e) => e.link),
      ),
      alias: aliasOfBoth(ends, aliasOf(scope.stack, address)),
    },
    ...(missing === undefined ? {} : { incomplete: missing }),
    ...formerOf(scope, address, ends),
    live: { ends: ends.map((e) => ({ container: e.container, ifindex: e.link.index, state: e.link.state })) },
  }
}

/** The address in the mark of an end that has not the present one. */
function formerOf(scope: Scope, address: Address, ends: readonly End[]): Pick<Observed, "movedFrom"> {
  const marked = ends.map(({ link }) => addressOfAlias(scope.stack, link.alias))
  const movedFrom = marked.find((other) => other !== undefined && other !== address)
  return movedFrom === undefined ? {} : { movedFrom }
}

function incompleteness(ends: readonly End[]): string | undefined {
  const [a, b] = ends
  const paired = ends.length === 2 && a?.link.peerIndex === b?.link.index && b?.link.peerIndex === a?.link.index
  return paired ? undefined : "one of its ends is not where it belongs"
}

/** The one that is not as it should be. */
function aliasOfBoth(ends: readonly End[], right: string): string {
  const aliases = ends.map((e) => e.link.alias)
  return aliases.find((alias) => alias !== right) ?? right
}

/** What each end bears goes along, for a pair that is given back: no rule looks at it. */
function adoptable(scope: Scope, entry: Import, live: Observed | undefined): Adoption | undefined {
  if (live !== undefined) return undefined
  const found = unmarkedPair(scope, entry)
  if ("problem" in found) return { entry, ...found }
  const wanted = wantedVeths(scope).find(({ address }) => address === entry.to)?.endpoints ?? []
  const ends = inOrder(found.ends, wanted)
  const as = observed(scope, entry.to, ends, wanted)
  const endpoints = ends.map((end) => ({ ...endpointOf(scope, end), unmarked: { alias: end.link.alias, group: end.link.group } }))
  return { entry, observed: { ...as, attributes: { ...as.attributes, endpoints } } }
}

function endpointOf(scope: Scope, { container, link, dump }: End): Endpoint {
  const master = container === "host" ? scope.linkByIndex(link.master)?.name : undefined
  const { index, name, mac, up } = link
  const own: Endpoint = { container, interface: name, address: canonicalAddresses(dump, index), mac, up }
  if (container === "host" && link.accept_ra) own.accept_ra = true
  if (master !== undefined) own.master = master
  return Object.assign(own, observedGroup(scope, link), observedImpair(link.impair), observedPrefixRoutes(dump, link))
}

// -------------------------------------------------------------------- apply

function update(step: Step, run: Run): KernelError | null {
  const want = step.change.after as unknown as VethAttributes
  const have = step.change.before as unknown as VethAttributes
  const unmarked = step.change.adopts === undefined ? null : markAdopted(want, run)
  if (unmarked !== null) return unmarked
  return firstError(
    want.endpoints.flatMap((e, i) => {
      const before = have.endpoints[i]
      if (before === undefined) return []
      // What bears no mark is not asked whom the host listens to there.
      const unknown = step.change.adopts !== undefined || want.alias !== have.alias
      const heard = unknown || e.accept_ra !== before.accept_ra ? [heed(e, run)] : []
      const netns = netnsOf(run, e.container)
      const changed = run.kernel.net(netns, endpointChanges(e, before, want, have, run))
      const heardAgain = regainsIpv6(have.mtu, want.mtu) ? [heed(e, run)] : []
      const isLost = step.change.fields.some(({ path }) => path === `endpoints.${i}.prefix_routes`)
      return [...heard, ...changed, ...heardAgain, ...(isLost ? [setPrefixRoutes(run.kernel, netns, e.interface, e.prefix_routes)] : [])]
    }),
  )
}

/** What bears no mark is never changed: it gets one first. */
function markAdopted({ endpoints, alias }: VethAttributes, run: Run): KernelError | null {
  const group = linkGroupOf(run.stack)
  const marks = endpoints.map((end): NetRequest => ({ op: "link-set", link: end.interface, alias, group }))
  return firstError(run.kernel.net("host", marks))
}

function endpointChanges(want: Endpoint, have: Endpoint, pair: VethAttributes, pairBefore: VethAttributes, run: Run): NetRequest[] {
  const link = want.interface
  const set: NetRequest & { op: "link-set" } = { op: "link-set", link }
  if (want.unmarked !== undefined) Object.assign(set, want.unmarked)
  else if (pair.alias !== pairBefore.alias) Object.assign(set, { alias: pair.alias, group: linkGroupOf(run.stack) })
  else if (want.group !== have.group) set.group = want.group ?? linkGroupOf(run.stack)
  if (pair.mtu !== pairBefore.mtu) set.mtu = pair.mtu
  if (want.mac !== have.mac) set.mac = want.mac
  if (want.up !== have.up) set.up = want.up
  if (want.master !== have.master) set.master = want.master ?? 0
  const changes = [
    ...impairChanges(run.kernel, link, have.impair, want.impair),
    ...addressChanges(link, set.up === false ? keptWhenDown(have.address) : have.address, want.address),
  ]
  return Object.keys(set).length > 2 ? [set, ...changes] : changes
}
