import type { Address } from "../base/address.ts"
import type { Plan } from "../model/plan.ts"
import type { HostFacts, Snapshot, Value } from "../model/resource.ts"
import { causeOf } from "./cause.ts"
import { changeDigests, fingerprint, identityOf } from "./digest.ts"
import { sameValue } from "./values.ts"

/** What a saved plan rests on. */
export interface Basis {
  host: HostFacts["identity"]
  /** The kernel objects of the stack, and those that become its own, by address. */
  objects: { readonly [address: Address]: { readonly [key: string]: Value } }
  /** A digest of each change. */
  changes: { readonly [address: Address]: string }
  fingerprint: string
}

export function basisOf(plan: Plan, snapshot: Snapshot): Basis {
  const adopted = [...(snapshot.adoptions?.values() ?? [])].flatMap(({ observed }) => observed ?? [])
  const objects = [...snapshot.resources.values(), ...adopted].map((observed) => [observed.address, identityOf(observed)])
  return {
    host: snapshot.host.identity,
    objects: Object.fromEntries(objects),
    changes: changeDigests(plan),
    fingerprint: fingerprint(plan),
  }
}

/** Why a plan that was made for `then` is not the one that comes out now: each thing by its name; empty where it is. */
export function staleness(then: Basis, plan: Plan, snapshot: Snapshot): string[] {
  const now = basisOf(plan, snapshot)
  if (then.host.boot !== now.host.boot) return ["the machine was booted since it was made"]
  if (then.host.netns !== now.host.netns) return ["it was made in another network namespace, or on another machine"]
  if (then.fingerprint === now.fingerprint) return []
  const found = [...changedObjects(then, now), ...changedChanges(then, plan)]
  return found.length > 0 ? found : ["the steps of the plan come in another order now"]
}

function changedObjects(then: Basis, now: Basis): string[] {
  const addresses = [...new Set([...Object.keys(then.objects), ...Object.keys(now.objects)])].sort()
  return addresses.flatMap((address) => {
    const [before, after] = [then.objects[address], now.objects[address]]
    if (before === undefined) return [`${address} was not there when it was made`]
    if (after === undefined) return [`${address} is gone`]
    return sameValue(before, after) ? [] : [`${address} is another one now: ${difference(before, after)}`]
  })
}

const WORDS: { readonly [key: string]: string } = {
  ifindex: "a new link",
  inside: "a new link inside the container",
  ends: "new links",
  monitor: "it was started anew",
  init: "its command was started anew, or has ended",
  path: "its cgroup is elsewhere",
  inode: "a new cgroup",
}

function difference(before: { readonly [key: string]: Value }, after: { readonly [key: string]: Value }): string {
  const key = Object.keys({ ...before, ...after }).find((one) => !sameValue(before[one], after[one]))
  return WORDS[key ?? ""] ?? "it differs"
}

/** The same objects, but something else is to be done to them. */
function changedChanges(then: Basis, plan: Plan): string[] {
  const now = changeDigests(plan)
  const same = plan.changes.filter(({ address }) => then.changes[address] === now[address]).map(({ address }) => address)
  const different = plan.changes.filter(({ address }) => !same.includes(address))
  return different.map(({ address, action, fields, cause }) => {
    const why = fields.length > 0 ? causeOf(action, fields) : cause
    return action === "no-op" ? `${address}: nothing is to be done any more` : `${address}: ${action} (${why})`
  })
}
