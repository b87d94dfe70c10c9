import { canonicalCidr } from "../../base/ip.ts"
import { withPrefix } from "../../kinds/interface/expand.ts"
import type { Entry } from "../../model/entry.ts"
import type { MapEntry, Path } from "../node.ts"
import { rangeOfPath } from "../node.ts"
import type { Draft, DraftInterface } from "../resolve.ts"
import { hasItsAddresses } from "../resolve.ts"

/** Something that has an address, a name or a MAC address, and where the file says so. */
export interface Spot {
  /** `interface.web.eth0`, or an end of a pair. */
  who: string
  entry: Entry
  source: MapEntry
  path: Path
}

/** `stack.yaml:12:7` */
export function placeText({ source, path }: Pick<Spot, "source" | "path">): string {
  const { file, start } = rangeOfPath(source, path)
  return `${file}:${start.line}:${start.column}`
}

/** Which of one or several written values is meant. */
export function pathOf(path: Path, value: string | readonly string[] | undefined, is: (text: string) => boolean): Path {
  return Array.isArray(value) ? [...path, Math.max(0, value.findIndex(is))] : path
}

/** Where a canonical address of something is written. */
export function addressPath(path: Path, value: string | readonly string[] | undefined, address: string): Path {
  return pathOf(path, value, (text) => canonicalCidr(text) === address)
}

/** The same for an interface, whose addresses may lack their prefix length. */
export function interfacePath(draft: Draft, { attributes, value }: DraftInterface, address: string): Path {
  const found = draft.bridges.find((b) => b.entry.address === attributes.bridge)
  const bridge = { address: found?.attributes.address ?? [], whole: found !== undefined && hasItsAddresses(found) }
  return pathOf(["address"], value.address, (text) => canonicalCidr(withPrefix(text, bridge)) === address)
}

/** True where two entries of the file's are one: replicas of a container without a number of their own here. */
export function sameSpot(a: Spot, b: Spot): boolean {
  return placeText(a) === placeText(b)
}

/** The network part of `10.0.0.1/24`. */
export function hostPart(address: string): string {
  return address.slice(0, address.indexOf("/"))
}
