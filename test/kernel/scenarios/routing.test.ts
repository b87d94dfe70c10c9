import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const ROUTES = `
      - { to: 10.9.0.0/16, via: 10.20.0.254, src: 10.20.0.2, mtu: 1400, advmss: 1300 }
      - { to: 10.8.0.0/16, nexthops: [{ via: 10.20.0.254, weight: 2 }, { via: 10.1.0.2, dev: eth1 }] }
      - { to: 10.7.0.0/16, type: blackhole }
      - { to: 10.7.1.0/24, type: unreachable, metric: 7 }
      - { to: 10.7.2.0/24, type: prohibit, table: 100 }
      - { to: 10.7.3.0/24, type: throw, table: 100 }
      - { to: 10.7.4.0/24, type: local, dev: lo, table: 100 }
      - { to: default, via: 10.1.0.2, table: 100000 }
      - { to: 10.6.0.0/16, via: 192.0.2.1, dev: eth1, onlink: true }
      - { to: 10.5.0.0/16, via: "fd20::fe" }
      - { to: 10.4.0.0/16, dev: eth1, scope: universe }
      - { to: "fd09::/64", via: "fd20::fe", src: "fd20::2" }
      - { to: "fd08::/64", nexthops: [{ via: "fd20::fe" }, { via: "fd20::fd", weight: 3 }] }
      - { to: "fd07::/64", type: blackhole }
      - { to: default, via: "fd20::fe", table: 100, metric: 20 }
      - { to: "fd06::/64", via: "fe80::1", dev: eth1 }`

const RULES = `
      - { priority: 1000, from: 10.20.0.0/24, table: 100 }
      - { priority: 1000, iif: eth1, fwmark: 0x10/0xff, table: 100000 }
      - { priority: 1001, not: true, fwmark: 51820, table: 51820 }
      - { priority: 1002, table: main, suppress_prefixlength: 0 }
      - { priority: 1003, to: 10.99.0.0/16, type: prohibit }
      - { priority: 1004, from: "fd20::2", oif: eth0, table: 100 }
      - { priority: 1005, family: inet6, fwmark: 1, type: blackhole }
      - { priority: 1006, ipproto: 6, dport: 8000-8080, table: 100 }
      - { priority: 1007, ipproto: ospf, type: prohibit }
      - { priority: 1008, iif: eth1, goto: 1010 }
      - { priority: 1009, to: 10.98.0.0/16, type: blackhole }
      - { priority: 1010, to: 10.98.0.0/16, type: unreachable }`

const NEIGHBOURS = `
      - { to: 10.20.0.77, lladdr: "02:00:00:00:00:77", dev: eth0 }
      - { to: "fd20::77", lladdr: "02:00:00:00:00:78", dev: eth0 }
      - { to: 10.20.0.88, dev: eth1, proxy: true }
      - { to: "fd20::88", dev: eth1, proxy: true }`

/** A router with two links. */
function lab({ routes = ROUTES, rules = RULES, neighbours = NEIGHBOURS } = {}): string {
  return `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
containers:
  r1:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"] } }
    routes: ${routes || "[]"}
    rules: ${rules || "[]"}
    neighbours: ${neighbours || "[]"}
  r2: { command: [sleep, infinity] }
veths:
  core: { endpoints: [{ container: r1, interface: eth1, address: 10.1.0.1/30 }, { container: r2, interface: eth1, address: 10.1.0.2/30 }] }
`
}

function ip(sandbox: Sandbox, ...words: string[]): string {
  const ran = inside(live(sandbox, "lab", "r1").init, "-n", "ip", ...words)
  assert.is(ran.status, 0, `ip ${words.join(" ")}: ${ran.stderr}`)
  return ran.stdout.replace(/[ \t]+\n/g, "\n").replace(/\n\t+/g, " ")
}

function lines(text: string): string[] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim())
}

/** What is ours in every table, as ip(8) shows it. */
function routes(sandbox: Sandbox): string[] {
  return [
    ...lines(ip(sandbox, "-4", "route", "show", "table", "all", "proto", "115")),
    ...lines(ip(sandbox, "-6", "route", "show", "table", "all", "proto", "115")),
  ]
}

const SHOWN = [
  "10.9.0.0/16 via 10.20.0.254 dev eth0 src 10.20.0.2 mtu 1400 advmss 1300",
  "10.8.0.0/16 nexthop via 10.1.0.2 dev eth1 weight 1 nexthop via 10.20.0.254 dev eth0 weight 2",
  "blackhole 10.7.0.0/16",
  "unreachable 10.7.1.0/24 metric 7",
  "prohibit 10.7.2.0/24 table 100",
  "throw 10.7.3.0/24 table 100",
  "local 10.7.4.0/24 dev lo table 100 scope host",
  "default via 10.1.0.2 dev eth1 table 100000",
  "10.6.0.0/16 via 192.0.2.1 dev eth1 onlink",
  "10.5.0.0/16 via inet6 fd20::fe dev eth0",
  "10.4.0.0/16 dev eth1",
  "fd09::/64 via fd20::fe dev eth0 src fd20::2 metric 1024 pref medium",
  "fd08::/64 metric 1024 pref medium nexthop via fd20::fd dev eth0 weight 3 nexthop via fd20::fe dev eth0 weight 1",
  "blackhole fd07::/64 dev lo metric 1024 pref medium",
  "default via fd20::fe dev eth0 table 100 metric 20 pref medium",
  "fd06::/64 via fe80::1 dev eth1 metric 1024 pref medium",
]

function rules(sandbox: Sandbox): string[] {
  const all = [...lines(ip(sandbox, "-4", "rule", "show")), ...lines(ip(sandbox, "-6", "rule", "show"))]
  return all.filter((line) => line.endsWith("proto 115")).map((line) => line.replace("\t", " ").replace(" proto 115", ""))
}

function neighbours(sandbox: Sandbox): string[] {
  const permanent = ["-4", "-6"].flatMap((family) => lines(ip(sandbox, family, "neigh", "show", "nud", "permanent")))
  const proxies = ["-4", "-6"].flatMap((family) => lines(ip(sandbox, family, "neigh", "show", "proxy")))
  return [...permanent, ...proxies].filter(Boolean)
}

scenario("routes of every type, rules and neighbours come into the kernel, are read back, and go", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab())
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(routes(sandbox).sort(), [...SHOWN].sort())
  assert.equal(rules(sandbox), [
    "1000: from all fwmark 0x10/0xff iif eth1 lookup 100000",
    "1000: from 10.20.0.0/24 lookup 100",
    "1001: not from all fwmark 0xca6c lookup 51820",
    "1002: from all lookup main suppress_prefixlength 0",
    "1003: from all to 10.99.0.0/16 prohibit",
    "1006: from all ipproto tcp dport 8000-8080 lookup 100",
    "1007: from all ipproto ospf prohibit",
    "1008: from all iif eth1 goto 1010",
    "1009: from all to 10.98.0.0/16 blackhole",
    "1010: from all to 10.98.0.0/16 unreachable",
    "1004: from fd20::2 oif eth0 lookup 100",
    "1005: from all fwmark 0x1 blackhole",
  ])
  assert.equal(neighbours(sandbox).sort(), [
    "10.20.0.77 dev eth0 lladdr 02:00:00:00:00:77 PERMANENT proto 115",
    "10.20.0.88 dev eth1 proxy proto 115",
    "fd20::77 dev eth0 lladdr 02:00:00:00:00:78 PERMANENT proto 115",
    "fd20::88 dev eth1 proxy proto 115",
  ])
  const before = inits(sandbox, "lab")

  // What is live becomes a file that a plan has nothing to change of.
  const written = sandbox.file("live.yaml", expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0).stdout)
  expectConverged(sandbox, written)

  // Another rule to go on at, and a table in its place: the kernel takes the first for the same rule.
  for (const [what, shown] of [
    ["goto: 1009", "goto 1009"],
    ["table: 100", "lookup 100"],
    ["goto: 1010", "goto 1010"],
  ]) {
    sandbox.file("stack.yaml", lab({ rules: RULES.replace("goto: 1010", what as string) }))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.ok(rules(sandbox).includes(`1008: from all iif eth1 ${shown}`), what)
  }

  sandbox.file("stack.yaml", lab({ routes: "", rules: "", neighbours: "" }))
  assert.equal(verdicts(planOf(sandbox, file)), ["update container.r1"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal([routes(sandbox), rules(sandbox), neighbours(sandbox)], [["", ""], [], []])
  assert.equal(inits(sandbox, "lab"), before)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("what others do to routes, rules and neighbours is drift where it is ours, and is repaired one by one", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab())
  apply(sandbox, file)
  const hands: [string, string][] = [
    ["route replace 10.9.0.0/16 via 10.20.0.253 proto 115", "routes"],
    ["route del 10.8.0.0/16", "routes"],
    ["route replace 10.8.0.0/16 proto 115 nexthop via 10.20.0.254 nexthop via 10.1.0.2 weight 9", "routes"],
    ["route replace unreachable 10.7.0.0/16 proto 115", "routes"],
    ["route replace 10.7.0.0/16 via 10.1.0.2", "routes"],
    ["route append 10.9.0.0/16 via 10.20.0.251 proto 115", "routes"],
    ["route add 10.66.0.0/16 via 10.1.0.2 table 200 proto 115", "routes"],
    ["-6 route del blackhole fd07::/64", "routes"],
    ["-6 route del fd08::/64 via fd20::fd", "routes"],
    ["-6 route replace fd09::/64 via fd20::fd proto 115", "routes"],
    ["route flush table 100", "routes"],
    ["rule del priority 1001", "rules"],
    ["rule add priority 5 from 10.66.0.0/16 table 9 protocol 115", "rules"],
    ["rule add priority 6 ipproto tcp table 9 protocol 115", "rules"],
    ["rule add priority 7 tos 0x10 table 9 protocol 115", "rules"],
    ["rule del priority 1007", "rules"],
    ["rule del priority 1008", "rules"],
    ["rule add priority 1008 iif eth0 goto 1009 protocol 115", "rules"],
    ["-6 rule del priority 1005", "rules"],
    ["neigh replace 10.20.0.77 lladdr 02:00:00:00:00:99 dev eth0 nud permanent", "neighbours"],
    ["neigh change 10.20.0.77 dev eth0 nud reachable", "neighbours"],
    ["neigh del 10.20.0.77 dev eth0", "neighbours"],
    ["-6 neigh del proxy fd20::88 dev eth1", "neighbours"],
    ["neigh add proxy 10.20.0.99 dev eth0 protocol 115", "neighbours"],
  ]
  for (const [hand, field] of hands) {
    ip(sandbox, ...hand.split(" "))
    const shown = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    assert.match(shown, new RegExp(`~ container.r1[^\\n]*\\n +${field}:`), `${hand}: ${shown}`)
    assert.match(shown, "Plan: 0 to add, 1 to change, 0 to destroy.", hand)
    // Of rules that are there yet nothing is told: one that the kernel spells in another order is the same.
    if (/rule del/.test(hand)) assert.not.match(shown, /^ +- \{ priority/m)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(routes(sandbox).sort(), [...SHOWN].sort(), hand)
    assert.is(rules(sandbox).length, 12, hand)
    assert.is(neighbours(sandbox).length, 4, hand)
  }
  // What bears another number, or was learned, is theirs.
  for (const hand of [
    "route add 10.50.0.0/16 via 10.1.0.2",
    "route add blackhole 10.51.0.0/16 proto ospf",
    "route add 10.52.0.0/16 via 10.1.0.2 table 100 proto bgp",
    "rule add priority 20 from 10.50.0.0/16 table 9",
    "neigh add 10.20.0.55 lladdr 02:00:00:00:00:55 dev eth0 nud reachable",
    "neigh add 10.20.0.56 lladdr 02:00:00:00:00:56 dev eth0 nud permanent",
  ])
    ip(sandbox, ...hand.split(" "))
  expectConverged(sandbox, file)
})

scenario("a link that is cut and healed, or made anew, has its routes and neighbours again", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab())
  apply(sandbox, file)
  const [before, known] = [inits(sandbox, "lab"), neighbours(sandbox)]
  expectStatus(sandbox.stack(["link", "down", "interface.r1.eth0", "-f", file]), 0)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(routes(sandbox).sort(), [...SHOWN].sort())
  assert.equal(neighbours(sandbox), known)
  ip(sandbox, "link", "del", "eth1")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(routes(sandbox).sort(), [...SHOWN].sort())
  assert.equal(neighbours(sandbox).sort(), [...known].sort())
  sandbox.file("stack.yaml", lab().replace("{ bridge: lan,", '{ bridge: lan, mac: "02:00:00:00:00:05",'))
  assert.equal(verdicts(planOf(sandbox, file)), ["update container.r1", "update interface.r1.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(neighbours(sandbox).sort(), [...known].sort())
  expectStatus(sandbox.stack(["link", "down", "interface.r1.eth0", "--for", "1s", "-f", file]), 0)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), before)
})

scenario("a route whose next hop a rule hides is set in the apply that takes the rule away", (sandbox) => {
  const wish = (routes: string, rules: string) => sandbox.file("stack.yaml", lab({ routes, rules, neighbours: "" }))
  const file = wish("", "\n      - { priority: 5, type: blackhole }")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  wish("\n      - { to: 10.9.0.0/16, via: 10.20.0.254 }", "")
  assert.equal(verdicts(planOf(sandbox, file)), ["update container.r1"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

test.run()
