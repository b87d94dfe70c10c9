/** The routes that the kernel makes with an address, to the subnet of it: without them the address is of no use, though it is there. */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inside, live, pings, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] }, twin: {} }
veths:
  core: { endpoints: [{ container: r1, interface: eth1, address: [10.1.0.1/30, "fd01::1/64"] }, { container: host, interface: lab-core, address: [10.1.0.2/30, "fd01::2/64"] }] }
containers:
  r1:
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: 10.20.0.1 }
      eth2: { bridge: twin, address: [10.20.0.9/24, "fd20::9/64"] }
`

const routesOf = (run: (...words: string[]) => { status: number; stdout: string; stderr: string }) =>
  ["-4", "-6"].flatMap((family) =>
    expectStatus(run("ip", "-N", family, "route", "show"), 0)
      .stdout.split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.includes("fe80::/64"))
      .sort(),
  )

/** All of the host and of r1. */
function everything(sandbox: Sandbox): string[] {
  const { init } = live(sandbox, "lab", "r1")
  return [...routesOf((...words) => inside(init, "-n", ...words)), ...routesOf((...words) => sandbox.run(words))]
}

scenario("one that somebody deletes is named, and put back as the kernel had made it", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = everything(sandbox)
  const { init } = live(sandbox, "lab", "r1")
  const inR1 = (...words: string[]) => expectStatus(inside(init, "-n", "ip", ...words), 0)
  const onHost = (...words: string[]) => expectStatus(sandbox.run(["ip", ...words]), 0)
  const hands: [by: () => unknown, change: string, field: string, lost: string, left: string[]][] = [
    [() => inR1("route", "del", "10.20.0.0/24", "dev", "eth0"), "interface.r1.eth0", "prefix_routes", "10.20.0.0/24", ["fd20::/64"]],
    [() => inR1("-6", "route", "del", "fd20::/64", "dev", "eth2"), "interface.r1.eth2", "prefix_routes", "fd20::/64", ["10.20.0.0/24"]],
    [() => inR1("route", "del", "10.1.0.0/30"), "veth.core", "endpoints.0.prefix_routes", "10.1.0.0/30", ["fd01::/64"]],
    [() => onHost("-6", "route", "del", "fd01::/64"), "veth.core", "endpoints.1.prefix_routes", "fd01::/64", ["10.1.0.0/30"]],
    [() => onHost("route", "del", "10.20.0.0/24"), "bridge.lan", "prefix_routes", "10.20.0.0/24", ["fd20::/64"]],
    [() => onHost("-6", "route", "del", "fd20::/64"), "bridge.lan", "prefix_routes", "fd20::/64", ["10.20.0.0/24"]],
  ]
  for (const [by, change, field, lost, left] of hands) {
    by()
    const plan = planOf(sandbox, file)
    assert.equal(verdicts(plan), [`update ${change}`], lost)
    const fields = [{ path: field, before: left, after: [...left, lost].sort() }]
    assert.equal((plan.drift as { fields: object[] }[])[0]?.fields, fields)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(everything(sandbox), before, `${change} ${lost}`)
  }
  assert.ok(pings(init, "10.1.0.2"))
})

scenario("where there is to be none, or another is in its place, none is missed", (sandbox) => {
  const text = LAB.replace('[10.1.0.1/30, "fd01::1/64"]', '[10.1.0.1/32, "fd01::1/128", 10.1.1.0/31, 10.2.0.1/0]').replace(
    "eth2: {",
    "eth2: { up: false,",
  )
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "lab", "r1")
  const inR1 = (...words: string[]) => expectStatus(inside(init, "-n", "ip", ...words), 0)
  // By hand, as network managers do: an address without a route, and one with another metric.
  inR1("addr", "change", "10.20.0.2/24", "dev", "eth0", "noprefixroute")
  expectConverged(sandbox, file)
  inR1("addr", "del", "10.20.0.2/24", "dev", "eth0")
  inR1("addr", "add", "10.20.0.2/24", "dev", "eth0", "metric", "77")
  inR1("route", "add", "default", "via", "10.20.0.1", "proto", "115")
  inR1("-6", "addr", "change", "fd20::2/64", "dev", "eth0", "metric", "78")
  expectConverged(sandbox, file)
  inR1("route", "del", "10.20.0.0/24", "dev", "eth0")
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.r1.eth0"])
  apply(sandbox, file)
  assert.match(inR1("route").stdout, /^10\.20\.0\.0\/24 dev eth0 proto kernel scope link src 10\.20\.0\.2 metric 77 $/m)
  // Without a carrier, and another's way to the same subnet.
  expectStatus(sandbox.run(["ip", "link", "set", "lab-r1-eth0", "nomaster", "down"]), 0)
  inR1("route", "replace", "10.1.1.0/31", "dev", "eth1", "proto", "static", "src", "10.1.0.1")
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.r1.eth0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

const PREFIX = (prefix: number, src = "") => `
name: lab
bridges: { lan: { address: "fd20::1/${prefix}" } }
veths: { core: { endpoints: [{ container: r1, interface: eth1, address: "fd01::1/${prefix}" }, { container: host, interface: lab-core, address: "fd01::2/${prefix}" }] } }
containers:
  r1:
    command: [sleep, infinity]
    routes: [{ to: "fd09::/64", via: "fd20::9"${src} }, { to: "fd0a::/64", via: "fd01::2" }]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/${prefix}"], gateway: "fd20::1" } }
`

scenario("an IPv6 address gets another prefix in place: by the file, and back where somebody gave it one", (sandbox) => {
  const wish = (prefix: number, src?: string) => sandbox.file("stack.yaml", PREFIX(prefix, src))
  const file = wish(64)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "lab", "r1")
  for (const prefix of [80, 48, 64]) {
    wish(prefix)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.ok(pings(init, "fd20::1"))
    assert.ok(pings(init, "fd01::2"))
  }
  for (const prefix of [64, 80, 64]) {
    wish(prefix, ', src: "fd20::2"')
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
  for (const words of ["addr del fd20::2/64 dev eth0", "addr add fd20::2/56 dev eth0 nodad"])
    expectStatus(inside(init, "-n", "ip", ...words.split(" ")), 0)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(live(sandbox, "lab", "r1").init, init)
})

scenario("a route of the file to the same subnet stands in its place, and gives it back", (sandbox) => {
  const wish = (routes: string) => sandbox.file("stack.yaml", LAB.replace("    interfaces:", `    routes: [${routes}]\n    interfaces:`))
  const file = wish("")
  apply(sandbox, file)
  const before = everything(sandbox)
  wish("{ to: 10.1.0.0/30, dev: eth1, mtu: 1400 }")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  wish("")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(everything(sandbox), before)
})

const VRF = `
name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64", "fd40::1/64"] } }
containers:
  r1:
    command: [sleep, infinity]
    interfaces:
      blue: { vrf: { table: 10 }, address: 10.30.0.1/24 }
      red: { vrf: { table: 2000 } }
      eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], master: blue }
      eth1: { bridge: lan, address: [10.20.0.3/24, "fd20::3/64", "fd40::3/128"], master: red }
      eth2: { bridge: lan, address: [10.20.0.4/24, "fd20::4/64"] }
`
const WITHOUT_VRF =
  spawnSync("unshare", ["-n", "ip", "link", "add", "probe", "type", "vrf", "table", "10"]).status === 0
    ? undefined
    : "this kernel has no vrf"

scenario(
  "one in the table of a vrf is named, and put back there",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", VRF)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const { init } = live(sandbox, "lab", "r1")
    const inR1 = (...words: string[]) => expectStatus(inside(init, "-n", "ip", ...words), 0)
    const all = () => ["main", "10", "2000"].map((table) => routesOf((...words) => inside(init, "-n", ...words, "table", table)))
    const before = all()
    const hands: [words: string, change: string, lost: string, left: string[]][] = [
      ["route del 10.20.0.0/24 dev eth0 table 10", "interface.r1.eth0", "10.20.0.0/24", ["fd20::/64"]],
      ["-6 route del fd20::/64 dev eth0 table 10", "interface.r1.eth0", "fd20::/64", ["10.20.0.0/24"]],
      ["route del 10.20.0.0/24 dev eth1 table 2000", "interface.r1.eth1", "10.20.0.0/24", ["fd20::/64", "fd40::3/128"]],
      [
        "-6 route del fd40::3 dev eth1 table 2000 proto kernel metric 256",
        "interface.r1.eth1",
        "fd40::3/128",
        ["10.20.0.0/24", "fd20::/64"],
      ],
      ["route del 10.30.0.0/24 dev blue table 10", "interface.r1.blue", "10.30.0.0/24", []],
      ["route del 10.20.0.0/24 dev eth2", "interface.r1.eth2", "10.20.0.0/24", ["fd20::/64"]],
    ]
    for (const [words, change, lost, left] of hands) {
      inR1(...words.split(" "))
      const plan = planOf(sandbox, file)
      assert.equal(verdicts(plan), [`update ${change}`], lost)
      assert.equal((plan.drift as { fields: object[] }[])[0]?.fields, [
        { path: "prefix_routes", before: left, after: [...left, lost].sort() },
      ])
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.equal(all(), before, words)
    }
    assert.ok(inside(init, "-n", "ping", "-c1", "-W5", "-I", "eth0", "10.20.0.1").status === 0)
  },
  [],
  WITHOUT_VRF,
)

test.run()
