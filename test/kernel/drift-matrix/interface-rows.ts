import type { Value } from "../../../src/model/resource.ts"
import { wireGuardKey } from "./matrix-lab.ts"
import type { AttributeRow, KindRows, Shows } from "./row.ts"
import { ITSELF } from "./row.ts"

const INSIDE = "in the container's network namespace: "
const PORT = "lab-web-eth0"
const web = (words: string) => `nsenter -t $web -n ip ${words}`
const db = (words: string) => `nsenter -t $db -n ip ${words}`
const bridgeOfWeb = (words: string) => `nsenter -t $web -n bridge ${words}`
/** One call for the tap of that container, as whoever may open it can make it. linux/if_tun.h */
function tapCall(request: string, value: string, then = "pass"): string {
  const words = `import fcntl, struct; f = open("/dev/net/tun", "r+b", 0); fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", b"tp0", 0x1002)); fcntl.ioctl(f, ${request}, int("'"${value}"'")); ${then}`
  return `nsenter -t $web -n python3 -c '${words}'`
}

/** As this program itself would set it: burst and queue follow from the rate. */
export const SLOW = "tbf rate 1mbit burst 65549 limit 78049"
/** Where the container's end is away or down the kernel drops the container's own routes by it, too. */
const NO_ROUTES: Shows = { "container.web": { routes: [] } }

/** Option of a port, its attribute, what somebody sets it to in the words of bridge(8), what is then read. */
const OPTIONS: readonly (readonly [string, string, string, Value])[] = [
  ["priority", "PRIORITY", "priority 1", 1],
  ["cost", "COST", "cost 100", 100],
  ["guard", "GUARD", "guard on", true],
  ["root_block", "PROTECT", "root_block on", true],
  ["fastleave", "FAST_LEAVE", "fastleave on", true],
  ["learning", "LEARNING", "learning off", false],
  ["flood", "UNICAST_FLOOD", "flood off", false],
  ["mcast_flood", "MCAST_FLOOD", "mcast_flood off", false],
  ["bcast_flood", "BCAST_FLOOD", "bcast_flood off", false],
  ["neigh_suppress", "NEIGH_SUPPRESS", "neigh_suppress on", true],
  ["isolated", "ISOLATED", "isolated on", true],
]

function portOption([option, read, words, value]: (typeof OPTIONS)[number]): AttributeRow {
  const attribute = `host_end.${option}`
  const by = `ip link set ${PORT} type bridge_slave ${words}`
  return {
    attribute,
    read: `\`RTM_GETLINK\`, \`IFLA_INFO_SLAVE_DATA\`, \`IFLA_BRPORT_${read}\``,
    hands: [{ by, shows: { "interface.web.eth0": { [attribute]: value } } }],
  }
}

const PEER = wireGuardKey(1)
const ofPeer = (field: string) => `wireguard.peers.*.${field}`

/** Attribute of a link of WireGuard, its name in the kernel, what somebody does with wg(8), what is then read. */
const WIREGUARD_HANDS: readonly (readonly [string, string, string, Value])[] = [
  ["wireguard.private_key.content", "WGDEVICE_A_PRIVATE_KEY", "private-key /dev/stdin", "another"],
  ["wireguard.listen_port", "WGDEVICE_A_LISTEN_PORT", "listen-port 4000", 4000],
  [ofPeer("endpoint"), "WGPEER_A_ENDPOINT", `peer ${PEER} endpoint 10.20.0.9:7`, "10.20.0.9:7"],
  [ofPeer("allowed_ips"), "WGPEER_A_ALLOWEDIPS", `peer ${PEER} allowed-ips 10.81.0.0/16`, ["10.81.0.0/16"]],
  [ofPeer("keepalive"), "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL", `peer ${PEER} persistent-keepalive 7`, 7],
  [ofPeer("preshared_key.content"), "WGPEER_A_PRESHARED_KEY", `peer ${PEER} preshared-key /dev/stdin`, "another"],
]

function wireGuardRow([attribute, read, words, value]: (typeof WIREGUARD_HANDS)[number]): AttributeRow {
  const isKey = words.endsWith("/dev/stdin")
  const by = `${isKey ? "wg genkey | " : ""}nsenter -t $web -n wg set wg0 ${words}`
  return {
    attribute,
    read: `${INSIDE}\`WG_CMD_GET_DEVICE\`, \`${read}\`${isKey ? ", which is only compared" : ""}`,
    hands: [{ by, shows: { "interface.web.wg0": { [attribute.replace("*", PEER)]: value } }, needs: "wireguard" }],
  }
}

export const interfaceRows: KindRows = {
  kind: "interface",
  attributes: [
    { attribute: "link.kind", read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_INFO_KIND\``, hands: [], never: "a link is of a kind for its life" },
    {
      attribute: "link.parent",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_LINK\` (vxlan: \`IFLA_VXLAN_LINK\`), which is looked up on the host; of lent hardware its alias`,
      hands: [],
      never: "a link lies on another for its life",
    },
    {
      attribute: "link.link",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_LINK\` (vxlan: \`IFLA_VXLAN_LINK\`) without an \`IFLA_LINK_NETNSID\`, which is looked up there`,
      hands: [],
      never: "a link lies on another for its life",
    },
    {
      attribute: "link.link_netns",
      read: `${INSIDE}of a vxlan on no link \`RTM_GETLINK\`, no \`IFLA_LINK_NETNSID\``,
      hands: [],
      never: "by whose links its packets leave is so for its life",
    },
    {
      attribute: "parent",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_LINK\`, and the mark of that link, on the host or there`,
      hands: [],
      never: "a link lies on another for its life",
    },
    {
      attribute: "link.mode",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_INFO_DATA\``,
      hands: [
        { by: web("link set mv0 type macvlan mode private"), shows: { "interface.web.mv0": { "link.mode": "private" } }, needs: "macvlan" },
      ],
    },
    ...(["owner", "group"] as const).map((whose, i) => ({
      attribute: `link.${whose}`,
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_TUN_${whose.toUpperCase()}\`, which the container's \`/proc/PID/${whose === "owner" ? "u" : "g"}id_map\` says how it calls`,
      hands: [
        {
          by: tapCall(i === 0 ? "0x400454cc" : "0x400454ce", `$(awk '{ print $2 }' /proc/$web/${whose === "owner" ? "u" : "g"}id_map)`),
          shows: { "interface.web.tp0": { [`link.${whose}`]: 0 } },
          needs: "tap",
        },
      ],
    })),
    {
      attribute: "link.persist",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_TUN_PERSIST\``,
      hands: [
        {
          by: `${tapCall("0x400454cb", "0", "import time; time.sleep(60)")} >/dev/null 2>&1 & until nsenter -t $web -n ip -d link show tp0 | grep -q "persist off"; do sleep 0.02; done`,
          shows: { "interface.web.tp0": { "link.persist": "off" } },
          needs: "tap",
        },
      ],
    },
    {
      attribute: "inside_master",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_MASTER\``,
      hands: [
        { by: web("link set eth2 nomaster"), shows: { "interface.web.eth2": { inside_master: null } }, needs: "vrf" },
        {
          by: web("link set eth0 master blue"),
          shows: { "interface.web.eth0": { inside_master: "blue", gateway: [] }, ...NO_ROUTES },
          needs: "vrf",
        },
      ],
    },
    {
      attribute: "l3mdev.*",
      read: `${INSIDE}\`RTM_GETRULE\`, \`FRA_L3MDEV\`; where it has a vrf`,
      hands: [
        { by: web("rule del l3mdev priority 1000"), shows: { "interface.web.blue": { "l3mdev.inet": false } }, needs: "vrf" },
        { by: web("-6 rule del l3mdev priority 1000"), shows: { "interface.web.blue": { "l3mdev.inet6": false } }, needs: "vrf" },
      ],
    },
    {
      attribute: "container",
      read: "`RTM_GETLINK` in every container: where the peer of the port is",
      hands: [
        {
          by: web("link set eth0 netns $db name moved"),
          shows: { "interface.web.eth0": "broken", ...NO_ROUTES },
        },
        { by: web("link set mv0 netns $db"), shows: { "interface.web.mv0": "broken" }, needs: "macvlan" },
      ],
    },
    {
      attribute: "interface",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_IFNAME\``,
      hands: [
        {
          by: `${web("link set eth0 down")}; ${web("link set eth0 name other up")}`,
          shows: { "interface.web.eth0": { interface: "other", gateway: [] }, ...NO_ROUTES },
        },
        {
          by: `${web("link set mv0 down")}; ${web("link set mv0 name other up")}`,
          shows: { "interface.web.mv0": { interface: "other" } },
          needs: "macvlan",
        },
      ],
    },
    {
      attribute: "host_interface",
      read: "`RTM_GETLINK`, `IFLA_IFNAME`; the port is found by its mark",
      hands: [
        {
          by: `ip link set ${PORT} down; ip link set ${PORT} name other up`,
          shows: { "interface.web.eth0": { host_interface: "other" } },
        },
      ],
    },
    {
      attribute: "alias",
      read: "`RTM_GETLINK`, `IFLA_IFALIAS`; without it, or with another, by `IFLA_GROUP` and its name",
      hands: [
        { by: `ip link set ${PORT} alias ''`, shows: { "interface.web.eth0": { alias: "" } } },
        { by: "ip link set lab-front-eth0 alias 'of mine'", shows: { "interface.front.eth0": { alias: "of mine" } } },
        { by: web("link set mv0 alias 'of mine'"), shows: { "interface.web.mv0": { alias: "of mine" } }, needs: "macvlan" },
        { by: web("link set mv0 alias ''"), shows: { "interface.web.mv0": { alias: "" } }, needs: "macvlan" },
      ],
    },
    {
      attribute: "group",
      read: "`RTM_GETLINK`, `IFLA_GROUP`, of the link that bears the alias",
      hands: [
        { by: `ip link set ${PORT} group 7`, shows: { "interface.web.eth0": { group: 7 } } },
        { by: web("link set mv0 group 7"), shows: { "interface.web.mv0": { group: 7 } }, needs: "macvlan" },
      ],
    },
    {
      attribute: "bridge",
      read: "`RTM_GETLINK`, `IFLA_MASTER`, and the mark of that link",
      hands: [
        { by: `ip link set ${PORT} master lab-spare`, shows: { "interface.web.eth0": { bridge: "bridge.spare", master: "lab-spare" } } },
      ],
    },
    {
      attribute: "master",
      read: "`RTM_GETLINK`, `IFLA_MASTER`",
      hands: [{ by: `ip link set ${PORT} nomaster`, shows: { "interface.web.eth0": { bridge: null, master: null } } }],
    },
    {
      attribute: "address",
      read: `${INSIDE}\`RTM_GETADDR\``,
      hands: [
        {
          by: web("addr add 10.20.0.77/24 dev eth0"),
          shows: { "interface.web.eth0": { address: ["10.20.0.2/24", "10.20.0.77/24"] } },
        },
        {
          by: web("addr del 10.20.0.2/24 dev eth0"),
          shows: { "interface.web.eth0": { address: [], gateway: [] }, ...NO_ROUTES },
        },
      ],
    },
    {
      attribute: "prefix_routes",
      read: `${INSIDE}\`RTM_GETROUTE\`: the routes to the subnets of its addresses, as the kernel makes them with these`,
      hands: [
        { by: web("route del 10.20.0.0/24 dev eth0"), shows: { "interface.web.eth0": { prefix_routes: [] } } },
        { by: web("route del 10.40.0.0/24 dev mv0"), shows: { "interface.web.mv0": { prefix_routes: [] } }, needs: "macvlan" },
      ],
    },
    {
      attribute: "gateway",
      read: `${INSIDE}\`RTM_GETROUTE\`, protocol 115`,
      hands: [
        { by: web("route del default"), shows: { "interface.web.eth0": { gateway: [] } } },
        { by: web("route replace default via 10.20.0.9 proto 115"), shows: { "interface.web.eth0": { gateway: ["10.20.0.9"] } } },
        { by: web("route replace default via 10.20.0.9"), shows: { "interface.web.eth0": { gateway: [] } } },
      ],
    },
    {
      attribute: "mac",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_ADDRESS\``,
      hands: [{ by: web("link set eth0 address 02:00:00:00:00:99"), shows: { "interface.web.eth0": { mac: "02:00:00:00:00:99" } } }],
    },
    {
      attribute: "mtu",
      read: "`RTM_GETLINK`, `IFLA_MTU`, of both ends",
      hands: [
        { by: web("link set eth0 mtu 1280"), shows: { "interface.web.eth0": { mtu: 1280 } } },
        { by: `ip link set ${PORT} mtu 9000`, shows: { "interface.web.eth0": { mtu: 9000 } } },
        { by: db("link set low0 mtu 1280"), shows: { "veth.own": { mtu: 1280 }, "interface.db.on0": { mtu: 1280 } }, needs: "macvlan" },
        { by: db("link set tag0 mtu 1280"), shows: { "interface.db.tag0": { mtu: 1280 } }, needs: "vlan" },
      ],
    },
    {
      attribute: "up",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFF_UP\``,
      hands: [
        { by: web("link set eth0 down"), shows: { "interface.web.eth0": { gateway: [], up: false }, ...NO_ROUTES } },
        {
          by: db("link set low1 down"),
          shows: { "veth.own": { "endpoints.1.up": false }, "interface.db.tag0": { up: false } },
          needs: "vlan",
        },
      ],
    },
    {
      attribute: "host_end.mac",
      read: "`RTM_GETLINK`, `IFLA_ADDRESS`",
      hands: [
        { by: `ip link set ${PORT} address 02:00:00:00:00:99`, shows: { "interface.web.eth0": { "host_end.mac": "02:00:00:00:00:99" } } },
      ],
    },
    {
      attribute: "host_end.address",
      read: "`RTM_GETADDR`",
      hands: [{ by: `ip addr add 10.88.0.1/24 dev ${PORT}`, shows: { "interface.web.eth0": { "host_end.address": ["10.88.0.1/24"] } } }],
    },
    {
      attribute: "host_end.up",
      read: "`RTM_GETLINK`, `IFF_UP`",
      hands: [{ by: `ip link set ${PORT} down`, shows: { "interface.web.eth0": { "host_end.up": false } } }],
    },
    {
      attribute: "impair.rate",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_QDISC\`, and where that is netem or tbf \`RTM_GETQDISC\``,
      hands: [
        {
          by: `nsenter -t $web -n tc qdisc add dev eth0 root ${SLOW}`,
          shows: { "interface.web.eth0": { "impair.rate": "1mbit" } },
        },
      ],
    },
    {
      attribute: "impair.other",
      read: `${INSIDE}\`RTM_GETQDISC\`: what a stack file cannot say`,
      hands: [
        {
          by: "nsenter -t $web -n tc qdisc add dev eth0 root tbf rate 1mbit burst 5000 limit 78049",
          shows: { "interface.web.eth0": { "impair.rate": "1mbit", "impair.other": "burst 5000" } },
        },
      ],
    },
    {
      attribute: "host_end.impair.rate",
      read: "`RTM_GETLINK`, `IFLA_QDISC`, and `RTM_GETQDISC`",
      hands: [{ by: `tc qdisc add dev ${PORT} root ${SLOW}`, shows: { "interface.web.eth0": { "host_end.impair.rate": "1mbit" } } }],
    },
    {
      attribute: "vlans",
      read: "`RTM_GETLINK` of the family AF_BRIDGE, `IFLA_BRIDGE_VLAN_INFO`, where a bridge filters VLANs",
      hands: [
        {
          by: "bridge vlan add dev lab-db-tr0 vid 21; bridge vlan del dev lab-db-tr0 vid 30-35",
          shows: { "interface.db.tr0": { vlans: ["10 pvid untagged", "20-21", "36-40"] } },
          needs: "vlan_filtering",
        },
      ],
    },
    {
      attribute: "fdb",
      read: `${INSIDE}where there is a vxlan \`RTM_GETNEIGH\` of the family AF_BRIDGE, what is permanent or static; without the entry that its \`remote\` makes, it has none`,
      hands: [
        {
          by: `${bridgeOfWeb("fdb del 02:00:00:00:00:51 dev vx0 dst 10.20.0.3")}; ${bridgeOfWeb("fdb append 00:00:00:00:00:00 dev vx0 dst 10.20.0.5 vni 9")}`,
          shows: {
            "interface.web.vx0": {
              fdb: [
                { to: "10.20.0.4", port: 4790 },
                { to: "10.20.0.5", vni: 9 },
              ],
            },
          },
        },
        {
          by: bridgeOfWeb("fdb del 00:00:00:00:00:00 dev vx0 dst 10.20.0.3"),
          shows: { "interface.web.vx0": { "link.remote": null } },
        },
      ],
    },
    {
      attribute: "bond.members",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_MASTER\` of the other interfaces`,
      hands: [
        {
          by: web("link set eth3 nomaster"),
          shows: { "interface.web.bond0": { "bond.members": ["eth4"] }, "interface.web.eth3": { up: false } },
          needs: "bond",
        },
      ],
    },
    {
      attribute: "bond.miimon",
      read: `${INSIDE}\`RTM_GETLINK\`, \`IFLA_BOND_MIIMON\``,
      hands: [{ by: web("link set bond0 type bond miimon 50"), shows: { "interface.web.bond0": { "bond.miimon": 50 } }, needs: "bond" }],
    },
    ...WIREGUARD_HANDS.map(wireGuardRow),
    ...OPTIONS.map(portOption),
    {
      attribute: "host_end.state",
      read: "`RTM_GETLINK`, `IFLA_INFO_SLAVE_DATA`, `IFLA_BRPORT_STATE`, where no spanning tree decides, and the port and its bridge are up",
      hands: [{ by: `bridge link set dev ${PORT} state 0`, shows: { "interface.web.eth0": { "host_end.state": "disabled" } } }],
    },
    {
      attribute: ITSELF,
      read: "`RTM_GETLINK`",
      hands: [
        { by: `ip link del ${PORT}`, shows: { "interface.web.eth0": "gone", ...NO_ROUTES } },
        { by: web("link del eth0"), shows: { "interface.web.eth0": "gone", ...NO_ROUTES } },
        { by: web("link del mv0"), shows: { "interface.web.mv0": "gone" }, needs: "macvlan" },
        { by: db("link del on0"), shows: { "interface.db.on0": "gone" }, needs: "macvlan" },
        { by: db("link del tag0"), shows: { "interface.db.tag0": "gone" }, needs: "vlan" },
      ],
    },
  ],
}
