import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const GETLINK = "`RTM_GETLINK`, "
const BRIDGE = `${GETLINK}\`IFLA_LINKINFO\`, `

export const bridgeRows: KindRows = {
  kind: "bridge",
  attributes: [
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
      read: `${GETLINK}\`IFLA_IFALIAS\`; without it, by \`IFLA_GROUP\` and its name`,
      hands: [{ by: "ip link set lab-lan alias ''", shows: { "bridge.lan": { alias: "" } } }],
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
