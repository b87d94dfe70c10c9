import type { NetNs, NetRequest } from "../kernel.ts"
import { changedNames, homeOf, neededNames, withNamespaces } from "./request.ts"

/** Requests that may go to the kernel together, once the indexes of `names` are known. */
export interface Segment {
  /** The namespace they are sent in. */
  ns: NetNs
  requests: { request: NetRequest; at: number }[]
  /** Links whose index the requests need, as they are called before the segment. */
  names: Set<string>
  /** Names that are other links' behind the segment. */
  changed: Set<string>
  /** True where any name may be another link's behind it. */
  changesAny: boolean
}

/**
 * Cuts a batch for `ns` where a request needs the index of a link that one before it makes or renames, and where another
 * namespace begins. `at` is the request's place in the batch.
 */
export function segmentsOf(ns: NetNs, requests: readonly NetRequest[]): Segment[] {
  const segments: Segment[] = []
  let current: Segment | undefined
  for (const [at, given] of requests.entries()) {
    const request = withNamespaces(given, ns)
    const home = homeOf(request, ns)
    const names = neededNames(request)
    if (current?.ns !== home || isStale(current, names)) {
      current = { ns: home, requests: [], names: new Set(), changed: new Set(), changesAny: false }
      segments.push(current)
    }
    current.requests.push({ request, at })
    for (const name of names) current.names.add(name)
    const changes = changedNames(request)
    if (changes === "any") current.changesAny = true
    else for (const name of changes) current.changed.add(name)
  }
  return segments
}

function isStale({ changed, changesAny }: Segment, names: readonly string[]): boolean {
  return names.some((name) => changesAny || changed.has(name))
}
