import * as assert from "uvu/assert"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { bridgeAdd, remove } from "./links-contract.ts"
import type { Contract } from "./subject.ts"
import { addressesOf, answers, linkIn, must, routesOf } from "./subject.ts"

const add = (address: string): NetRequest => ({ op: "address-add", link: "br-one", address })
const drop = (address: string): NetRequest => ({ op: "address-delete", link: "br-one", address })
const set = (up: boolean): NetRequest => ({ op: "link-set", link: "br-one", up })
const route = (to: string, more: { via?: string; dev?: string; metric?: number } = {}): NetRequest => ({ op: "route-replace", to, ...more })
const unroute = (to: string, more: { via?: string; dev?: string; metric?: number } = {}): NetRequest => ({
  op: "route-delete",
  to,
  ...more,
})
/** Of the link's addresses, those someone gave it. */
const given = (addresses: readonly string[]) => addresses.filter((a) => !a.endsWith(" link"))

/** What drivers count on of addresses and routes. */
export const addressContract: Contract = {
  "the route to a subnet is there while a link with an address in it is up": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one", { up: false }), add("10.9.0.1/24"), add("fd09::1/64"), add("10.9.9.9/32")])
    assert.equal(given(addressesOf(kernel.dump("host"), "br-one")), ["10.9.0.1/24 global", "10.9.9.9/32 global", "fd09::1/64 global"])
    assert.equal(routesOf(kernel.dump("host"), "br-one"), [])
    must(kernel, [set(true)])
    const connected = ["10.9.0.0/24 proto 2 metric 0", "fd09::/64 proto 2 metric 256", "fe80::/64 proto 2 metric 256"]
    assert.equal(routesOf(kernel.dump("host"), "br-one"), connected)
    must(kernel, [set(false)])
    assert.equal(routesOf(kernel.dump("host"), "br-one"), [])
    must(kernel, [remove("br-one")])
  },

  "a route of the kernel's is appended beside another link's to the same subnet, and only once": ({ kernel }) => {
    const other: NetRequest = { op: "address-add", link: "br-two", address: "10.9.0.2/24" }
    must(kernel, [bridgeAdd("br-one"), bridgeAdd("br-two"), add("10.9.0.1/24"), add("fd09::1/64"), other])
    const lost = ["10.9.0.0/24", "fd09::/64"]
    // Only one of ours can be deleted: such a one takes its place first.
    const own = [["10.9.0.0/24", { dev: "br-one" }] as const, ["fd09::/64", { dev: "br-one", metric: 256 }] as const]
    must(kernel, [...own.map(([to, more]) => route(to, more)), ...own.map(([to, more]) => unroute(to, more))])
    assert.equal(
      routesOf(kernel.dump("host"), "br-one").filter((one) => !one.startsWith("fe80")),
      [],
    )
    const append = (to: string): NetRequest => ({
      op: "route-append",
      to,
      dev: "br-one",
      protocol: 2,
      ...(to === lost[1] ? { metric: 256 } : {}),
    })
    assert.equal(answers(kernel, [...lost, ...lost].map(append)), ["ok", "ok", "EEXIST", "EEXIST"])
    assert.equal(
      routesOf(kernel.dump("host"), "br-one").filter((one) => !one.startsWith("fe80")),
      ["10.9.0.0/24 proto 2 metric 0", "fd09::/64 proto 2 metric 256"],
    )
    assert.ok(routesOf(kernel.dump("host"), "br-two").includes("10.9.0.0/24 proto 2 metric 0"))
    must(kernel, [remove("br-one"), remove("br-two")])
  },

  "a link that goes down loses its routes for good, and its IPv6 addresses": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24"), add("fd09::1/64"), route("0.0.0.0/0", { via: "10.9.0.254" })])
    assert.ok(routesOf(kernel.dump("host"), "br-one").includes("0.0.0.0/0 via 10.9.0.254 proto 115 metric 0"))
    must(kernel, [set(false), set(true)])
    assert.equal(given(addressesOf(kernel.dump("host"), "br-one")), ["10.9.0.1/24 global"])
    assert.equal(routesOf(kernel.dump("host"), "br-one"), ["10.9.0.0/24 proto 2 metric 0", "fe80::/64 proto 2 metric 256"])
    must(kernel, [remove("br-one")])
  },

  "an address is given once, and taken only where it is": ({ kernel }) => {
    const requests = [bridgeAdd("br-one"), add("10.9.0.1/24"), add("10.9.0.1/24"), add("10.9.0.1/32"), add("fd09::1/64"), add("fd09::1/64")]
    const more = [
      drop("10.9.0.1/25"),
      drop("10.9.0.2/24"),
      drop("fd09::2/64"),
      drop("fd09::1/64"),
      { ...add("10.9.0.3/24"), link: "none" } as NetRequest,
    ]
    const expected = ["ok", "ok", "EEXIST", "ok", "ok", "EEXIST", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "EADDRNOTAVAIL", "ok", "ENODEV"]
    assert.equal(answers(kernel, [...requests, ...more]), expected)
    must(kernel, [remove("br-one")])
  },

  "the first address of a subnet goes without the others of it": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24"), add("10.9.0.2/24"), add("10.8.0.1/24"), add("fd09::1/64"), add("fd09::2/64")])
    must(kernel, [drop("10.9.0.1/24"), drop("fd09::1/64")])
    assert.equal(given(addressesOf(kernel.dump("host"), "br-one")), ["10.8.0.1/24 global", "10.9.0.2/24 global", "fd09::2/64 global"])
    must(kernel, [add("10.9.0.1/24"), drop("10.9.0.2/24")])
    assert.equal(given(addressesOf(kernel.dump("host"), "br-one")), ["10.8.0.1/24 global", "10.9.0.1/24 global", "fd09::2/64 global"])
    assert.ok(routesOf(kernel.dump("host"), "br-one").includes("10.9.0.0/24 proto 2 metric 0"))
    must(kernel, [remove("br-one")])
  },

  "routes by a gateway stay while the link has any IPv4 address": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24"), add("10.9.0.2/32"), route("0.0.0.0/0", { via: "10.9.0.254" })])
    must(kernel, [drop("10.9.0.1/24")])
    assert.ok(routesOf(kernel.dump("host"), "br-one").includes("0.0.0.0/0 via 10.9.0.254 proto 115 metric 0"))
    must(kernel, [drop("10.9.0.2/32")])
    assert.equal(routesOf(kernel.dump("host"), "br-one"), ["fe80::/64 proto 2 metric 256"])
    must(kernel, [remove("br-one")])
  },

  "a route takes the place of the one with the same destination and metric": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24"), add("fd09::1/64")])
    must(kernel, [
      route("10.7.0.0/16", { via: "10.9.0.2" }),
      route("10.7.0.0/16", { via: "10.9.0.3", dev: "br-one" }),
      route("10.7.0.0/16", { via: "10.9.0.4", metric: 7 }),
    ])
    must(kernel, [route("10.6.0.0/16", { dev: "br-one" }), route("::/0", { via: "fd09::2" }), route("::/0", { via: "fd09::3" })])
    const own = routesOf(kernel.dump("host"), "br-one").filter((r) => r.includes("proto 115"))
    assert.equal(own, [
      "10.6.0.0/16 proto 115 metric 0",
      "10.7.0.0/16 via 10.9.0.3 proto 115 metric 0",
      "10.7.0.0/16 via 10.9.0.4 proto 115 metric 7",
      "::/0 via fd09::3 proto 115 metric 1024",
    ])
    must(kernel, [
      unroute("10.7.0.0/16", { metric: 7 }),
      unroute("10.7.0.0/16", { via: "10.9.0.3", dev: "br-one" }),
      unroute("::/0", { via: "fd09::3" }),
    ])
    assert.equal(answers(kernel, [unroute("10.7.0.0/16"), unroute("10.5.0.0/16", { via: "10.9.0.3" })]), ["ESRCH", "ESRCH"])
    must(kernel, [remove("br-one")])
  },

  "routes of other tables, rules and neighbours are read where they are asked for, and found by all that they say": ({ kernel }) => {
    const rule = { family: "inet", priority: 70, from: "10.9.0.0/24", type: "lookup", table: 70 } as const
    const [there, proxy] = [
      { to: "10.9.0.7", dev: "br-one", lladdr: "02:00:00:00:00:07" },
      { to: "10.9.0.8", dev: "br-one" },
    ]
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24")])
    must(kernel, [
      { op: "route-replace", to: "10.7.0.0/16", type: "blackhole", table: 70 },
      { op: "route-replace", to: "10.7.0.0/16", via: "10.9.0.2", table: 70 },
      { op: "route-replace", to: "10.6.0.0/16", table: 70, nexthops: [{ via: "10.9.0.2", weight: 2 }, { via: "10.9.0.3" }] },
      { op: "rule-add", rule },
      { op: "neighbour-replace", ...there, lladdr: "02:00:00:00:00:09" },
      { op: "neighbour-replace", ...there },
      { op: "neighbour-replace", ...proxy },
    ])
    assert.equal(answers(kernel, [{ op: "rule-add", rule }]), ["EEXIST"])
    const { index } = linkIn(kernel.dump("host"), "br-one")
    const ours = () => {
      const { routes, rules, neighbours } = kernel.routing("host")
      const shown = routes.map(
        ({ to, via, nexthops, type, table }) => `${type} ${to} ${via ?? nexthops?.map((hop) => `${hop.via}*${hop.weight}`)} ${table}`,
      )
      return [shown.sort(), rules.filter(({ protocol }) => protocol === 115), neighbours.filter(({ dev }) => dev === index)]
    }
    const neighbours = [
      { ...there, dev: index, protocol: 115 },
      { ...proxy, dev: index, protocol: 115 },
    ]
    const shown = ["unicast 10.6.0.0/16 10.9.0.2*2,10.9.0.3*1 70", "unicast 10.7.0.0/16 10.9.0.2 70"]
    assert.equal(ours(), [shown, [{ ...rule, protocol: 115 }], neighbours])
    assert.equal(
      routesOf(kernel.dump("host"), "br-one").filter((text) => text.includes("proto 115")),
      [],
    )
    const absent: NetRequest[] = [
      { op: "route-delete", to: "10.7.0.0/16", via: "10.9.0.2", table: 71 },
      { op: "rule-delete", rule: { ...rule, table: 71 } },
      { op: "neighbour-delete", ...proxy, to: "10.9.0.9" },
    ]
    assert.equal(answers(kernel, absent), ["ESRCH", "ENOENT", "ENOENT"])
    must(kernel, [
      { op: "route-delete", to: "10.7.0.0/16", via: "10.9.0.2", table: 70 },
      { op: "route-delete", to: "10.6.0.0/16", table: 70, nexthops: [{ via: "10.9.0.2", weight: 2 }, { via: "10.9.0.3" }] },
      { op: "rule-delete", rule },
      { op: "neighbour-delete", ...proxy },
      { op: "neighbour-delete", ...there },
    ])
    assert.equal(ours(), [[], [], []])
    must(kernel, [remove("br-one")])
  },

  "a route that leads nowhere is refused": ({ kernel }) => {
    must(kernel, [bridgeAdd("br-one"), add("10.9.0.1/24"), bridgeAdd("br-two", { up: false })])
    const requests = [
      route("10.7.0.0/16", { via: "10.66.0.1", dev: "br-one" }),
      route("10.7.0.0/16", { dev: "br-two" }),
      route("10.7.0.1/16", { via: "10.9.0.2" }),
      route("fd77::/64", { via: "fd66::1", dev: "br-one" }),
      route("10.7.0.0/16", { via: "10.9.0.2", dev: "none" }),
    ]
    assert.equal(answers(kernel, requests), ["ENETUNREACH", "ENETDOWN", "EINVAL", "EHOSTUNREACH", "ENODEV"])
    must(kernel, [remove("br-one"), remove("br-two")])
  },
}
