import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import { isOfGroup } from "../../model/ownership.ts"
import type { Foreign, KindName } from "../../model/resource.ts"
import { LINK_KINDS } from "../interface/spec-link-kinds.ts"
import { ownerProblem } from "./adoptable.ts"
import { holderOf } from "./holder.ts"
import { fitsType, markedOwner } from "./marked.ts"
import type { Place } from "./places.ts"
import { peerOnHost, places } from "./places.ts"
import { mayBeLost, strayedOwner } from "./strayed.ts"
import { recordedOwner, wantedLinks } from "./wanted.ts"

/** Why a link that bears our group but no alias, and is in nobody's place, is half-made. */
const UNMARKED = "its creation was cut short before it was marked"

function calledOtherwise({ alias }: Link): string {
  return `it is in the stack's group, is marked "${alias}", and nobody wants it where it is`
}

/**
 * The resource of this stack that a link belongs to: by its alias, or, where that is no stack's but it bears our group, by the place
 * it is in. One without any whose place nobody wants is called by its own name. Undefined for a link of another owner.
 * docs/decisions/0032
 */
export function ownerOf(scope: Scope, where: Place["container"], link: Link): Address | undefined {
  const outside = where === "host" ? undefined : ownerOutside(scope, where, link)
  return outside ?? markedOwner(scope, link) ?? unmarkedOwner(scope, where, link)
}

/** The interface of that container whose inner end this is: inner ends bear no alias, the port on the host does. */
function ownerOutside(scope: Scope, container: Address, inside: Link): Address | undefined {
  const outside = peerOnHost(scope, inside)
  const owner = outside === undefined ? undefined : ownerOf(scope, "host", outside)
  const isIts = owner?.startsWith("interface.") && holderOf(scope, owner) === splitAddress(container).name
  return isIts ? owner : undefined
}

function unmarkedOwner(scope: Scope, where: Place["container"], link: Link): Address | undefined {
  return unmarked(scope, where, link)?.address
}

/**
 * `rest`: it is called by its own name, and there only to be removed. One that somebody calls otherwise is so only if the last apply wanted some that is
 * nowhere else.
 */
function unmarked(scope: Scope, where: Place["container"], link: Link): { address: Address; rest?: true } | undefined {
  if (!isOfGroup(scope.stack, link)) return undefined
  const spot = `${where}/${link.name}`
  const fits = (address: Address | undefined): address is Address => address !== undefined && fitsType(address, link.kind)
  const wanted = wantedLinks(scope).get(spot)
  if (fits(wanted)) return { address: wanted }
  const recorded = link.alias === "" ? undefined : recordedOwner(scope, spot)
  if (fits(recorded)) return { address: recorded }
  const strayed = strayedOwner(scope, where, link)
  if (fits(strayed)) return { address: strayed }
  const address = link.alias === "" || mayBeLost(scope, link) ? ownName(where, link) : undefined
  return address === undefined ? undefined : { address, rest: true }
}

function ownName(where: Place["container"], { name, kind }: Link): Address | undefined {
  if (where !== "host" && Object.hasOwn(LINK_KINDS, kind)) return `interface.${splitAddress(where).name}.${name}`
  if (kind === "veth") return where === "host" ? `interface.${name}` : `interface.${splitAddress(where).name}.${name}`
  return kind === "bridge" && where === "host" ? `bridge.${name}` : undefined
}

export interface OwnedLink {
  link: Link
  address: Address
  incomplete?: string
}

/**
 * The host's links of this stack for one kind: those that bear its alias, and those of our group without one. Such a one has lost
 * it or was never given it: in the place of a wanted one it only lacks what it differs in, elsewhere it is the rest of something.
 */
export function ownedLinks(scope: Scope, kind: KindName): OwnedLink[] {
  return scope.host.links.flatMap((link) => {
    const address = ownerOf(scope, "host", link)
    if (address === undefined || splitAddress(address).kind !== kind) return []
    const isRest = markedOwner(scope, link) === undefined && unmarked(scope, "host", link)?.rest
    return [{ link, address, ...(isRest ? { incomplete: link.alias === "" ? UNMARKED : calledOtherwise(link) } : {}) }]
  })
}

/** The mtu of a pair whose ends may differ: where one is not as it is wanted, that one's. */
export function mtuOf(scope: Scope, address: Address, ends: readonly Link[]): number {
  const wanted = scope.resource(address)?.attributes.mtu
  const [first = 0, ...rest] = ends.map((end) => end.mtu)
  return [first, ...rest].find((mtu) => mtu !== wanted) ?? first
}

/** Links of another owner that stand where a wanted one of this kind must go. */
export function foreignLinks(scope: Scope, kind: KindName): Foreign[] {
  return ownerless(scope).flatMap(({ address, container, link, called }): Foreign[] => {
    if (splitAddress(address).kind !== kind) return []
    const too = called === undefined ? "" : `, which is called ${called} too,`
    if (container !== "host") return [{ address, what: told(link, ` in ${container}${too}`), within: container }]
    return [{ address, what: told(link, too), ...(called === undefined && isAdoptable(scope, kind, link) ? { adoptable: link.name } : {}) }]
  })
}

interface Ownerless {
  /** Who wants its place. */
  address: Address
  container: Place["container"]
  link: Link
  /** The name that it has besides, where that is what is wanted. */
  called?: string
}

/** Found once for each observation, for all kinds of links. */
const OWNERLESS = new WeakMap<Scope, readonly Ownerless[]>()

/** Links that are nobody's of this stack, in places where it wants some; and those that have the name of such a place besides their own. */
function ownerless(scope: Scope): readonly Ownerless[] {
  const wanted = wantedLinks(scope)
  const find = () =>
    places(scope).flatMap(({ container, dump }) =>
      dump.links.flatMap((link): Ownerless[] => {
        const address = wanted.get(`${container}/${link.name}`)
        const isTaken = address !== undefined && ownerOf(scope, container, link) === undefined
        return [...(isTaken ? [{ address, container, link }] : []), ...calledSoToo(scope, container, link)]
      }),
    )
  const known = OWNERLESS.get(scope) ?? find()
  OWNERLESS.set(scope, known)
  return known
}

/** Places of others that a link has the name of, besides its own. What is to have that name itself gets it by being renamed. */
function calledSoToo(scope: Scope, container: Place["container"], link: Link): Ownerless[] {
  return (link.altnames ?? []).flatMap((called) => {
    const address = wantedLinks(scope).get(`${container}/${called}`)
    return address === undefined || ownerOf(scope, container, link) === address ? [] : [{ address, container, link, called }]
  })
}

/** An interface is a part of a container, which nobody else can have made. */
function isAdoptable({ stack }: Scope, kind: KindName, link: Link): boolean {
  return kind !== "interface" && fitsType(`${kind}.`, link.kind) && ownerProblem(stack, link) === undefined
}

function told({ name, index, kind, alias }: Link, where: string): string {
  return `link ${name} (index ${index}, ${kind || "device"})${where} ${alias === "" ? "bears no mark of a stack" : `is marked "${alias}"`}`
}
