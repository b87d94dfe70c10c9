import type { NetNs } from "../kernel.ts"
import { RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE } from "./constants/rtnetlink.ts"
import { TYPES_OF_ADDRESS } from "./rtnl/address.ts"
import { pathsOfLink } from "./rtnl/link-read.ts"
import { TYPES_OF_ROUTE } from "./rtnl/route-read.ts"

/** Types that lead to an attribute, that of the message first: TRIM_STEPS in native/lib/stack.h. */
const STEPS = 5

/** What of a namespace's three tables is read, as libstack's round takes it, which leaves out the rest (native/lib/trim.c): a fifth is left. */
export function keptOf(ns: NetNs): Uint8Array {
  return ns === "host" ? OF_HOST : OF_OTHERS
}

function wordsOf(paths: readonly (readonly number[])[]): Uint8Array {
  const words = new Uint16Array(paths.length * STEPS)
  for (const [i, path] of paths.entries()) words.set(path, i * STEPS)
  return new Uint8Array(words.buffer)
}

function pathsOf(ofHost: boolean): (readonly number[])[] {
  return [
    ...pathsOfLink(ofHost).map((path) => [RTM_NEWLINK, ...path]),
    ...TYPES_OF_ADDRESS.map((type) => [RTM_NEWADDR, type]),
    ...TYPES_OF_ROUTE.map((type) => [RTM_NEWROUTE, type]),
  ]
}

const OF_HOST = wordsOf(pathsOf(true))
const OF_OTHERS = wordsOf(pathsOf(false))
