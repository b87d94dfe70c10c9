import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const RULE4 = 'ip saddr 10.20.0.0/24 iifname "lab-lan" oifname != "lab-lan" masquerade'
const RULE6 = 'ip6 saddr fd20::/64 iifname "lab-lan" oifname != "lab-lan" masquerade'
/** What holds besides the port on the bridge of the container that publishes one. */
const OF_PORT = [
  "ip output: fib daddr type local jump ports-dmz",
  'ip prerouting: iifname != "lab-spare" fib daddr type local jump ports-dmz',
  'ip local: fib saddr type local oifname "lab-dmz" ct status dnat masquerade',
  'ip guard: iifname "lab-dmz" ip daddr 127.0.0.0/8 drop',
  'ip saddr 10.21.0.0/24 oifname "lab-dmz" ct status dnat masquerade',
]
const ASLEEP = "ip: table { flags dormant; }"
const LOCALNET = "sysctls.net.ipv4.conf.lab-dmz.route_localnet"

/** The rules without one of them, and with another. */
function ofPort(without: string, ...rest: string[]): string[] {
  return [...OF_PORT.filter((rule) => !rule.startsWith(without)), ...rest].sort()
}

export const natRows: KindRows = {
  kind: "nat",
  attributes: [
    {
      attribute: "rules",
      read: "`NFT_MSG_GETCHAIN`, `NFT_MSG_GETRULE`",
      hands: [
        {
          by: "nft flush table ip stack_lab",
          shows: { "nat.lan": { rules: [RULE6] }, "nat.dmz": { rules: [], "ports.8080/tcp": null } },
          needs: "nft",
        },
        { by: "nft flush chain ip stack_lab guard-dmz", shows: { "nat.dmz": { rules: ofPort("ip guard") } }, needs: "nft" },
        {
          by: "nft insert rule ip stack_lab output-dmz accept",
          shows: { "nat.dmz": { rules: ofPort("none", "ip output: a rule of others (accept)") } },
          needs: "nft",
        },
        {
          by: "nft insert rule ip stack_lab nat-lan counter accept",
          shows: { "nat.lan": { rules: [RULE4, RULE6, "ip: a rule of others (counter accept)"] } },
          needs: "nft",
        },
        {
          by: "nft add chain ip6 stack_lab nat-lan '{ policy drop; }'",
          shows: { "nat.lan": { rules: [RULE4, RULE6, "ip6: chain { type nat hook postrouting priority 100; policy drop; }"] } },
          needs: "nft",
        },
        {
          by: "nft add table ip stack_lab '{ flags dormant; }'",
          shows: {
            "nat.lan": { rules: [RULE4, RULE6, ASLEEP].sort() },
            "nat.dmz": { rules: ofPort("none", ASLEEP) },
          },
          needs: "nft",
        },
        {
          by: "nft add chain ip stack_lab mine '{ type filter hook forward priority 0; policy drop; }'",
          shows: { "nat.dmz": { rules: ofPort("none", "ip: chain mine { type filter hook forward priority 0; policy drop; }") } },
          needs: "nft",
        },
        {
          by: "nft delete table ip6 stack_lab",
          shows: { "nat.lan": { rules: [RULE4], "sysctls.net.ipv6.conf.all.forwarding": null } },
          needs: "nft",
        },
      ],
    },
    {
      attribute: "ports.*",
      read: "`NFT_MSG_GETRULE`",
      hands: [
        { by: "nft flush chain ip stack_lab ports-dmz", shows: { "nat.dmz": { "ports.8080/tcp": null } }, needs: "nft" },
        {
          by: "nft add rule ip stack_lab ports-dmz tcp dport 2222 dnat to 10.21.0.2:22",
          shows: { "nat.dmz": { "ports.2222/tcp": ["10.21.0.2:22"] } },
          needs: "nft",
        },
        {
          by: "nft flush chain ip stack_lab ports-dmz && nft add rule ip stack_lab ports-dmz tcp dport 8080 dnat to 10.21.0.9:80",
          shows: { "nat.dmz": { "ports.8080/tcp": ["10.21.0.9:80"] } },
          needs: "nft",
        },
      ],
    },
    {
      attribute: "hairpin",
      read: "`RTM_GETLINK` (`IFLA_INFO_SLAVE_DATA`)",
      hands: [
        { by: "ip link set lab-front-eth0 type bridge_slave hairpin off", shows: { "nat.dmz": { hairpin: [] } } },
        {
          by: "ip link del lab-front-eth0",
          shows: { "interface.front.eth0": "gone", "nat.dmz": { hairpin: [] } },
        },
      ],
    },
    {
      attribute: "sysctls.*",
      read: "`/proc/sys/net/ipv4/ip_forward`, `/proc/sys/net/ipv6/conf/all/forwarding` of the host",
      hands: [
        {
          by: "echo 0 > /proc/sys/net/ipv4/ip_forward",
          shows: { "nat.lan": { "sysctls.net.ipv4.ip_forward": "0" }, "nat.dmz": { "sysctls.net.ipv4.ip_forward": "0" } },
        },
        { by: "echo 0 > /proc/sys/net/ipv4/conf/lab-dmz/route_localnet", shows: { "nat.dmz": { [LOCALNET]: "0" } } },
        {
          by: "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
          shows: { "nat.lan": { "sysctls.net.ipv6.conf.all.forwarding": "0" } },
        },
      ],
    },
    {
      attribute: ITSELF,
      read: "`NFT_MSG_GETTABLE`, `NFT_MSG_GETCHAIN`",
      hands: [{ by: "nft flush ruleset", shows: { "nat.lan": "gone", "nat.dmz": "gone" }, needs: "nft" }],
    },
  ],
}
