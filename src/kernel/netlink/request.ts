import type { LinkRef, NetNs, NetRequest } from "../kernel.ts"
import { encodeAddressAdd, encodeAddressDelete, encodePromotion } from "./rtnl/address.ts"
import { encodeFdbAdd, encodeFdbDelete } from "./rtnl/fdb.ts"
import { encodeHairpin } from "./rtnl/hairpin.ts"
import { encodeBridgeAdd, encodeLinkAdd, encodeVethAdd } from "./rtnl/link-add.ts"
import { encodeAltname, encodeGroupDelete, encodeLinkDelete, encodeLinkSet, needsIndex } from "./rtnl/link-change.ts"
import { encodeNeighbourDelete, encodeNeighbourReplace } from "./rtnl/neighbour.ts"
import { encodePortState } from "./rtnl/port-state.ts"
import { encodeVlanAdd, encodeVlanDelete } from "./rtnl/port-vlans.ts"
import { encodeImpair, encodeImpairDelete } from "./rtnl/qdisc.ts"
import type { Resolver } from "./rtnl/resolver.ts"
import { encodeRouteAppend, encodeRouteDelete, encodeRouteReplace } from "./rtnl/route.ts"
import { encodeRuleAdd, encodeRuleDelete, encodeVrfRuleAdd, encodeVrfRuleDelete } from "./rtnl/rule.ts"
import type { WireWriter } from "./wire.ts"

/** Writes one message with this sequence number. */
export type Encode = (w: WireWriter, sequence: number) => void

/** The messages of a request, in order; `here` is the namespace they are sent in. */
export function encodersOf(request: NetRequest, here: NetNs, resolver: Resolver): Encode[] {
  switch (request.op) {
    case "bridge-add":
      return [(w, sequence) => encodeBridgeAdd(w, sequence, request)]
    case "veth-add":
      return [(w, sequence) => encodeVethAdd(w, sequence, request, here, resolver)]
    case "link-add":
      return [(w, sequence) => encodeLinkAdd(w, sequence, request, here, resolver)]
    case "link-set":
      return [(w, sequence) => encodeLinkSet(w, sequence, request, resolver)]
    case "hairpin":
      return [(w, sequence) => encodeHairpin(w, sequence, request, resolver)]
    case "port-state":
      return [(w, sequence) => encodePortState(w, sequence, request, resolver)]
    case "vlan-add":
      return [(w, sequence) => encodeVlanAdd(w, sequence, request, resolver)]
    case "vlan-delete":
      return [(w, sequence) => encodeVlanDelete(w, sequence, request, resolver)]
    case "fdb-add":
      return [(w, sequence) => encodeFdbAdd(w, sequence, request, resolver)]
    case "fdb-delete":
      return [(w, sequence) => encodeFdbDelete(w, sequence, request, resolver)]
    case "altname-add":
    case "altname-delete":
      return [(w, sequence) => encodeAltname(w, sequence, request)]
    case "link-delete":
      return [(w, sequence) => encodeLinkDelete(w, sequence, request.link)]
    case "group-delete":
      return [(w, sequence) => encodeGroupDelete(w, sequence, request.group)]
    case "address-add":
      return [(w, sequence) => encodeAddressAdd(w, sequence, request, resolver)]
    case "address-delete":
      return addressDelete(request, resolver)
    case "route-replace":
      return [(w, sequence) => encodeRouteReplace(w, sequence, request, resolver)]
    case "route-append":
      return [(w, sequence) => encodeRouteAppend(w, sequence, request, resolver)]
    case "route-delete":
      return [(w, sequence) => encodeRouteDelete(w, sequence, request, resolver)]
    case "rule-add":
      return [(w, sequence) => encodeRuleAdd(w, sequence, request.rule)]
    case "rule-delete":
      return [(w, sequence) => encodeRuleDelete(w, sequence, request.rule)]
    case "vrf-rule-add":
      return [(w, sequence) => encodeVrfRuleAdd(w, sequence, request.family)]
    case "vrf-rule-delete":
      return [(w, sequence) => encodeVrfRuleDelete(w, sequence, request.family)]
    case "neighbour-replace":
      return [(w, sequence) => encodeNeighbourReplace(w, sequence, request, resolver)]
    case "neighbour-delete":
      return [(w, sequence) => encodeNeighbourDelete(w, sequence, request, resolver)]
    case "impair":
      return [(w, sequence) => encodeImpair(w, sequence, request, resolver)]
    case "impair-delete":
      return [(w, sequence) => encodeImpairDelete(w, sequence, request.link, resolver)]
  }
}

function addressDelete(request: NetRequest & { op: "address-delete" }, resolver: Resolver): Encode[] {
  const deletion: Encode = (w, sequence) => encodeAddressDelete(w, sequence, request, resolver)
  if (request.address.includes(":")) return [deletion]
  return [(w, sequence) => encodePromotion(w, sequence, request.link), deletion]
}

/** The namespace a request must be sent in, of a batch for `ns`: a veth is made where its first end is born. */
export function homeOf(request: NetRequest, ns: NetNs): NetNs {
  return request.op === "veth-add" ? (request.end.ns ?? ns) : ns
}

/** The request with every namespace said: what was meant by none at all is the batch's, wherever it is sent. */
export function withNamespaces(request: NetRequest, ns: NetNs): NetRequest {
  return request.op === "veth-add" ? { ...request, peer: { ...request.peer, ns: request.peer.ns ?? ns } } : request
}

/** Names of links whose ifindex the request's message must hold. */
export function neededNames(request: NetRequest): string[] {
  return neededLinks(request).filter((link) => typeof link === "string")
}

function neededLinks(request: NetRequest): LinkRef[] {
  switch (request.op) {
    case "veth-add":
      return present(request.end.master)
    case "link-add":
      return present(request.parent)
    case "link-set":
      return [...(needsIndex(request) ? [request.link] : []), ...present(request.master)]
    case "hairpin":
    case "port-state":
    case "address-add":
    case "address-delete":
    case "impair":
    case "impair-delete":
    case "vlan-add":
    case "vlan-delete":
    case "fdb-add":
    case "fdb-delete":
      return [request.link]
    case "neighbour-replace":
    case "neighbour-delete":
      return [request.dev]
    case "route-replace":
    case "route-append":
    case "route-delete":
      return [...present(request.dev), ...(request.nexthops ?? []).flatMap(({ dev }) => present(dev))]
    default:
      return []
  }
}

function present(link: LinkRef | undefined): LinkRef[] {
  return link === undefined ? [] : [link]
}

/**
 * Names that mean another link, or one at all, only once the request is done. A deletion is none of them: the index of a
 * link that is gone is as good an ENODEV as its name.
 */
export function changedNames(request: NetRequest): string[] | "any" {
  switch (request.op) {
    case "bridge-add":
      return [request.name]
    case "veth-add":
      return [request.end.name, request.peer.name]
    case "link-add":
      return [request.name]
    case "link-set":
      if (request.name === undefined) return []
      return typeof request.link === "string" ? [request.link, request.name] : "any"
    default:
      return []
  }
}

/** True of a request that may be sent again after it was refused for a passing reason, to the same end. */
export function isRepeatable(request: NetRequest): boolean {
  return !isMove(request) && !["bridge-add", "veth-add", "link-add", "group-delete"].includes(request.op)
}

/** True of a request that may be sent again even if it was done already and only its answer is lost. */
export function isIdempotent(request: NetRequest): boolean {
  return (
    !isMove(request) &&
    ["link-set", "route-replace", "neighbour-replace", "impair", "hairpin", "port-state", "vlan-add", "fdb-add"].includes(request.op)
  )
}

/** Once a link has been moved it is not found where the request looks for it. */
function isMove(request: NetRequest): boolean {
  return request.op === "link-set" && request.ns !== undefined
}
