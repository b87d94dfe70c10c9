import { NO_MAC } from "../../base/mac.ts"
import type { FdbEntry, Link, LinkRef, NetRequest } from "../../kernel/kernel.ts"
import type { Attributes, Value } from "../../model/resource.ts"
import type { FdbSpec } from "./spec-fdb.ts"
import { fdbKey, inFdbOrder } from "./spec-fdb.ts"

/** What is read of where a vxlan's frames go. */
export function observedFdb({ fdb }: Link): Attributes {
  return fdb === undefined ? {} : { fdb: inFdbOrder(fdb.map(specOf)) as unknown as Value }
}

function specOf({ mac, ...rest }: FdbEntry): FdbSpec {
  return mac === NO_MAC ? rest : { mac, ...rest }
}

/** What makes the one list of entries the other one: what goes first, as one machine is in one place. */
export function fdbChanges(link: LinkRef, have: readonly FdbSpec[] = [], want: readonly FdbSpec[] = []): NetRequest[] {
  return [
    ...without(have, want).map((entry): NetRequest => ({ op: "fdb-delete", link, entry })),
    ...without(want, have).map((entry): NetRequest => ({ op: "fdb-add", link, entry })),
  ]
}

function without(some: readonly FdbSpec[], others: readonly FdbSpec[]): FdbEntry[] {
  const known = new Set(others.map(fdbKey))
  return some.filter((entry) => !known.has(fdbKey(entry))).map((entry) => ({ mac: NO_MAC, ...entry }))
}
