import type { Address } from "../base/address.ts"
import { interfaceRelations } from "../kinds/interface/relations.ts"
import { mtuOver } from "../kinds/interface/spec-mtu.ts"
import type { Draft, DraftContainer, DraftInterface } from "./resolve.ts"

/** A link of a container that others of it can lie on. */
export interface OwnLink {
  address: Address
  up: boolean
  mtu?: number | undefined
  /** Absent of an end of a pair. */
  one?: DraftInterface
}

/** Interfaces of a container, and ends of pairs in it, by their names there. */
export function ownLinks({ veths }: Draft, { entry: { address }, interfaces }: DraftContainer): ReadonlyMap<string, OwnLink> {
  const ends = veths.flatMap(({ attributes: { endpoints, mtu }, entry }) =>
    endpoints.flatMap(({ container, interface: name, up }): [string, OwnLink][] =>
      container === address ? [[name, { address: entry.address, up, mtu }]] : [],
    ),
  )
  const own = interfaces.map((one): [string, OwnLink] => {
    const { interface: name, up, mtu } = one.attributes
    return [name, { address: one.entry.address, up, mtu, one }]
  })
  return new Map([...ends, ...own])
}

/** Those of a container's interfaces that lie on another link of it. */
export function lyingIn({ interfaces }: DraftContainer): DraftInterface[] {
  return interfaces.filter(({ attributes: { link } }) => link?.link !== undefined)
}

/** Links that lie on another one of their container are made after it, go and come with it, and have what they do not say of it. */
export function connectOwnLinks(draft: Draft): void {
  for (const container of [...draft.containers, ...draft.spare]) {
    const lying = lyingIn(container)
    if (lying.length === 0) continue
    const links = ownLinks(draft, container)
    const done = new Set<DraftInterface>()
    for (const one of lying) settle(one, links, done)
  }
}

/** First the one below, which may lie on another itself. The kernel has no VLAN up whose link is down. */
function settle(one: DraftInterface, links: ReadonlyMap<string, OwnLink>, done: Set<DraftInterface>): void {
  const { attributes, value } = one
  const lower = links.get(attributes.link?.link ?? "")
  if (attributes.link === undefined || lower === undefined || done.has(one)) return
  done.add(one)
  if (lower.one !== undefined) settle(lower.one, links, done)
  const { mtu, up } = lower.one?.attributes ?? lower
  one.attributes = {
    ...attributes,
    parent: lower.address,
    up: value.up ?? (attributes.link.kind === "vlan" ? up : true),
    ...(attributes.mtu === undefined && mtu !== undefined ? { mtu: mtuOver(attributes.link.kind, mtu) } : {}),
  }
  one.references = interfaceRelations(one.attributes).references
}
