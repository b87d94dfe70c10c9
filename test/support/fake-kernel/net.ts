import type { NetDump, NetNs, NetRequest, Routing } from "../../../src/kernel/kernel.ts"
import { shellTwin } from "../../../src/kernel/netlink/twin.ts"
import { addAddress, deleteAddress } from "./addresses.ts"
import { addFdb, deleteFdb } from "./fdb.ts"
import type { NetCall } from "./links.ts"
import {
  addBridge,
  addOneEnded,
  addVeth,
  changeAltname,
  deleteGroup,
  deleteLink,
  findLink,
  setHairpin,
  setLink,
  setPortState,
  setVlan,
} from "./links.ts"
import type { FakeProcess, Machine } from "./machine.ts"
import { namespaceAt, refuse } from "./machine.ts"
import type { Network } from "./network.ts"
import { dumpNetwork, dumpRouting } from "./network.ts"
import { impairLink, restoreQdisc } from "./qdiscs.ts"
import { appendRoute, deleteRoute, replaceRoute } from "./routes.ts"
import { addRule, addVrfRule, deleteNeighbour, deleteRule, deleteVrfRule, replaceNeighbour, ruleVrfs } from "./rules.ts"

export function networkOf(machine: Machine, self: FakeProcess, ns: NetNs, op: string): Network {
  const namespace = ns === "host" ? self.namespaces.net : namespaceAt(machine, self, ns)
  if (namespace === undefined) refuse(op, "ENOENT")
  if (namespace.network === undefined) refuse(op, "EINVAL")
  return namespace.network
}

export function dump(machine: Machine, self: FakeProcess, ns: NetNs): NetDump {
  return dumpNetwork(networkOf(machine, self, ns, `open ${ns}`))
}

export function routing(machine: Machine, self: FakeProcess, ns: NetNs): Routing {
  return dumpRouting(networkOf(machine, self, ns, `open ${ns}`))
}

/** What is done in a namespace, and refused as `op`. */
export function callIn(machine: Machine, self: FakeProcess, ns: NetNs, op: string): NetCall {
  return {
    machine,
    network: networkOf(machine, self, ns, op),
    networkAt: (other) => networkOf(machine, self, other, op),
    refuse: (errno, text) => refuse(op, errno, text),
  }
}

/** One request. Throws KernelError. */
export function perform(machine: Machine, self: FakeProcess, ns: NetNs, request: NetRequest): void {
  const call = callIn(machine, self, ns, shellTwin(request))
  switch (request.op) {
    case "bridge-add":
      addBridge(call, request)
      break
    case "veth-add":
      addVeth(call, request)
      break
    case "link-add":
      addOneEnded(call, request)
      if (request.kind === "vrf") ruleVrfs(call.networkAt(request.ns))
      break
    case "link-set":
      setLink(call, request)
      break
    case "hairpin":
      setHairpin(call, request)
      break
    case "port-state":
      setPortState(call, request)
      break
    case "vlan-add":
    case "vlan-delete":
      setVlan(call, request)
      break
    case "fdb-add":
      addFdb(call, request)
      break
    case "fdb-delete":
      deleteFdb(call, request)
      break
    case "altname-add":
    case "altname-delete":
      changeAltname(call, request)
      break
    case "link-delete":
      deleteLink(call, request.link)
      break
    case "group-delete":
      deleteGroup(call, request.group)
      break
    case "address-add":
      addAddress(findLink(call, request.link), request.address, call.refuse)
      break
    case "address-delete":
      deleteAddress(findLink(call, request.link), request.address, call.refuse)
      break
    case "route-replace":
      replaceRoute(call, request)
      break
    case "route-append":
      appendRoute(call, request)
      break
    case "route-delete":
      deleteRoute(call, request)
      break
    case "rule-add":
      addRule(call, request.rule)
      break
    case "rule-delete":
      deleteRule(call, request.rule)
      break
    case "vrf-rule-add":
      addVrfRule(call, request.family)
      break
    case "vrf-rule-delete":
      deleteVrfRule(call, request.family)
      break
    case "neighbour-replace":
      replaceNeighbour(call, request)
      break
    case "neighbour-delete":
      deleteNeighbour(call, request)
      break
    case "impair":
      impairLink(call, request)
      break
    case "impair-delete":
      restoreQdisc(call, request.link)
      break
  }
}
