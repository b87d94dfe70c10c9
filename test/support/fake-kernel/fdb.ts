import { isGroupMac, NO_MAC } from "../../../src/base/mac.ts"
import type { FdbEntry, NetRequest } from "../../../src/kernel/kernel.ts"
import type { NetCall } from "./links.ts"
import { findLink } from "./links.ts"

const keyOf = ({ mac, to, port, vni }: FdbEntry) => `${mac} ${to} ${port} ${vni}`

/** A machine's address is in one place. */
export function addFdb(call: NetCall, { link: ref, entry }: NetRequest & { op: "fdb-add" }): void {
  const link = findLink(call, ref)
  const many = entry.mac === NO_MAC || isGroupMac(entry.mac)
  const others = (link.fdb ?? []).filter((one) => (many ? keyOf(one) !== keyOf(entry) : one.mac !== entry.mac))
  link.fdb = [...others, entry]
}

export function deleteFdb(call: NetCall, { link: ref, entry }: NetRequest & { op: "fdb-delete" }): void {
  const link = findLink(call, ref)
  if (!link.fdb?.some((one) => keyOf(one) === keyOf(entry))) call.refuse("ENOENT")
  link.fdb = link.fdb.filter((one) => keyOf(one) !== keyOf(entry))
}
