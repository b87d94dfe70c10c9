import { LAST_VLAN } from "../../base/vlans.ts"
import type { Fragment } from "../../model/fragment.ts"
import { keys, wholeNumber } from "../../model/fragment.ts"
import { IPVLAN_MODES, MACVLAN_MODES, VXLAN_PORT } from "./spec-link-kinds.ts"

/** The largest number of a network in 24 bits. RFC 7348, 5 */
const LARGEST_VNI = 16_777_215

/** What an interface is that is on no bridge. */
export function linkKindKeys(): { readonly [key: string]: Fragment } {
  return {
    macvlan: parent("A macvlan: a MAC address of its own on this link of the host."),
    ipvlan: parent("An ipvlan: addresses of its own behind the MAC address of this link of the host."),
    mode: {
      description: "Of a macvlan: bridge (the default), private, vepa or passthru; of an ipvlan: l2 (the default), l3 or l3s.",
      type: "string",
      enum: [...MACVLAN_MODES, ...IPVLAN_MODES],
      form: "bridge, private, vepa or passthru, or l2, l3 or l3s",
    },
    vlan: {
      ...keys(
        "Beside `bridge`, a number: the VLAN that the interface is in, whose frames come and go without a tag. Without one, a VLAN of a link of the host. IEEE 802.1Q",
        { parent: parent("The link whose tagged frames it takes."), id: wholeNumber("The VLAN's number.", 1, LAST_VLAN) },
        { required: ["parent", "id"], form: `a number from 1 to ${LAST_VLAN}, or a map with parent and id` },
      ),
      type: ["integer", "object"],
      minimum: 1,
      maximum: LAST_VLAN,
    },
    vxlan: keys(
      "A vxlan: Ethernet frames in UDP packets of the host's. RFC 7348",
      {
        id: wholeNumber("The network's number.", 0, LARGEST_VNI),
        remote: ipv4("The other end, an IPv4 address.", "192.0.2.1"),
        group: ipv4("Or a multicast group, where all the others are.", "239.1.1.1"),
        local: ipv4("The host's address to send from.", "192.0.2.2"),
        port: wholeNumber("UDP port.", 1, 65535, { default: VXLAN_PORT }),
        parent: parent("The link of the host that its packets leave by."),
      },
      { required: ["id"], form: "a map with at least id" },
    ),
    dummy: { ...keys("A link that leads nowhere: for addresses of its own.", {}), type: ["object", "null"], form: "nothing, or {}" },
  }
}

function parent(description: string): Fragment {
  return { description, type: "string", form: "the name of a link of the host", examples: ["eth0"] }
}

function ipv4(description: string, example: string): Fragment {
  return { description, type: "string", form: `an IPv4 address such as ${example}`, examples: [example] }
}
