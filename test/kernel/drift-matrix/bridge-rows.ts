import type { Value } from "../../../src/model/resource.ts"
import type { AttributeRow, KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const GETLINK = "`RTM_GETLINK`, "
const BRIDGE = `${GETLINK}\`IFLA_LINKINFO\`, `

/** Option, its attribute, what somebody sets it to in the words of ip-link(8), what is then read, what it needs. */
const OPTIONS: readonly (readonly [string, string, string, Value, string?])[] = [
  ["priority", "IFLA_BR_PRIORITY", "priority 100", 100],
  ["forward_delay", "IFLA_BR_FORWARD_DELAY", "forward_delay 450", 4.5],
  ["hello_time", "IFLA_BR_HELLO_TIME", "hello_time 100", 1],
  ["max_age", "IFLA_BR_MAX_AGE", "max_age 1000", 10],
  ["group_fwd_mask", "IFLA_BR_GROUP_FWD_MASK", "group_fwd_mask 0x4000", 0x4000],
  ["mcast_snooping", "IFLA_BR_MCAST_SNOOPING", "mcast_snooping 0", false],
  ["mcast_querier", "IFLA_BR_MCAST_QUERIER", "mcast_querier 1", true],
  ["vlan_protocol", "IFLA_BR_VLAN_PROTOCOL", "vlan_protocol 802.1ad", "802.1ad", "vlan_filtering"],
  ["vlan_default_pvid", "IFLA_BR_VLAN_DEFAULT_PVID", "vlan_default_pvid 0", 0, "vlan_filtering"],
]

function option([attribute, read, words, value, needs]: (typeof OPTIONS)[number]): AttributeRow {
  return {
    attribute,
    read: `${BRIDGE}\`${read}\``,
    hands: [
      {
        by: `ip link set lab-lan type bridge ${words}`,
        shows: { "bridge.lan": { [attribute]: value } },
        ...(needs === undefined ? {} : { needs }),
      },
    ],
  }
}

export const bridgeRows: KindRows = {
  kind: "bridge",
  attributes: [
    {
      attribute: "accept_ra",
      read: `${GETLINK}\`IFLA_AF_SPEC\`, \`IFLA_INET6_CONF\``,
      hands: [{ by: "echo 1 > /proc/sys/net/ipv6/conf/lab-lan/accept_ra", shows: { "bridge.lan": { accept_ra: true } } }],
    },
    {
      attribute: "interface",
      read: `${GETLINK}\`IFLA_IFNAME\`; the link is found by its mark`,
      hands: [
        {
          by: "ip link set lab-lan down; ip link set lab-lan name other up; ip addr add fd20::1/64 dev other",
          shows: { "bridge.lan": { interface: "other" } },
        },
      ],
    },
    {
      attribute: "alias",
      read: `${GETLINK}\`IFLA_IFALIAS\`; without it, or with another, by \`IFLA_GROUP\` and its name`,
      hands: [
        { by: "ip link set lab-lan alias ''", shows: { "bridge.lan": { alias: "" } } },
        { by: "ip link set lab-dmz alias 'of mine'", shows: { "bridge.dmz": { alias: "of mine" } } },
      ],
    },
    {
      attribute: "group",
      read: "`RTM_GETLINK`, `IFLA_GROUP`",
      hands: [{ by: "ip link set lab-lan group 7", shows: { "bridge.lan": { group: 7 } } }],
    },
    {
      attribute: "address",
      read: "`RTM_GETADDR`",
      hands: [
        { by: "ip addr del 10.20.0.1/24 dev lab-lan", shows: { "bridge.lan": { address: ["fd20::1/64"] } } },
        { by: "ip addr del fd20::1/64 dev lab-lan", shows: { "bridge.lan": { address: ["10.20.0.1/24"] } } },
        {
          by: "ip addr add 10.99.0.1/24 dev lab-lan",
          shows: { "bridge.lan": { address: ["10.20.0.1/24", "10.99.0.1/24", "fd20::1/64"] } },
        },
        { by: "ip addr flush dev lab-lan", shows: { "bridge.lan": { address: [] } } },
      ],
    },
    {
      attribute: "prefix_routes",
      read: "`RTM_GETROUTE`: the routes to the subnets of its addresses, as the kernel makes them with these",
      hands: [
        { by: "ip route del 10.20.0.0/24 dev lab-lan", shows: { "bridge.lan": { prefix_routes: ["fd20::/64"] } } },
        { by: "ip -6 route del fd20::/64 dev lab-lan", shows: { "bridge.lan": { prefix_routes: ["10.20.0.0/24"] } } },
      ],
    },
    {
      attribute: "mtu",
      read: `${GETLINK}\`IFLA_MTU\``,
      hands: [{ by: "ip link set lab-lan mtu 1400", shows: { "bridge.lan": { mtu: 1400 } } }],
    },
    {
      attribute: "mac",
      read: `${GETLINK}\`IFLA_ADDRESS\``,
      hands: [{ by: "ip link set lab-lan address 02:00:00:00:00:99", shows: { "bridge.lan": { mac: "02:00:00:00:00:99" } } }],
    },
    {
      attribute: "stp",
      read: `${BRIDGE}\`IFLA_BR_STP_STATE\``,
      hands: [{ by: "ip link set lab-lan type bridge stp_state 1", shows: { "bridge.lan": { stp: true } } }],
    },
    {
      attribute: "vlan_filtering",
      read: `${BRIDGE}\`IFLA_BR_VLAN_FILTERING\``,
      hands: [
        {
          by: "ip link set lab-lan type bridge vlan_filtering 1",
          shows: { "bridge.lan": { vlan_filtering: true } },
          needs: "vlan_filtering",
        },
      ],
    },
    {
      attribute: "ageing_time",
      read: `${BRIDGE}\`IFLA_BR_AGEING_TIME\``,
      hands: [{ by: "ip link set lab-lan type bridge ageing_time 10000", shows: { "bridge.lan": { ageing_time: 100 } } }],
    },
    {
      attribute: "up",
      read: `${GETLINK}\`IFF_UP\``,
      hands: [{ by: "ip link set lab-lan down", shows: { "bridge.lan": { address: ["10.20.0.1/24"], up: false } } }],
    },
    ...OPTIONS.map(option),
    {
      attribute: ITSELF,
      read: "`RTM_GETLINK`",
      hands: [
        {
          by: "ip link del lab-lan",
          shows: {
            "bridge.lan": "gone",
            "interface.web.eth0": { bridge: null, master: null },
            "interface.db.eth0": { bridge: null, master: null },
          },
        },
      ],
    },
  ],
}
