import type { Address } from "../base/address.ts"
import { splitAddress } from "../base/address.ts"
import { readdressed } from "../kinds/catalog.ts"
import type { Adoption } from "../model/imports.ts"
import type { Moves } from "../model/moves.ts"
import type { Desired, Observed, Resource, Snapshot } from "../model/resource.ts"

/** What is wanted, under the addresses that it still has in the kernel: what is looked for where the moves are not made yet. */
export function beforeMoves(desired: Desired, moves: Moves): Desired {
  const back = new Map([...moves].map(([from, to]) => [to, from]))
  const rename = (address: Address) => back.get(address) ?? address
  const { imports } = desired
  return {
    ...desired,
    resources: desired.resources.map((resource) => renamedResource(resource, rename)),
    ...(imports === undefined ? {} : { imports: imports.map((entry) => ({ ...entry, to: rename(entry.to) })) }),
  }
}

function renamedResource(resource: Resource, rename: (address: Address) => Address): Resource {
  const { kind, attributes, references, partOf } = resource
  const address = rename(resource.address)
  return {
    ...resource,
    address,
    name: splitAddress(address).name,
    attributes: readdressed(kind, attributes, rename),
    references: references.map((reference) => ({ ...reference, address: rename(reference.address) })),
    ...(partOf === undefined ? {} : { partOf: rename(partOf) }),
  }
}

/** The reading under the addresses that the file has for what was found. What is to be moved says where from. */
export function afterMoves(snapshot: Snapshot, moves: Moves): Snapshot {
  const rename = (address: Address) => moves.get(address) ?? address
  const resources = [...snapshot.resources.values()].map((observed) => renamedObserved(observed, rename))
  const { adoptions } = snapshot
  return {
    ...snapshot,
    moves,
    resources: new Map(resources.map((observed) => [observed.address, observed])),
    foreign: snapshot.foreign.map((one) => ({
      ...one,
      address: rename(one.address),
      ...(one.within === undefined ? {} : { within: rename(one.within) }),
    })),
    ...(adoptions === undefined
      ? {}
      : { adoptions: new Map([...adoptions].map(([address, one]) => renamedAdoption(rename(address), one))) }),
  }
}

function renamedAdoption(address: Address, { entry, observed, problem }: Adoption): [Address, Adoption] {
  const { name } = splitAddress(address)
  const found = observed === undefined ? {} : { observed: { ...observed, address, name } }
  return [address, { entry: { ...entry, to: address }, ...found, ...(problem === undefined ? {} : { problem }) }]
}

function renamedObserved(observed: Observed, rename: (address: Address) => Address): Observed {
  const { kind, attributes, applied } = observed
  const address = rename(observed.address)
  return {
    ...observed,
    address,
    name: splitAddress(address).name,
    attributes: readdressed(kind, attributes, rename),
    ...(applied == null ? {} : { applied: readdressed(kind, applied, rename) }),
    ...(address === observed.address ? {} : { movedFrom: observed.address }),
  }
}
