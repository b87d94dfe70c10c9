import { SLOW } from "./interface-rows.ts"
import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const THERE = "in the end's network namespace: "
const web = (words: string) => `nsenter -t $web -n ip ${words}`
const db = (words: string) => `nsenter -t $db -n ip ${words}`

export const vethRows: KindRows = {
  kind: "veth",
  attributes: [
    {
      attribute: "endpoints.0.container",
      read: "`RTM_GETLINK` on the host and in every container: the ends are found by their marks",
      hands: [
        {
          by: web("link set eth1 netns $db name moved"),
          shows: {
            "veth.core": {
              "endpoints.0.container": "container.db",
              "endpoints.0.interface": "moved",
              "endpoints.0.address": [],
              "endpoints.0.up": false,
            },
          },
        },
      ],
    },
    {
      attribute: "endpoints.0.interface",
      read: `${THERE}\`RTM_GETLINK\`, \`IFLA_IFNAME\``,
      hands: [
        {
          by: `${web("link set eth1 down")}; ${web("link set eth1 name other up")}`,
          shows: { "veth.core": { "endpoints.0.interface": "other" } },
        },
      ],
    },
    {
      attribute: "endpoints.0.address",
      read: `${THERE}\`RTM_GETADDR\``,
      hands: [
        { by: web("addr del 10.1.0.1/30 dev eth1"), shows: { "veth.core": { "endpoints.0.address": [] } } },
        {
          by: db("addr add 10.77.0.1/24 dev eth1"),
          shows: { "veth.core": { "endpoints.1.address": ["10.1.0.2/30", "10.77.0.1/24"] } },
        },
        { by: "ip addr add 10.77.0.1/24 dev web-up0", shows: { "veth.uplink": { "endpoints.1.address": ["10.77.0.1/24"] } } },
      ],
    },
    {
      attribute: "endpoints.0.prefix_routes",
      read: `${THERE}\`RTM_GETROUTE\`: the routes to the subnets of its addresses`,
      hands: [{ by: web("route del 10.1.0.0/30 dev eth1"), shows: { "veth.core": { "endpoints.0.prefix_routes": [] } } }],
    },
    {
      attribute: "endpoints.0.mac",
      read: `${THERE}\`RTM_GETLINK\`, \`IFLA_ADDRESS\``,
      hands: [
        { by: web("link set eth1 address 02:00:00:00:00:99"), shows: { "veth.core": { "endpoints.0.mac": "02:00:00:00:00:99" } } },
        { by: "ip link set web-up0 address 02:00:00:00:00:99", shows: { "veth.uplink": { "endpoints.1.mac": "02:00:00:00:00:99" } } },
      ],
    },
    {
      attribute: "endpoints.0.up",
      read: `${THERE}\`RTM_GETLINK\`, \`IFF_UP\``,
      hands: [
        { by: web("link set eth1 down"), shows: { "veth.core": { "endpoints.0.up": false } } },
        { by: "ip link set web-up0 down", shows: { "veth.uplink": { "endpoints.1.up": false } } },
      ],
    },
    {
      attribute: "endpoints.1.accept_ra",
      read: "`RTM_GETLINK`, `IFLA_INET6_CONF`, of an end on the host",
      hands: [
        {
          by: "echo 1 > /proc/sys/net/ipv6/conf/web-up0/accept_ra",
          shows: { "veth.uplink": { "endpoints.1.accept_ra": true } },
        },
      ],
    },
    {
      attribute: "endpoints.1.master",
      read: "`RTM_GETLINK`, `IFLA_MASTER`: an end on the host that somebody made a port",
      hands: [{ by: "ip link set web-up0 master lab-spare", shows: { "veth.uplink": { "endpoints.1.master": "lab-spare" } } }],
    },
    {
      attribute: "endpoints.0.impair.rate",
      read: `${THERE}\`RTM_GETLINK\`, \`IFLA_QDISC\`, and where that is netem or tbf \`RTM_GETQDISC\``,
      hands: [
        { by: `nsenter -t $web -n tc qdisc add dev eth1 root ${SLOW}`, shows: { "veth.core": { "endpoints.0.impair.rate": "1mbit" } } },
        { by: `tc qdisc add dev web-up0 root ${SLOW}`, shows: { "veth.uplink": { "endpoints.1.impair.rate": "1mbit" } } },
      ],
    },
    {
      attribute: "mtu",
      read: "`RTM_GETLINK`, `IFLA_MTU`, of both ends",
      hands: [
        { by: web("link set eth1 mtu 1280"), shows: { "veth.core": { mtu: 1280 } } },
        { by: "ip link set web-up0 mtu 9000", shows: { "veth.uplink": { mtu: 9000 } } },
      ],
    },
    {
      attribute: "alias",
      read: "`RTM_GETLINK`, `IFLA_IFALIAS`, of both ends; without it, or with another, by `IFLA_GROUP` and its name",
      hands: [
        { by: db("link set eth1 alias ''"), shows: { "veth.core": { alias: "" } } },
        { by: "ip link set web-up0 alias ''", shows: { "veth.uplink": { alias: "" } } },
        { by: "ip link set web-up0 alias 'of mine'", shows: { "veth.uplink": { alias: "of mine" } } },
      ],
    },
    {
      attribute: "endpoints.*.group",
      read: "`RTM_GETLINK`, `IFLA_GROUP`",
      hands: [
        { by: db("link set eth1 group 7"), shows: { "veth.core": { "endpoints.1.group": 7 } } },
        { by: "ip link set web-up0 group 7", shows: { "veth.uplink": { "endpoints.1.group": 7 } } },
      ],
    },
    {
      attribute: ITSELF,
      read: "`RTM_GETLINK`",
      hands: [
        { by: db("link del eth1"), shows: { "veth.core": "gone" } },
        { by: "ip link del web-up0", shows: { "veth.uplink": "gone", "container.web": { neighbours: [] } } },
      ],
    },
  ],
}
