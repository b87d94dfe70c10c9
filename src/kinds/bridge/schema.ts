import { BRIDGE_DEFAULTS, VLAN_PROTOCOLS } from "../../base/bridge-options.ts"
import { LAST_VLAN } from "../../base/vlans.ts"
import type { Fragment } from "../../model/fragment.ts"
import { addresses, keys, lifecycleKeys, macAddress, named, oneOrMore, truth, wholeNumber } from "../../model/fragment.ts"

/** `bridges:` */
export function bridgesSchema(): Fragment {
  return named("Bridges of the host, by name.", {
    ...keys("A bridge: what the interfaces of containers are ports of.", bridgeKeys(), { instead: INSTEAD }),
    type: ["object", "null"],
  })
}

/** Compose's, docker's and nmstate's words. */
const INSTEAD: { readonly [word: string]: string } = {
  ...{ driver: "", attachable: "", enable_ipv6: "", enable_ipv4: "", driver_opts: "" },
  ...{ ipam: "address", subnet: "address", subnets: "address", gateway: "address", ip: "address", ipv4: "address", ipv6: "address" },
  ...{
    masquerade: "nat",
    dns: "resolver",
    vlan_aware: "vlan_filtering",
    bridge_name: "interface",
    "mac-address": "mac",
    mac_address: "mac",
  },
}

function bridgeKeys(): { [key: string]: Fragment } {
  return {
    address: addresses(
      "The host's own addresses on the bridge, one or a list. Its subnets are what `address: auto` chooses from.",
      "10.20.0.1/24",
    ),
    mtu: wholeNumber("Largest packet in bytes. Interfaces on the bridge take it over.", 68, 65535, { default: 1500 }),
    mac: macAddress("MAC address. Default: one derived from the stack and the name, the same each time."),
    stp: truth("Spanning tree protocol.", false),
    vlan_filtering: truth("Whether the bridge looks at VLAN tags.", false),
    ageing_time: wholeNumber("Seconds until a MAC address that is not heard of is forgotten.", 0, 1_000_000, { default: 300 }),
    ...optionKeys(),
    nat: truth(
      "Whether what leaves its subnets is masqueraded: it goes out with the host's own address. The host then passes packets on.",
      false,
    ),
    internal: truth(
      "Whether the host passes nothing on, from the bridge or to it. The host itself and its containers reach each other all the same.",
      false,
    ),
    isolated: truth(
      "Whether the host passes nothing on between it and the other bridges of the stack, but what comes by a published port.",
      false,
    ),
    resolver: resolverKey(),
    interface: {
      description: "The kernel's name of the link, at most 15 bytes. Default: STACK-BRIDGE, shortened by a hash where it is longer.",
      type: "string",
      form: "an interface name",
    },
    ...lifecycleKeys(),
  }
}

function resolverKey(): Fragment {
  return keys(
    "Whether a container `resolver-BRIDGE` on the bridge answers DNS questions for the names of the stack's containers, and those on the bridge ask it: `true`, or a map of how.",
    {
      address: addresses("Its own addresses on the bridge, one or a list. Default: `auto`.", "10.20.0.53"),
      upstream: oneOrMore(
        "IP addresses of who is asked for all other names, in this order. Default: nobody; such questions are refused.",
        { type: "string", form: "an IP address", examples: ["192.0.2.53"] },
        "an IP address or a list of them",
      ),
    },
    { type: ["boolean", "object"], default: false, form: "true, false, or a map of keys" },
  )
}

/** Bounds of the times: IEEE 802.1D, and include/net/bridge of the kernel. */
function optionKeys(): { readonly [key: string]: Fragment } {
  const usual = BRIDGE_DEFAULTS
  const number = (description: string, least: number, most: number, key: keyof typeof usual) =>
    wholeNumber(description, least, most, { default: usual[key] })
  return {
    priority: number("Of the spanning tree: the bridge with the least is its root.", 0, 65_535, "priority"),
    forward_delay: number(
      "Seconds in which a port only listens, and then only learns; 0 without spanning tree alone.",
      0,
      30,
      "forward_delay",
    ),
    hello_time: number("Seconds between the messages of the spanning tree's root.", 1, 10, "hello_time"),
    max_age: number("Seconds after which a root that is not heard of is taken to be gone.", 6, 40, "max_age"),
    group_fwd_mask: number(
      "Link-local protocols that are passed on: a bit for the last number of each address 01:80:c2:00:00:0X, such as 0x4000 for LLDP.",
      0,
      65_535,
      "group_fwd_mask",
    ),
    mcast_snooping: truth("Whether multicast goes only to ports where somebody wants it.", usual.mcast_snooping),
    mcast_querier: truth("Whether the bridge itself asks who wants multicast.", usual.mcast_querier),
    vlan_protocol: {
      description: "The tag that it looks at: 802.1Q, or a provider's, 802.1ad.",
      type: "string",
      enum: VLAN_PROTOCOLS,
      default: usual.vlan_protocol,
      form: VLAN_PROTOCOLS.join(" or "),
    },
    accept_ra: truth("Whether the host takes addresses and routes from routers that advertise themselves on it.", usual.accept_ra),
    vlan_default_pvid: number("The VLAN of ports that name none; 0: such a port is in no VLAN.", 0, LAST_VLAN, "vlan_default_pvid"),
  }
}
