import type { Fragment } from "../../model/fragment.ts"
import { addresses, keys, lifecycleKeys, macAddress, named, truth, wholeNumber } from "../../model/fragment.ts"

/** `bridges:` */
export function bridgesSchema(): Fragment {
  return named("Bridges of the host, by name.", {
    ...keys("A bridge: what the interfaces of containers are ports of.", {
      address: addresses(
        "The host's own addresses on the bridge, one or a list. Its subnets are what `address: auto` chooses from.",
        "10.20.0.1/24",
      ),
      mtu: wholeNumber("Largest packet in bytes. Interfaces on the bridge take it over.", 68, 65535, { default: 1500 }),
      mac: macAddress("MAC address. Default: one derived from the stack and the name, the same each time."),
      stp: truth("Spanning tree protocol.", false),
      vlan_filtering: truth("Whether the bridge looks at VLAN tags.", false),
      ageing_time: wholeNumber("Seconds until a MAC address that is not heard of is forgotten.", 0, 1_000_000, { default: 300 }),
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
      interface: {
        description: "The kernel's name of the link, at most 15 bytes. Default: STACK-BRIDGE, shortened by a hash where it is longer.",
        type: "string",
        form: "an interface name",
      },
      ...lifecycleKeys(),
    }),
    type: ["object", "null"],
  })
}
