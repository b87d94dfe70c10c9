import type { Fragment } from "../../model/fragment.ts"
import { ADDRESS_WORDS, addresses, keys, lifecycleKeys, macAddress, named, oneOrMore, truth, wholeNumber } from "../../model/fragment.ts"
import { impairSchema } from "../link/schema-impair.ts"
import { linkKindKeys } from "./schema-link-kinds.ts"
import { portKeys } from "./schema-port.ts"

/** The kernel's rule is stricter (15 bytes): that is a check of its own, with a better message. */
const LINK = "^(?!x-)[^/\\s:]+$"

/** `interfaces:` of a container. */
export function interfacesSchema(): Fragment {
  return named(
    "Interfaces, by their names inside.",
    keys(
      "On a `bridge`: a veth pair, one end inside, the other a port of the bridge. Or a link with one end: `macvlan`, `ipvlan`, `vlan`, `vxlan`, `dummy`, `gre`, `vrf`, `phys`, …",
      {
        bridge: { description: "The bridge, one of `bridges`.", type: "string", form: "the name of a bridge" },
        ...linkKindKeys(),
        address: addresses(
          "Addresses inside, one or a list; or `auto`: the next free one of each subnet of the bridge, the same each time.",
        ),
        gateway: oneOrMore(
          "Where what is not on the link goes: one IPv4 and one IPv6 address at most.",
          { type: "string", examples: ["10.20.0.1"] },
          "an IP address such as 10.20.0.1",
        ),
        aliases: {
          description:
            "Other names by which containers of the stack find the addresses of this interface; several containers may share one.",
          type: "array",
          items: { description: "A host name.", type: "string", form: "a host name" },
          form: "a list of host names",
          examples: [["db", "primary.db"]],
        },
        mac: macAddress("MAC address inside. Default: one derived from the stack and the names, the same each time."),
        mtu: wholeNumber("Largest packet in bytes. Default: that of the bridge, or of what it lies on.", 68, 65535),
        up: truth("Whether the interface is up. A VLAN is so only while the interface that it lies on is.", true),
        host_end: keys("The end on the host, which is the bridge's port.", {
          mac: macAddress("Its MAC address. Default: one derived from the stack and the names, the same each time."),
          impair: impairSchema("What befalls what the container is sent."),
          ...portKeys(),
        }),
        trunk: oneOrMore(
          "VLANs whose frames come and go with their tag: numbers and ranges. The bridge has `vlan_filtering`.",
          { type: ["integer", "string"], examples: [20, "30-40"] },
          "a number from 1 to 4094, a range such as 30-40, or a list of them",
        ),
        master: {
          description: "The vrf that it is in: an interface of the same container.",
          type: "string",
          form: "the name of an interface of the container that is a vrf",
          examples: ["blue"],
        },
        impair: impairSchema("What befalls what the container sends, as on a bad line."),
        ...lifecycleKeys(),
      },
      {
        instead: {
          ...{
            network: "bridge",
            vlans: "trunk",
            vlan_id: "vlan",
            state: "up",
            default_gateway: "gateway",
            gateway4: "gateway",
            gateway6: "gateway",
          },
          ...{ delay: "impair.delay", loss: "impair.loss", jitter: "impair.jitter", rate: "impair.rate" },
          ...ADDRESS_WORDS,
        },
      },
    ),
    LINK,
    "an interface name: at most 15 bytes, no `/`, `:` or blank",
  )
}
