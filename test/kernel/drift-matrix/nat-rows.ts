import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

const RULE4 = 'ip saddr 10.20.0.0/24 oifname != "lab-lan" masquerade'
const RULE6 = 'ip6 saddr fd20::/64 oifname != "lab-lan" masquerade'

export const natRows: KindRows = {
  kind: "nat",
  attributes: [
    {
      attribute: "rules",
      read: "`NFT_MSG_GETCHAIN`, `NFT_MSG_GETRULE`",
      hands: [
        { by: "nft flush table ip stack_lab", shows: { "nat.lan": { rules: [RULE6] } }, needs: "nft" },
        {
          by: "nft insert rule ip stack_lab nat-lan counter accept",
          shows: { "nat.lan": { rules: [RULE4, RULE6, "ip: a rule of others (counter immediate)"] } },
          needs: "nft",
        },
        {
          by: "nft add chain ip6 stack_lab nat-lan '{ policy drop; }'",
          shows: { "nat.lan": { rules: [RULE4, RULE6, "ip6: chain { type nat hook postrouting priority 100; policy drop; }"] } },
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
      attribute: "sysctls.*",
      read: "`/proc/sys/net/ipv4/ip_forward`, `/proc/sys/net/ipv6/conf/all/forwarding` of the host",
      hands: [
        { by: "echo 0 > /proc/sys/net/ipv4/ip_forward", shows: { "nat.lan": { "sysctls.net.ipv4.ip_forward": "0" } } },
        {
          by: "echo 0 > /proc/sys/net/ipv6/conf/all/forwarding",
          shows: { "nat.lan": { "sysctls.net.ipv6.conf.all.forwarding": "0" } },
        },
      ],
    },
    {
      attribute: ITSELF,
      read: "`NFT_MSG_GETTABLE`, `NFT_MSG_GETCHAIN`",
      hands: [{ by: "nft flush ruleset", shows: { "nat.lan": "gone" }, needs: "nft" }],
    },
  ],
}
