import type { Fragment } from "../../model/fragment.ts"
import { keys, macAddress, truth, wholeNumber } from "../../model/fragment.ts"
import { MOST_ADVMSS, MOST_MTU } from "./spec-routing.ts"

const MOST = 2 ** 32 - 1
const TABLE = "a table: a number from 1 to 4294967295, or main, default or local"
const PREFIX = "a network such as 10.9.0.0/16, or an IP address"

function words(description: string, form: string): Fragment {
  return { description, type: "string", form }
}

function table(description: string): Fragment {
  return { description, type: ["integer", "string"], form: TABLE, examples: [100, "main"] }
}

const INTERFACE = "the name of an interface of the container"
const IP = "an IP address such as 10.20.0.254"

/** `routes:`, `rules:` and `neighbours:` of a container. */
export function routingSchema(): { [key: string]: Fragment } {
  return { routes: routesSchema(), rules: rulesSchema(), neighbours: neighboursSchema() }
}

function routesSchema(): Fragment {
  const onlink = "The next hop is on the link of `dev`, whatever the addresses there say."
  return {
    description: "Routes of its network namespace, besides the gateways of the interfaces. ip-route(8)",
    type: "array",
    form: "a list of routes",
    items: keys(
      "One route.",
      {
        to: words("Network, such as 10.9.0.0/16, or `default`.", "a network such as 10.9.0.0/16, or default"),
        type: {
          description:
            "`blackhole` drops, `unreachable` and `prohibit` drop and tell the sender, `throw` ends the table's turn, `local` is for the container itself.",
          enum: ["unicast", "local", "blackhole", "unreachable", "prohibit", "throw"],
          default: "unicast",
          form: "unicast, local, blackhole, unreachable, prohibit or throw",
        },
        via: words("The next hop; of a route of IPv4 also an address of IPv6.", IP),
        dev: words("The interface it goes through; needed without `via`.", INTERFACE),
        nexthops: {
          description: "Several ways at once, in the place of `via` and `dev`: what is sent is spread over them.",
          type: "array",
          minItems: 2,
          form: "a list of two next hops or more",
          items: keys("One way.", {
            via: words("The next hop.", IP),
            dev: words("The interface it goes through; needed without `via`.", INTERFACE),
            weight: wholeNumber("Its share of all.", 1, 256, { default: 1 }),
            onlink: truth(onlink, false),
          }),
        },
        table: { ...table("The table that it stands in; `rules` say when it is asked."), default: "main" },
        metric: wholeNumber("Of several routes to one network the least is taken.", 1, MOST),
        src: words("The container's own address that what it carries is sent from.", IP),
        scope: {
          description: "How far what it leads to is. Default: `link` without a next hop, `host` of a local one, else `universe`. IPv4.",
          enum: ["universe", "global", "site", "link", "host"],
          form: "universe, site, link or host",
        },
        onlink: truth(onlink, false),
        mtu: wholeNumber("The longest packet, in bytes.", 68, MOST_MTU),
        advmss: wholeNumber("The longest segment of TCP that is asked for, in bytes.", 1, MOST_ADVMSS),
      },
      { required: ["to"] },
    ),
  }
}

function ports(description: string): Fragment {
  return { description, type: ["integer", "string"], form: "a port such as 80, or a range such as 8000-8080", examples: ["8000-8080"] }
}

function rulesSchema(): Fragment {
  return {
    description: "Rules of its network namespace, by which the kernel chooses the table that it looks a route up in. ip-rule(8)",
    type: "array",
    form: "a list of rules",
    items: keys(
      "One rule.",
      {
        priority: wholeNumber("The least is asked first. The kernel's own are 0 (local), 32766 (main) and 32767 (default).", 1, MOST),
        family: {
          description: "For a rule whose addresses do not tell it. Default: inet (IPv4).",
          enum: ["inet", "inet6"],
          form: "inet or inet6",
        },
        from: words("Sent from there.", PREFIX),
        to: words("Sent to there.", PREFIX),
        iif: words("Come in by this interface; `lo`: the container's own.", INTERFACE),
        oif: words("Sent by a program that is bound to this interface.", INTERFACE),
        fwmark: {
          description: "The mark that a filter has put on it, and behind a slash which bits of it count.",
          type: ["integer", "string"],
          minimum: 0,
          maximum: MOST,
          pattern: "^\\s*(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})(/(0x[0-9a-fA-F]{1,8}|[0-9]{1,10}))?\\s*$",
          form: "a mark such as 1, 0x10 or 0x10/0xff",
        },
        ipproto: {
          description: "The protocol above IP: tcp, udp, icmp, ipv6-icmp, sctp, gre, esp, ah, ospf, or a number.",
          type: ["integer", "string"],
          form: "a protocol such as tcp, or a number",
        },
        sport: ports("Sent from this port, or one of these."),
        dport: ports("Sent to this port, or one of these."),
        not: truth("For all that is not so.", false),
        type: {
          description: "What becomes of it.",
          enum: ["lookup", "blackhole", "unreachable", "prohibit"],
          default: "lookup",
          form: "lookup, blackhole, unreachable or prohibit",
        },
        table: table("The table that is asked."),
        goto: wholeNumber(
          "In the place of `table`: the rule of this priority is asked next, and those between are passed over. It must be a larger one.",
          2,
          MOST,
        ),
        suppress_prefixlength: wholeNumber("What the table has of so many bits, or fewer, does not count: 0, no default route.", 0, 128),
      },
      { required: ["priority"] },
    ),
  }
}

function neighboursSchema(): Fragment {
  return {
    description: "Neighbours that are known for good, and those that the container answers for. ip-neighbour(8)",
    type: "array",
    form: "a list of neighbours",
    items: keys(
      "One neighbour.",
      {
        to: words("Its IP address.", IP),
        lladdr: macAddress("Its MAC address; needed unless it is a proxy's."),
        dev: words("The interface that it is on.", INTERFACE),
        proxy: truth(
          "The container answers on this interface for that address. It must forward (sysctls), IPv6 wants proxy_ndp too.",
          false,
        ),
      },
      { required: ["to", "dev"] },
    ),
  }
}
