import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetRequest } from "../../../src/kernel/kernel.ts"
import { encodeAddressDump } from "../../../src/kernel/netlink/rtnl/address.ts"
import { encodeLinkGet } from "../../../src/kernel/netlink/rtnl/link-change.ts"
import { encodeCounterDump } from "../../../src/kernel/netlink/rtnl/link-counters.ts"
import { encodeLinkDump } from "../../../src/kernel/netlink/rtnl/link-read.ts"
import { encodeRouteDump } from "../../../src/kernel/netlink/rtnl/route.ts"
import { WireError, WireWriter } from "../../../src/kernel/netlink/wire.ts"
import { encoded, hex, lines } from "./bytes.ts"

/** Expected bytes were written by hand from linux/rtnetlink.h and held against what `strace ip …` sends. */
function same(request: NetRequest, expected: string): void {
  assert.is(lines(encoded(request)), lines(hex(expected)))
}

test("a bridge carries its options, its group and IFF_UP in its one message", () => {
  same(
    {
      op: "bridge-add",
      name: "br-lan",
      group: 0x53000001,
      mac: "02:00:00:00:00:01",
      mtu: 1400,
      up: true,
      bridge: { stp: true, vlan_filtering: true, ageing_time: 10 },
    },
    `74000000 1000 0506 01000000 00000000   # 116 bytes, RTM_NEWLINK, REQUEST ACK EXCL CREATE, 1, port 0
     00 00 0000 00000000 01000000 01000000  # ifinfomsg: index 0, IFF_UP, change IFF_UP
     0b00 0300 62722d6c616e00 00            # IFLA_IFNAME br-lan
     0800 1b00 01000053                     # IFLA_GROUP
     0a00 0100 020000000001 0000            # IFLA_ADDRESS
     0800 0400 78050000                     # IFLA_MTU
     2c00 1200                              # IFLA_LINKINFO
       0b00 0100 62726964676500 00          #   IFLA_INFO_KIND bridge
       1c00 0200                            #   IFLA_INFO_DATA
         0800 0400 e8030000                 #     IFLA_BR_AGEING_TIME 1000
         0800 0500 01000000                 #     IFLA_BR_STP_STATE
         0500 0700 01 000000                #     IFLA_BR_VLAN_FILTERING`,
  )
})

test("options of a bridge stand in the order that the kernel takes them in, times in hundredths of a second", () => {
  const times = { forward_delay: 4, hello_time: 1, max_age: 10 }
  same(
    {
      op: "link-set",
      link: 7,
      bridge: { ...times, priority: 0x1000, group_fwd_mask: 0x4000, mcast_snooping: false, vlan_protocol: "802.1ad", vlan_default_pvid: 0 },
    },
    `74000000 1000 0500 01000000 00000000   # RTM_NEWLINK, REQUEST ACK
     00 00 0000 07000000 00000000 00000000
     5400 1200
       0b00 0100 62726964676500 00
       4400 0200
         0800 0100 90010000                 # IFLA_BR_FORWARD_DELAY 400
         0800 0200 64000000                 # IFLA_BR_HELLO_TIME 100
         0800 0300 e8030000                 # IFLA_BR_MAX_AGE 1000
         0600 0600 0010 0000                # IFLA_BR_PRIORITY
         0600 0800 88a8 0000                # IFLA_BR_VLAN_PROTOCOL, big-endian
         0600 0900 0040 0000                # IFLA_BR_GROUP_FWD_MASK
         0500 1700 00 000000                # IFLA_BR_MCAST_SNOOPING
         0600 2700 0000 0000                # IFLA_BR_VLAN_DEFAULT_PVID`,
  )
})

test("a gre has one key for both directions, with the flags that say so; a vrf has its table", () => {
  const add = { op: "link-add", name: "t", ns: "host", group: 1 } as const
  same(
    { ...add, kind: "gre", options: { remote: "10.0.0.2", local: "10.0.0.1", key: 7, ttl: 64 } },
    `78000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 7400 0000
     0800 1b00 01000000
     4800 1200
       0800 0100 67726500
       3c00 0200
         0800 0700 0a000002                 # IFLA_GRE_REMOTE
         0800 0600 0a000001                 # IFLA_GRE_LOCAL
         0600 0200 2000 0000                # IFLA_GRE_IFLAGS GRE_KEY
         0600 0300 2000 0000                # IFLA_GRE_OFLAGS
         0800 0400 00000007                 # IFLA_GRE_IKEY
         0800 0500 00000007                 # IFLA_GRE_OKEY
         0500 0800 40 000000                # IFLA_GRE_TTL`,
  )
  same(
    { ...add, kind: "vrf", options: { table: 10 } },
    `48000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 7400 0000
     0800 1b00 01000000
     1800 1200
       0800 0100 76726600
       0c00 0200
         0800 0100 0a000000                 # IFLA_VRF_TABLE`,
  )
})

test("a bond has a mode for its life, and an interval that changes", () => {
  const add = { op: "link-add", name: "b", ns: "host", group: 1 } as const
  same(
    { ...add, kind: "bond", options: { mode: "802.3ad" } },
    `4c000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 6200 0000
     0800 1b00 01000000
     1c00 1200
       0900 0100 626f6e64 00 000000
       0c00 0200
         0500 0100 04 000000                # IFLA_BOND_MODE`,
  )
  same(
    { op: "link-set", link: 7, bond: { miimon: 50 } },
    `3c000000 1000 0500 01000000 00000000
     00000000 07000000 00000000 00000000
     1c00 1200
       0900 0100 626f6e64 00 000000
       0c00 0200
         0800 0300 32000000                 # IFLA_BOND_MIIMON`,
  )
})

test("options of a port are a slave's", () => {
  same(
    { op: "link-set", link: 8, port: { isolated: true, learning: false, cost: 100, priority: 1 } },
    `54000000 1000 0500 01000000 00000000
     00 00 0000 08000000 00000000 00000000
     3400 1200                              # IFLA_LINKINFO
       0b00 0400 62726964676500 00          #   IFLA_INFO_SLAVE_KIND bridge
       2400 0500                            #   IFLA_INFO_SLAVE_DATA
         0600 0200 0100 0000                #     IFLA_BRPORT_PRIORITY
         0800 0300 64000000                 #     IFLA_BRPORT_COST
         0500 0800 00 000000                #     IFLA_BRPORT_LEARNING
         0500 2100 01 000000                #     IFLA_BRPORT_ISOLATED`,
  )
})

test("a port is shut and opened by the number of its state, told to its bridge", () => {
  same(
    { op: "port-state", link: 8, state: "forwarding" },
    `2c000000 1300 0500 01000000 00000000   # RTM_SETLINK
     07 00 0000 08000000 00000000 00000000  # AF_BRIDGE
     0c00 0c80                              # IFLA_PROTINFO | NLA_F_NESTED
       0500 0100 03 000000                  #   IFLA_BRPORT_STATE`,
  )
})

test("VLANs of a port are told to its bridge: a range by its two ends", () => {
  same(
    { op: "vlan-add", link: 8, vlan: "10 pvid untagged" },
    `2c000000 1300 0500 01000000 00000000   # RTM_SETLINK
     07 00 0000 08000000 00000000 00000000  # AF_BRIDGE
     0c00 1a00                              # IFLA_AF_SPEC
       0800 0200 0600 0a00                  #   IFLA_BRIDGE_VLAN_INFO: PVID UNTAGGED, 10`,
  )
  same(
    { op: "vlan-delete", link: 8, vlan: "30-40" },
    `34000000 1100 0500 01000000 00000000   # RTM_DELLINK
     07 00 0000 08000000 00000000 00000000
     1400 1a00
       0800 0200 0800 1e00                  #   RANGE_BEGIN, 30
       0800 0200 1000 2800                  #   RANGE_END, 40`,
  )
})

test("a bridge without VLAN filtering does not speak of it: kernels without it refuse even that", () => {
  same(
    { op: "bridge-add", name: "b", group: 1, up: false, bridge: { stp: false, vlan_filtering: false } },
    `4c000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 6200 0000
     0800 1b00 01000000
     1c00 1200
       0b00 0100 62726964676500 00
       0c00 0200
         0800 0500 00000000`,
  )
})

test("a veth pair: the end up and mastered, the peer in its namespace and never up", () => {
  same(
    {
      op: "veth-add",
      end: { name: "v0", mtu: 1500, group: 5, master: "br-lan", up: true },
      peer: { name: "eth0", ns: "/ns/web", mac: "02:00:00:00:00:02", mtu: 1500, group: 5 },
    },
    `98000000 1000 0506 01000000 00000000
     00000000 00000000 01000000 01000000
     0700 0300 763000 00                    # IFLA_IFNAME v0
     0800 1b00 05000000                     # IFLA_GROUP
     0800 0400 dc050000                     # IFLA_MTU
     0800 0a00 07000000                     # IFLA_MASTER 7
     5800 1200                              # IFLA_LINKINFO
       0900 0100 7665746800 000000          #   IFLA_INFO_KIND veth
       4800 0200                            #   IFLA_INFO_DATA
         4400 0100                          #     VETH_INFO_PEER
           00000000 00000000 00000000 00000000  #   ifinfomsg, not IFF_UP
           0900 0300 6574683000 000000      #       IFLA_IFNAME eth0
           0800 1b00 05000000               #       IFLA_GROUP
           0a00 0100 020000000002 0000      #       IFLA_ADDRESS
           0800 0400 dc050000               #       IFLA_MTU
           0800 1c00 09000000               #       IFLA_NET_NS_FD 9`,
  )
})

test("a veth is made in its end's own namespace; a peer of the same one is named without it", () => {
  same(
    { op: "veth-add", end: { name: "a", ns: "/ns/web", up: false }, peer: { name: "b", ns: "/ns/web" } },
    `58000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 6100 0000
     3000 1200
       0900 0100 7665746800 000000
       2000 0200
         1c00 0100
           00000000 00000000 00000000 00000000
           0600 0300 6200 0000`,
  )
})

test("a peer that names no namespace stays in the batch's, also where the end is born elsewhere", () => {
  same(
    { op: "veth-add", end: { name: "a", ns: "/ns/web", up: false }, peer: { name: "b" } },
    `60000000 1000 0506 01000000 00000000
     00000000 00000000 00000000 00000000
     0600 0300 6100 0000
     3800 1200
       0900 0100 7665746800 000000
       2800 0200
         2400 0100
           00000000 00000000 00000000 00000000
           0600 0300 6200 0000
           0800 1c00 08000000`,
  )
})

test("a link is set by its name, and by nothing that is not given", () => {
  same(
    { op: "link-set", link: "br-lan", alias: "stack:lab/bridge.lan" },
    `48000000 1300 0500 01000000 00000000   # RTM_SETLINK
     00000000 00000000 00000000 00000000    # IFF_UP is not to change
     0b00 0300 62722d6c616e00 00            # IFLA_IFNAME
     1900 1400 737461636b3a6c61622f6272696467652e6c616e00 000000  # IFLA_IFALIAS`,
  )
})

test("down is a change of IFF_UP to nothing, nomaster a master 0", () => {
  same(
    { op: "link-set", link: 3, up: false, master: 0, mtu: 9000, mac: "02:00:00:00:00:03", group: 6 },
    `44000000 1300 0500 01000000 00000000
     00000000 03000000 00000000 01000000
     0800 0400 28230000
     0a00 0100 020000000003 0000
     0800 0a00 00000000
     0800 1b00 06000000`,
  )
})

test("a link is moved by its index, and named and marked where it comes to", () => {
  same(
    { op: "link-set", link: 9, ns: "/ns/web", name: "eth1", alias: "x", up: true },
    `3c000000 1300 0500 01000000 00000000   # RTM_SETLINK
     00000000 09000000 01000000 01000000
     0800 1c00 09000000                     # IFLA_NET_NS_FD
     0900 0300 6574683100 000000            # IFLA_IFNAME
     0600 1400 7800 0000                    # IFLA_IFALIAS`,
  )
})

test("a new name, and bridge options, go to the link's index", () => {
  same(
    { op: "link-set", link: "br-lan", name: "br0" },
    `28000000 1300 0500 01000000 00000000
     00000000 07000000 00000000 00000000
     0800 0300 62723000`,
  )
  same(
    { op: "link-set", link: "br-lan", bridge: { vlan_filtering: false } },
    `3c000000 1000 0500 01000000 00000000   # RTM_NEWLINK without CREATE
     00000000 07000000 00000000 00000000
     1c00 1200
       0b00 0100 62726964676500 00
       0c00 0200
         0500 0700 00 000000`,
  )
})

test("links are deleted by index, name or group", () => {
  same({ op: "link-delete", link: 5 }, "20000000 1100 0500 01000000 00000000 00000000 05000000 00000000 00000000")
  same({ op: "link-delete", link: "v0" }, "28000000 1100 0500 01000000 00000000 00000000 00000000 00000000 00000000 0700 0300 76300000")
  same({ op: "group-delete", group: 77 }, "28000000 1100 0500 01000000 00000000 00000000 00000000 00000000 00000000 0800 1b00 4d000000")
})

test("an IPv4 address is IFA_LOCAL and IFA_ADDRESS, global, without a broadcast address", () => {
  same(
    { op: "address-add", link: "eth0", address: "10.0.0.1/24" },
    `28000000 1400 0506 01000000 00000000   # RTM_NEWADDR
     02 18 00 00 02000000                   # AF_INET /24, no flags, global, index 2
     0800 0200 0a000001                     # IFA_LOCAL
     0800 0100 0a000001                     # IFA_ADDRESS`,
  )
})

test("an IPv6 address skips duplicate detection", () => {
  same(
    { op: "address-add", link: 2, address: "fd20::1/64" },
    `40000000 1400 0506 01000000 00000000
     0a 40 02 00 02000000                   # AF_INET6 /64, IFA_F_NODAD
     1400 0200 fd200000000000000000000000000001
     1400 0100 fd200000000000000000000000000001`,
  )
})

test("loopback addresses are of host scope, link-local ones of link scope", () => {
  const scope = (address: string) => encoded({ op: "address-add", link: 1, address })[19]
  assert.is(scope("127.0.0.2/8"), 254)
  assert.is(scope("::1/128"), 254)
  assert.is(scope("fe80::1/64"), 253)
  assert.is(scope("10.0.0.1/8"), 0)
})

test("before an IPv4 address is deleted, the others of its subnet are told to stay", () => {
  same(
    { op: "address-delete", link: "eth0", address: "10.0.0.1/24" },
    `40000000 1300 0500 01000000 00000000   # RTM_SETLINK
     00000000 00000000 00000000 00000000
     0900 0300 6574683000 000000            # IFLA_IFNAME eth0
     1400 1a00                              # IFLA_AF_SPEC
       1000 0200                            #   AF_INET
         0c00 0100                          #     IFLA_INET_CONF
           0800 1400 01000000               #       IPV4_DEVCONF_PROMOTE_SECONDARIES = 1
     28000000 1500 0500 02000000 00000000   # RTM_DELADDR
     02 18 00 00 02000000
     0800 0200 0a000001
     0800 0100 0a000001`,
  )
  same(
    { op: "address-delete", link: "eth0", address: "fd20::1/64" },
    `40000000 1500 0500 01000000 00000000
     0a 40 02 00 02000000
     1400 0200 fd200000000000000000000000000001
     1400 0100 fd200000000000000000000000000001`,
  )
})

test("a route is replaced or made, in the main table, by our protocol number", () => {
  same(
    { op: "route-replace", to: "10.9.0.0/16", via: "10.0.0.2", dev: "eth0", metric: 7 },
    `3c000000 1800 0505 01000000 00000000   # RTM_NEWROUTE, REQUEST ACK REPLACE CREATE
     02 10 00 00 fe 73 00 01 00000000       # AF_INET /16, main, 115, universe, unicast
     0800 0100 0a090000                     # RTA_DST
     0800 0500 0a000002                     # RTA_GATEWAY
     0800 0400 02000000                     # RTA_OIF
     0800 0600 07000000                     # RTA_PRIORITY`,
  )
})

test("a default route has no destination, an on-link one link scope", () => {
  same(
    { op: "route-replace", to: "::/0", via: "fd20::1" },
    `30000000 1800 0505 01000000 00000000
     0a 00 00 00 fe 73 00 01 00000000
     1400 0500 fd200000000000000000000000000001`,
  )
  same(
    { op: "route-replace", to: "10.9.0.0/16", dev: 2 },
    `2c000000 1800 0505 01000000 00000000
     02 10 00 00 fe 73 fd 01 00000000
     0800 0100 0a090000
     0800 0400 02000000`,
  )
})

test("a route that the kernel had made is set again beside those to the same place", () => {
  same(
    { op: "route-append", to: "10.9.0.0/24", dev: 2, protocol: 2, scope: "link", src: "10.9.0.1" },
    `34000000 1800 050c 01000000 00000000   # REQUEST ACK CREATE APPEND
     02 18 00 00 fe 02 fd 01 00000000
     0800 0100 0a090000
     0800 0400 02000000
     0800 0700 0a090001                     # RTA_PREFSRC`,
  )
})

test("a route of whatever scope is deleted, but only one of ours", () => {
  same(
    { op: "route-delete", to: "0.0.0.0/0", via: "10.0.0.2", dev: 2 },
    `2c000000 1900 0500 01000000 00000000   # RTM_DELROUTE
     02 00 00 00 fe 73 ff 01 00000000
     0800 0500 0a000002
     0800 0400 02000000`,
  )
})

test("a route by several next hops, in a table of more than a byte, with metrics and a next hop of IPv6", () => {
  same(
    {
      ...{ op: "route-replace", to: "10.9.0.0/16", table: 1000, src: "10.0.0.1", mtu: 1400, advmss: 1300 },
      nexthops: [
        { via: "10.0.0.2", dev: 2, weight: 3 },
        { via: "fd20::1", dev: 2 },
        { via: "10.9.9.9", dev: 2, onlink: true },
      ],
    },
    `8c000000 1800 0505 01000000 00000000
     02 10 00 00 00 73 00 01 00000000
     0800 0100 0a090000
     0800 0f00 e8030000                           # RTA_TABLE
     0800 0700 0a000001                           # RTA_PREFSRC
     1400 0800 0800 0200 78050000 0800 0800 14050000   # RTA_METRICS: RTAX_MTU, RTAX_ADVMSS
     4400 0900                                    # RTA_MULTIPATH
       1000 00 02 02000000 0800 0500 0a000002     #   weight 3
       2000 00 00 02000000 1600 1200 0a00 fd200000000000000000000000000001 0000   #   RTA_VIA
       1000 04 00 02000000 0800 0500 0a090909     #   RTNH_F_ONLINK`,
  )
  same(
    { op: "route-replace", to: "10.7.0.0/16", type: "blackhole" },
    `24000000 1800 0505 01000000 00000000
     02 10 00 00 fe 73 00 06 00000000
     0800 0100 0a070000`,
  )
})

test("a rule is added where there is none like it, and deleted where it is ours", () => {
  const rule = {
    family: "inet",
    priority: 1000,
    from: "10.9.0.0/16",
    iif: "eth0",
    fwmark: 16,
    fwmask: 255,
    type: "lookup",
    table: 100,
  } as const
  const bytes = `00 10 00 64 00 00 01 00000000     # dst_len, src_len, tos, table; FR_ACT_TO_TBL
     0800 0200 0a090000                        # FRA_SRC
     0900 0300 6574683000 000000               # FRA_IIFNAME
     0800 0600 e8030000                        # FRA_PRIORITY
     0800 0a00 10000000 0800 1000 ff000000     # FRA_FWMARK, FRA_FWMASK
     0500 1500 73 000000                       # FRA_PROTOCOL`
  same({ op: "rule-add", rule }, `50000000 2000 0506 01000000 00000000 02 ${bytes}`)
  same(
    { op: "vrf-rule-add", family: "inet6" },
    `34000000 2000 0506 01000000 00000000
     0a 00 00 00 00 00 00 01 00000000          # AF_INET6; FR_ACT_TO_TBL
     0500 1300 01 000000                       # FRA_L3MDEV
     0500 1500 02 000000                       # FRA_PROTOCOL: the kernel's
     0800 0600 e8030000                        # FRA_PRIORITY`,
  )
  same({ op: "rule-delete", rule }, `50000000 2100 0500 01000000 00000000 02 ${bytes}`)
})

test("a neighbour is permanent, and one that is answered for a proxy", () => {
  same(
    { op: "neighbour-replace", to: "10.0.0.9", dev: 2, lladdr: "02:00:00:00:00:09" },
    `38000000 1c00 0505 01000000 00000000
     02 00 0000 02000000 8000 00 00            # NUD_PERMANENT
     0800 0100 0a000009
     0a00 0200 020000000009 0000
     0500 0c00 73 000000`,
  )
  same(
    { op: "neighbour-delete", to: "10.0.0.9", dev: 2 },
    `24000000 1d00 0500 01000000 00000000
     02 00 0000 02000000 0000 08 00            # NTF_PROXY
     0800 0100 0a000009`,
  )
})

test("an entry of a vxlan's forwarding database takes the place of a machine's, and stands beside those of all", () => {
  same(
    { op: "fdb-add", link: 2, entry: { mac: "02:00:00:00:00:09", to: "192.0.2.3", port: 4790, vni: 9 } },
    `40000000 1c00 0505 01000000 00000000        # CREATE REPLACE
     07 00 0000 02000000 c000 02 00              # AF_BRIDGE, NUD_PERMANENT NUD_NOARP, NTF_SELF
     0a00 0200 020000000009 0000
     0800 0100 c0000203
     0600 0600 12b6 0000                         # NDA_PORT
     0800 0700 09000000                          # NDA_VNI`,
  )
  same(
    { op: "fdb-add", link: 2, entry: { mac: "00:00:00:00:00:00", to: "192.0.2.3" } },
    `30000000 1c00 050c 01000000 00000000        # CREATE APPEND
     07 00 0000 02000000 c000 02 00
     0a00 0200 000000000000 0000 0800 0100 c0000203`,
  )
  same(
    { op: "fdb-delete", link: 2, entry: { mac: "02:00:00:00:00:09", to: "192.0.2.3" } },
    `30000000 1d00 0500 01000000 00000000
     07 00 0000 02000000 c000 02 00
     0a00 0200 020000000009 0000 0800 0100 c0000203`,
  )
})

test("what is asked before anything is changed", () => {
  const w = new WireWriter(4096)
  encodeLinkDump(w, 1)
  encodeAddressDump(w, 2)
  encodeRouteDump(w, 3)
  encodeLinkGet(w, 4, "eth0")
  encodeCounterDump(w, 5)
  const expected = `
    28000000 1200 0103 01000000 00000000 00000000 00000000 00000000 00000000   # RTM_GETLINK, REQUEST DUMP
      0800 1d00 08000000                                                       #   no counters
    18000000 1600 0103 02000000 00000000 00000000 00000000                     # RTM_GETADDR, any family
    24000000 1a00 0103 03000000 00000000 00 00 00 00 fe 00 00 00 00000000      # RTM_GETROUTE
      0800 0f00 fe000000                                                       #   RTA_TABLE main
    34000000 1200 0500 04000000 00000000 00000000 00000000 00000000 00000000   # RTM_GETLINK, REQUEST ACK
      0900 0300 6574683000 000000 0800 1d00 08000000                           #   eth0, no counters
    20000000 1200 0103 05000000 00000000 00000000 00000000 00000000 00000000   # RTM_GETLINK, REQUEST DUMP, with counters`
  assert.is(lines(w.written()), lines(hex(expected)))
})

test("what cannot be said in netlink is refused, and leaves the batch as it was", () => {
  const refused: NetRequest[] = [
    { op: "address-add", link: 1, address: "10.0.0.1" },
    { op: "address-add", link: 1, address: "10.0.0.300/24" },
    { op: "route-replace", to: "fd00::/8", via: "10.0.0.1" },
    { op: "neighbour-replace", to: "10.0.0", dev: 1 },
    { op: "neighbour-replace", to: "10.0.0.1", dev: 1, lladdr: "02:00:00:00:00" },
    { op: "route-delete", to: "default" },
    { op: "link-set", link: 1, mac: "02:00:00:00:00" },
    { op: "link-set", link: 1, mtu: -1 },
    { op: "link-set", link: 1, mtu: 1.5 },
    { op: "link-set", link: 1, alias: "a\0b" },
    { op: "group-delete", group: 2 ** 32 },
  ]
  for (const request of refused)
    assert.throws(
      () => encoded(request),
      (e: unknown) => e instanceof WireError,
    )

  const w = new WireWriter(64)
  encodeLinkDump(w, 1)
  assert.throws(
    () => encodeLinkGet(w, 2, "x".repeat(100)),
    (e: unknown) => e instanceof WireError,
  )
  assert.is(w.length, 40)
})

test("netem: what is not said is written as nothing, because a change leaves alone what it does not speak of", () => {
  const impair = { delay: 10_000_000, jitter: 2_000_000, loss: 1, duplicate: 2, corrupt: 3, reorder: 25, rate: 10_000_000 }
  same(
    { op: "impair", link: "eth0", qdisc: "netem", impair },
    `a0000000 2400 0505 01000000 00000000   # 160 bytes, RTM_NEWQDISC, REQUEST ACK REPLACE CREATE
     00 00 0000 02000000 00000000 ffffffff 00000000   # tcmsg: link 2, any handle, TC_H_ROOT
     0a00 0100 6e6574656d00 0000                      # TCA_KIND netem
     7000 0200                                        # TCA_OPTIONS: struct tc_netem_qopt, then attributes
       5a620200 e8030000 295c8f02 01000000 52b81e05 127a0000   # 10 ms, 1000 packets, 1 %, gap 1, 2 %, 2 ms
       1000 0100 00000000 00000000 00000000           #   TCA_NETEM_CORR
       0c00 0300 00000040 00000000                    #   TCA_NETEM_REORDER 25 %
       0c00 0400 7b14ae07 00000000                    #   TCA_NETEM_CORRUPT 3 %
       1400 0600 d0121300 00000000 00000000 00000000  #   TCA_NETEM_RATE 1250000 bytes
       0c00 0a00 8096980000000000                     #   TCA_NETEM_LATENCY64
       0c00 0b00 80841e0000000000                     #   TCA_NETEM_JITTER64`,
  )
})

test("netem: a rate that 32 bits do not hold stands in an attribute of its own", () => {
  const bytes = encoded({ op: "impair", link: "eth0", qdisc: "netem", impair: { rate: 40_000_000_000 } }).toString("hex")
  assert.match(bytes, "0c000800" + "00f2052a01000000" + "14000600ffffffff")
})

test("tbf: the burst in bytes and as the time it takes, a link layer instead of a table", () => {
  same(
    { op: "impair", link: "eth0", qdisc: "tbf", impair: { rate: 10_000_000 } },
    `60000000 2400 0505 01000000 00000000
     00 00 0000 02000000 00000000 ffffffff 00000000
     0800 0100 74626600                               # TCA_KIND tbf
     3400 0200                                        # TCA_OPTIONS
       2800 0100                                      #   TCA_TBF_PARMS
         00 01 0000 0000 0000 d0121300                #     struct tc_ratespec: Ethernet, 1250000 bytes
         00 00 0000 0000 0000 00000000                #     no peak
         55e80200 a2800c00 00000000                   #     limit 190549, buffer 819362 ticks, mtu
       0800 0600 0d000100                             #   TCA_TBF_BURST 65549`,
  )
})

test("no impairment is no qdisc of ours", () => {
  same(
    { op: "impair-delete", link: "eth0" },
    `24000000 2500 0500 01000000 00000000
     00 00 0000 02000000 00000000 ffffffff 00000000   # RTM_DELQDISC of the root`,
  )
})

test.run()
