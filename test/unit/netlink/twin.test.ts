import { test } from "uvu"
import * as assert from "uvu/assert"
import type { NetRequest } from "../../../src/kernel/kernel.ts"
import { shellTwin } from "../../../src/kernel/netlink/twin.ts"

const TWINS: [NetRequest, string][] = [
  [
    {
      op: "bridge-add",
      name: "br",
      group: 1,
      mac: "02:00:00:00:00:01",
      mtu: 1400,
      up: true,
      bridge: { ageing_time: 10, stp: true, vlan_filtering: false, priority: 100, forward_delay: 4 },
    },
    "ip link add br address 02:00:00:00:00:01 mtu 1400 up type bridge ageing_time 1000 stp_state 1 vlan_filtering 0 priority 100 forward_delay 400",
  ],
  [
    { op: "veth-add", end: { name: "v0", master: "br", up: true }, peer: { name: "eth0", ns: "/proc/9/fd/10", mtu: 1400 } },
    "ip link add v0 master br up type veth peer name eth0 mtu 1400 netns /proc/9/fd/10",
  ],
  [
    { op: "link-set", link: "v0", up: false, name: "v1", alias: "a", master: 0, group: 7 },
    "ip link set v0 down name v1 alias a nomaster group 7",
  ],
  [{ op: "link-set", link: 5, up: true, master: "br", bridge: { stp: false } }, "ip link set if5 up master br type bridge stp_state 0"],
  [
    { op: "link-set", link: "v0", port: { isolated: true, learning: false, cost: 7 } },
    "ip link set v0 type bridge_slave isolated 1 learning 0 cost 7",
  ],
  [{ op: "port-state", link: "v0", state: "disabled" }, "bridge link set dev v0 state disabled"],
  [{ op: "vlan-add", link: "v0", vlan: "10 pvid untagged" }, "bridge vlan add dev v0 vid 10 pvid untagged"],
  [{ op: "vlan-delete", link: 5, vlan: "30-40" }, "bridge vlan del dev if5 vid 30-40"],
  [
    { op: "fdb-add", link: "vx0", entry: { mac: "02:00:00:00:00:09", to: "192.0.2.3", port: 4790, vni: 9 } },
    "bridge fdb append 02:00:00:00:00:09 dev vx0 dst 192.0.2.3 port 4790 vni 9",
  ],
  [
    { op: "fdb-delete", link: "vx0", entry: { mac: "00:00:00:00:00:00", to: "192.0.2.3" } },
    "bridge fdb del 00:00:00:00:00:00 dev vx0 dst 192.0.2.3",
  ],
  [{ op: "link-delete", link: "v0" }, "ip link del v0"],
  [{ op: "group-delete", group: 7 }, "ip link del group 7"],
  [{ op: "address-add", link: "eth0", address: "10.0.0.1/24" }, "ip address add 10.0.0.1/24 dev eth0"],
  [{ op: "address-add", link: "eth0", address: "fd20::1/64" }, "ip address add fd20::1/64 dev eth0 nodad"],
  [{ op: "address-delete", link: "eth0", address: "10.0.0.1/24" }, "ip address del 10.0.0.1/24 dev eth0"],
  [
    { op: "route-replace", to: "0.0.0.0/0", via: "10.0.0.1", dev: "eth0", metric: 5 },
    "ip route replace default via 10.0.0.1 dev eth0 metric 5",
  ],
  [
    { op: "route-append", to: "10.1.0.0/24", dev: "eth0", protocol: 2, scope: "link", src: "10.1.0.2" },
    "ip route append 10.1.0.0/24 dev eth0 proto 2 src 10.1.0.2 scope link",
  ],
  [{ op: "route-delete", to: "10.1.0.0/16", via: "10.0.0.1" }, "ip route del 10.1.0.0/16 via 10.0.0.1"],
  [
    {
      op: "route-replace",
      to: "0.0.0.0/0",
      table: 100,
      mtu: 1400,
      nexthops: [
        { via: "10.0.0.1", weight: 2 },
        { via: "fd20::1", dev: "eth0", onlink: true },
      ],
    },
    "ip route replace default table 100 mtu 1400 nexthop via 10.0.0.1 weight 2 nexthop via inet6 fd20::1 dev eth0 onlink",
  ],
  [{ op: "route-replace", to: "10.1.0.0/16", type: "blackhole", metric: 9 }, "ip route replace blackhole 10.1.0.0/16 metric 9"],
  [
    {
      op: "rule-add",
      rule: { family: "inet6", priority: 5, not: true, from: "fd20::/64", iif: "eth0", fwmark: 1, fwmask: 255, type: "lookup", table: 9 },
    },
    "ip -6 rule add not from fd20::/64 iif eth0 fwmark 1/255 lookup 9 priority 5",
  ],
  [{ op: "altname-add", link: "lab-lan", name: "other" }, "ip link property add dev lab-lan altname other"],
  [{ op: "vrf-rule-add", family: "inet" }, "ip rule add l3mdev priority 1000"],
  [{ op: "vrf-rule-delete", family: "inet6" }, "ip -6 rule del l3mdev priority 1000"],
  [{ op: "rule-delete", rule: { family: "inet", priority: 5, type: "prohibit" } }, "ip rule del prohibit priority 5"],
  [
    { op: "neighbour-replace", to: "10.0.0.9", dev: "eth0", lladdr: "02:00:00:00:00:09" },
    "ip neigh replace 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent",
  ],
  [{ op: "neighbour-delete", to: "10.0.0.9", dev: 3 }, "ip neigh del proxy 10.0.0.9 dev if3"],
]

test("every request has a shell twin", () => {
  for (const [request, twin] of TWINS) assert.is(shellTwin(request), twin)
})

test.run()
