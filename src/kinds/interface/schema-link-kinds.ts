import { LAST_VLAN } from "../../base/vlans.ts"
import type { Fragment } from "../../model/fragment.ts"
import { keys, truth, wholeNumber } from "../../model/fragment.ts"
import { wireGuardSchema } from "./schema-wireguard.ts"
import { BOND_MODES, GRE_TTL, IPVLAN_MODES, MACVLAN_MODES, MIIMON, VXLAN_PORT } from "./spec-link-kinds.ts"

/** The largest number of a network in 24 bits. RFC 7348, 5 */
const LARGEST_VNI = 16_777_215

const LARGEST_ID = 2 ** 32 - 2
const LARGEST_KEY = 2 ** 32 - 1
/** 253 to 255 are the kernel's: default, main, local. */
const LARGEST_TABLE = 2 ** 32 - 1

/** What an interface is that is on no bridge. */
export function linkKindKeys(): { readonly [key: string]: Fragment } {
  return {
    macvlan: lying(
      "A macvlan: a MAC address of its own on this link of the host, which may be a bridge of the stack's, as it is called there; or in a map on another interface of the container.",
    ),
    ipvlan: lying("An ipvlan: addresses of its own behind the MAC address of this link, as for `macvlan`."),
    mode: {
      description: "Of a macvlan: bridge (the default), private, vepa or passthru; of an ipvlan: l2 (the default), l3 or l3s.",
      type: "string",
      enum: [...MACVLAN_MODES, ...IPVLAN_MODES],
      form: "bridge, private, vepa or passthru, or l2, l3 or l3s",
    },
    vlan: {
      ...keys(
        "Beside `bridge`, a number: the VLAN that the interface is in, whose frames come and go without a tag. Without one, a VLAN of another interface of the container, or of a link of the host. IEEE 802.1Q",
        {
          link: own(
            "The interface of the container whose tagged frames it takes: another of `interfaces`, a VLAN too, or an end of a pair in it.",
          ),
          parent: parent("Or the link of the host, as for `macvlan`."),
          id: wholeNumber("The VLAN's number.", 1, LAST_VLAN),
        },
        { required: ["id"], form: `a number from 1 to ${LAST_VLAN}, or a map with link or parent, and id` },
      ),
      type: ["integer", "object"],
      minimum: 1,
      maximum: LAST_VLAN,
    },
    vxlan: keys(
      "A vxlan: Ethernet frames in UDP packets, which leave by links of the host, or with `link` or `link_netns` by the container's own. RFC 7348",
      {
        id: wholeNumber("The network's number.", 0, LARGEST_VNI),
        remote: ipv4("The other end, an IPv4 address.", "192.0.2.1"),
        group: ipv4("Or a multicast group, where all the others are.", "239.1.1.1"),
        local: ipv4("The address to send from: the host's, or the container's.", "192.0.2.2"),
        port: wholeNumber("UDP port.", 1, 65535, { default: VXLAN_PORT }),
        link: own("The interface of the container that its packets leave by: another of `interfaces`, or an end of a pair in it."),
        parent: parent("Or the link of the host."),
        link_netns: {
          description: "Where neither is said, and routes tell by which link they leave: whose links and routes these are.",
          enum: ["host", "container"],
          default: "host",
          form: "host or container",
        },
        fdb: fdbSchema(),
      },
      { required: ["id"], form: "a map with at least id" },
    ),
    gre: gre("A GRE tunnel between IPv4 addresses, for IP packets. RFC 2784", "10.0.0.1"),
    gretap: gre("A GRE tunnel between IPv4 addresses, for Ethernet frames.", "10.0.0.1"),
    ip6gre: gre("A GRE tunnel between IPv6 addresses, for IP packets. RFC 7676", "fd00::1"),
    ip6gretap: gre("A GRE tunnel between IPv6 addresses, for Ethernet frames.", "fd00::1"),
    vrf: keys(
      "A VRF of the container: interfaces that name it as their `master` have a routing table of their own.",
      { table: wholeNumber("The number of the table.", 1, LARGEST_TABLE) },
      { required: ["table"], form: "a map with table" },
    ),
    bond: keys(
      "A bond: several interfaces of the container as one. What they have is its own: they have no addresses. Linux, bonding.rst",
      {
        mode: {
          description: "How what is sent is spread over its members.",
          enum: BOND_MODES,
          default: BOND_MODES[0],
          form: `${BOND_MODES.slice(0, -1).join(", ")} or ${BOND_MODES.at(-1)}`,
        },
        miimon: wholeNumber("Milliseconds after which it looks again which of its members carry.", 1, 2 ** 31 - 1, { default: MIIMON }),
        members: {
          description: "Its members: interfaces of the same container, with a MAC address each.",
          type: "array",
          items: { description: "The name of an interface.", type: "string", form: "the name of an interface of the container" },
          form: "a list of interfaces of the container",
          examples: [["eth1", "eth2"]],
        },
      },
      { required: ["members"], form: "a map with at least members" },
    ),
    wireguard: wireGuardSchema(),
    tap: {
      ...keys(
        "A tap device: a program of the container sends and takes in its Ethernet frames through /dev/net/tun, which is one of its `devices`.",
        {
          owner: wholeNumber("User id inside of who may open it besides those with NET_ADMIN. Default: nobody.", 0, LARGEST_ID),
          group: wholeNumber("The same of a group.", 0, LARGEST_ID),
          multi_queue: truth("Several programs, or threads of one, at once.", false),
        },
      ),
      type: ["object", "null"],
      form: "nothing, or a map of owner, group and multi_queue",
    },
    phys: {
      ...parent("A device of the host, lent to the container while the stack is there, and given back as it was: by its name on the host."),
      form: "the name of a device of the host",
    },
    dummy: { ...keys("A link that leads nowhere: for addresses of its own.", {}), type: ["object", "null"], form: "nothing, or {}" },
  }
}

function parent(description: string): Fragment {
  return { description, type: "string", form: "the name of a link of the host", examples: ["eth0"] }
}

function own(description: string): Fragment {
  return { description, type: "string", form: "the name of an interface of the container", examples: ["eth1"] }
}

/** On a link of the host, by its name alone, or on one of the container's own. */
function lying(description: string): Fragment {
  return {
    ...keys(description, {
      link: own("The interface of the container that it lies on: another of `interfaces`, or an end of a pair in it."),
      parent: parent("Or the link of the host."),
    }),
    type: ["string", "object"],
    form: "the name of a link of the host, or a map with link",
    examples: ["eth0"],
  }
}

function gre(description: string, example: string): Fragment {
  const ip = (words: string): Fragment => ({
    description: words,
    type: "string",
    form: `an IP address such as ${example}`,
    examples: [example],
  })
  return keys(
    description,
    {
      remote: ip("The other end."),
      local: ip("The container's own address to send from. Default: that of the route to the other end."),
      key: wholeNumber("A number that both ends know the tunnel by.", 1, LARGEST_KEY),
      ttl: wholeNumber("Hop limit of its packets; 0: that of what it carries.", 0, 255, { default: GRE_TTL }),
    },
    { required: ["remote"], form: "a map with at least remote" },
  )
}

function fdbSchema(): Fragment {
  return {
    description: "Where frames go, beside `remote` or `group` and what it learns. bridge(8)",
    type: "array",
    form: "a list of entries, each a map with at least to",
    items: keys(
      "One entry.",
      {
        mac: {
          description: "Frames to this MAC address. Default: those to all, and to who is nowhere to be found; they go to each of several.",
          type: "string",
          form: "a MAC address such as 02:00:00:00:00:01",
          examples: ["02:00:00:00:00:01"],
        },
        to: ipv4("The host that they go to, an IPv4 address.", "192.0.2.3"),
        port: wholeNumber("UDP port there. Default: that of the vxlan.", 1, 65535),
        vni: wholeNumber("The network's number there. Default: that of the vxlan.", 0, LARGEST_VNI),
      },
      { required: ["to"] },
    ),
  }
}

function ipv4(description: string, example: string): Fragment {
  return { description, type: "string", form: `an IPv4 address such as ${example}`, examples: [example] }
}
