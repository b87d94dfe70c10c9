import type { Address } from "../base/address.ts"
import { splitAddress } from "../base/address.ts"
import type { Desired } from "./resource.ts"

/** One entry of `moved:`: what is live under the address `from` is the resource `to` of the file. */
export interface Move {
  from: Address
  to: Address
}

/** Where each address moves to. */
export type Moves = ReadonlyMap<Address, Address>

/** The moves that what is live is still to make, and those that cannot be made: something else is live at their end. */
export interface Pending {
  moves: Moves
  blocked: readonly Move[]
}

export function movesOf({ moved = [] }: Pick<Desired, "moved">): Moves {
  return new Map(moved.map(({ from, to }) => [from, to]))
}

/** Where an address comes to along all entries; itself where none is about it. The file has no circles. */
export function destination(moves: Moves, address: Address): Address {
  let at = address
  for (let hops = 0; hops <= 2 * moves.size; hops++) {
    const next = oneMove(moves, at)
    if (next === undefined) return at
    at = next
  }
  return at
}

/**
 * One entry's work: its own; of a replica that of all replicas, number by number; of an interface that of its container.
 */
export function oneMove(moves: Moves, address: Address): Address | undefined {
  if (moves.size === 0) return undefined
  const own = moves.get(address)
  if (own !== undefined) return own
  const { kind, name } = splitAddress(address)
  if (kind === "container") return replicaMove(moves, name)
  if (kind !== "interface") return undefined
  const { container, inside } = splitInterface(name)
  const replica = replicaInterfaceMove(moves, container, inside)
  if (replica !== undefined) return replica
  const moved = oneMove(moves, `container.${container}`)
  return moved === undefined ? undefined : `interface.${splitAddress(moved).name}.${inside}`
}

const INDEX = /\[\d+\]$/

function replicaMove(moves: Moves, name: string): Address | undefined {
  const [index] = INDEX.exec(name) ?? []
  const all = index === undefined ? undefined : moves.get(`container.${name.slice(0, -index.length)}`)
  return all === undefined || INDEX.test(all) ? undefined : `${all}${index}`
}

function replicaInterfaceMove(moves: Moves, container: string, inside: string): Address | undefined {
  const [index] = INDEX.exec(container) ?? []
  const all = index === undefined ? undefined : moves.get(`interface.${container.slice(0, -index.length)}.${inside}`)
  if (all === undefined) return undefined
  const to = splitInterface(splitAddress(all).name)
  return INDEX.test(to.container) ? undefined : `interface.${to.container}${index}.${to.inside}`
}

/** The two halves of an interface's name. A container has no dot in its name, an interface may. */
export function splitInterface(name: string): { container: string; inside: string } {
  const dot = name.indexOf(".")
  return { container: name.slice(0, dot), inside: name.slice(dot + 1) }
}

/** What is live under an address that the file has moved away, and the address it is to have: only where that is wanted. */
export function pendingMoves({ resources, moved }: Pick<Desired, "resources" | "moved">, live: ReadonlySet<Address>): Pending {
  const moves = movesOf({ moved: moved ?? [] })
  if (moves.size === 0) return { moves, blocked: [] }
  const wanted = new Set(resources.map((resource) => resource.address))
  const found = new Map<Address, Address>()
  const blocked: Move[] = []
  // Of a chain the address that is nearest to its end has the place.
  const sources = [...live]
    .filter((address) => !wanted.has(address) && oneMove(moves, address) !== undefined)
    .sort((a, b) => hops(moves, a) - hops(moves, b))
  const taken = new Set(live)
  for (const from of sources) {
    const to = landing(wanted, destination(moves, from))
    if (to === undefined || to === from) continue
    if (taken.has(to)) blocked.push({ from, to })
    else {
      found.set(from, to)
      taken.add(to)
    }
  }
  return { moves: found, blocked }
}

function hops(moves: Moves, address: Address): number {
  let count = 0
  for (let at = oneMove(moves, address); at !== undefined && count <= 2 * moves.size; at = oneMove(moves, at)) count++
  return count
}

/**
 * The wanted resource of an address. A container without a number is number 0 of its replicas, and the other way round. An
 * interface that nobody wants any more goes with its container.
 */
function landing(wanted: ReadonlySet<Address>, address: Address): Address | undefined {
  const { kind, name } = splitAddress(address)
  if (wanted.has(address)) return address
  if (kind === "container") return [`${address}[0]`, address.replace(/\[0\]$/, "")].find((other) => wanted.has(other))
  if (kind !== "interface") return undefined
  const { container, inside } = splitInterface(name)
  const holder = landing(wanted, `container.${container}`)
  return holder === undefined ? undefined : `interface.${splitAddress(holder).name}.${inside}`
}
