import type { NetNs, NetRequest, VethEnd } from "../../kernel.ts"
import { writeNested, writeText, writeU32 } from "../attr.ts"
import {
  IFLA_GROUP,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  VETH_INFO_PEER,
} from "../constants/if-link.ts"
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from "../constants/netlink.ts"
import { RTM_NEWLINK } from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import { writeBridge } from "./bridge-options.ts"
import { writeLinkHeader, writeMac } from "./link-header.ts"
import { writeOptions, writeParent } from "./link-kinds.ts"
import type { Resolver } from "./resolver.ts"

const CREATE = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL

/**
 * `ip link add br-lan group N address MAC mtu N up type bridge stp_state 0 vlan_filtering 1 ageing_time 30000`. A bridge is
 * born without VLAN filtering; saying so is EOPNOTSUPP in a kernel without CONFIG_BRIDGE_VLAN_FILTERING.
 */
export function encodeBridgeAdd(w: WireWriter, sequence: number, request: NetRequest & { op: "bridge-add" }): void {
  w.message(RTM_NEWLINK, CREATE, sequence, () => {
    writeLinkHeader(w, 0, request.up ? true : undefined)
    writeCommon(w, request)
    const { vlan_filtering, ...options } = request.bridge
    writeBridge(w, vlan_filtering === true ? request.bridge : options)
  })
}

/**
 * `ip link add v0 master br-lan group N up type veth peer name eth0 netns NS address MAC mtu N`: one message. The peer's
 * header never says IFF_UP: the kernel answers ENOTCONN to that. To be sent in the end's own namespace: kernels before 6.13
 * look for the end's name in the sender's, whatever IFLA_NET_NS_FD says. `here` is that namespace.
 */
export function encodeVethAdd(
  w: WireWriter,
  sequence: number,
  { end, peer }: NetRequest & { op: "veth-add" },
  here: NetNs,
  resolver: Resolver,
): void {
  w.message(RTM_NEWLINK, CREATE, sequence, () => {
    writeLinkHeader(w, 0, end.up ? true : undefined)
    writeCommon(w, end)
    if (end.master !== undefined) writeU32(w, IFLA_MASTER, resolver.index(end.master))
    writeNested(w, IFLA_LINKINFO, () => {
      writeText(w, IFLA_INFO_KIND, "veth")
      writeNested(w, IFLA_INFO_DATA, () => {
        writeNested(w, VETH_INFO_PEER, () => {
          writeLinkHeader(w, 0)
          writeCommon(w, peer)
          if (peer.ns !== undefined && peer.ns !== here) writeU32(w, IFLA_NET_NS_FD, resolver.netNs(peer.ns))
        })
      })
    })
  })
}

/**
 * `ip link add NAME link PARENT netns NS group N address MAC mtu N type KIND …`: born in its namespace. Without IFLA_LINK_NETNSID the kernel
 * looks for the parent where the message is sent, as rtnl_newlink_create() in net/core/rtnetlink.c has it.
 */
export function encodeLinkAdd(
  w: WireWriter,
  sequence: number,
  request: NetRequest & { op: "link-add" },
  here: NetNs,
  resolver: Resolver,
): void {
  const { kind, options, ns } = request
  const parent = request.parent === undefined ? undefined : resolver.index(request.parent)
  w.message(RTM_NEWLINK, CREATE, sequence, () => {
    writeLinkHeader(w, 0)
    writeCommon(w, request)
    if (ns !== here) writeU32(w, IFLA_NET_NS_FD, resolver.netNs(ns))
    if (parent !== undefined) writeParent(w, kind, parent)
    writeNested(w, IFLA_LINKINFO, () => {
      writeText(w, IFLA_INFO_KIND, kind)
      writeNested(w, IFLA_INFO_DATA, () => writeOptions(w, kind, options, parent))
    })
  })
}

function writeCommon(w: WireWriter, link: Omit<VethEnd, "ns">): void {
  writeText(w, IFLA_IFNAME, link.name)
  if (link.group !== undefined) writeU32(w, IFLA_GROUP, link.group)
  if (link.mac !== undefined) writeMac(w, link.mac)
  if (link.mtu !== undefined) writeU32(w, IFLA_MTU, link.mtu)
}
