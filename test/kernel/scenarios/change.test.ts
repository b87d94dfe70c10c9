import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  addressesOf,
  apply,
  expectConverged,
  groupValue,
  inits,
  inside,
  ipIn,
  live,
  MEMORY,
  PIDS,
  pings,
  planOf,
  scenario,
  test,
  verdicts,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const WEB = `
name: lab
bridges:
  lan: { address: 10.20.0.1/24 }
containers:
  web:
    image: host
    command: [sleep, infinity]
    hostname: web
    idmap: { uid: ["0 300000 65536"], gid: ["0 300000 65536"] }
    limits: { memory: 64M, pids: 64 }
    sysctls: { net.ipv4.ip_forward: 0 }
    routes: [{ to: 10.9.0.0/16, via: 10.20.0.254 }]
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.2/24, mtu: 1500 }
`
const OTHER = `
  other:
    image: host
    command: [sleep, infinity]
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.7/24 }
`

/** Applies one text, then another: what the plan said in between, and web's first process before and after. */
function change(sandbox: Sandbox, from: string, to: string) {
  apply(sandbox, sandbox.file("stack.yaml", from))
  const before = live(sandbox, "lab", "web")
  const file = sandbox.file("stack.yaml", to)
  const plan = planOf(sandbox, file)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  return { plan, before, after: live(sandbox, "lab", "web") }
}

const IN_PLACE: [what: string, from: string, to: string, seen: (sandbox: Sandbox, init: number) => unknown, expected: unknown][] = [
  ["memory limit", "memory: 64M", "memory: 96M", (s) => groupValue(s, "memory", "lab/web", MEMORY), String(96 << 20)],
  ["pids limit", "pids: 64", "pids: 32", (s) => groupValue(s, "pids", "lab/web", PIDS), "32"],
  [
    "groups of a sysctl",
    "ip_forward: 0 }",
    'ip_forward: 0, net.ipv4.ping_group_range: "0 100" }',
    (_, init) => inside(init, "-U -n", "cat", "/proc/sys/net/ipv4/ping_group_range").stdout,
    "0\t100\n",
  ],
  ["limit taken out", ", pids: 64", "", (s) => groupValue(s, "pids", "lab/web", PIDS), "1024"],
  ["address", "10.20.0.2/24", "10.20.0.5/24", (_, init) => addressesOf(ipIn(init, "addr", "show", "eth0")[0]), ["10.20.0.5/24"]],
  ["mtu", "mtu: 1500", "mtu: 1300", (_, init) => ipIn(init, "link", "show", "eth0")[0].mtu, 1300],
  [
    "route",
    "10.9.0.0/16",
    "10.8.0.0/16",
    (_, init) =>
      ipIn(init, "route")
        .map((r: { dst: string }) => r.dst)
        .sort(),
    ["10.20.0.0/24", "10.8.0.0/16"],
  ],
  ["sysctl", "ip_forward: 0", "ip_forward: 1", (_, init) => inside(init, "-n", "cat", "/proc/sys/net/ipv4/ip_forward").stdout, "1\n"],
  [
    "sysctl of the ipc namespace",
    "ip_forward: 0 }",
    "ip_forward: 0, kernel.shmmni: 1234 }",
    (_, init) => inside(init, "-i", "cat", "/proc/sys/kernel/shmmni").stdout,
    "1234\n",
  ],
  ["hostname", "hostname: web", "hostname: www", (_, init) => inside(init, "-u", "hostname").stdout, "www\n"],
]

for (const [what, from, to, seen, expected] of IN_PLACE) {
  scenario(`in place, the process untouched: ${what}`, (sandbox) => {
    const { plan, before, after } = change(sandbox, WEB, WEB.replace(from, to))
    assert.equal(
      plan.changes.flatMap((c) => c.forces_replacement),
      [],
    )
    assert.equal([plan.summary.add, plan.summary.destroy], [0, 0])
    assert.equal(
      verdicts(plan).filter((v) => !/ (container\.web|interface\.web\.eth0|hosts\.stack)$/.test(v)),
      [],
      "nothing else is touched",
    )
    assert.equal(after, before)
    assert.equal(seen(sandbox, after.init), expected)
  })
}

scenario("default routes, by the gateway of an interface and by hand, each with what it replaces", (sandbox) => {
  const lab = (gateway: string, routes: string) => `name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
containers:
  web:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"]${gateway} } }
    routes: [${routes}]
`
  const defaults = (init: number) =>
    ["-4", "-6"].flatMap((family) =>
      ipIn(init, family, "route", "show", "default").map((r: { gateway: string; metric?: number }) => `${r.gateway} ${r.metric ?? 0}`),
    )
  const all: [gateway: string, routes: string, seen: string[]][] = [
    ["", "{ to: default, via: 10.20.0.1 }", ["10.20.0.1 0"]],
    ["", "{ to: default, via: 10.20.0.9 }", ["10.20.0.9 0"]],
    ["", "{ to: default, via: 10.20.0.9, metric: 5 }", ["10.20.0.9 5"]],
    [", gateway: 10.20.0.1", "{ to: default, via: 10.20.0.9, metric: 5 }", ["10.20.0.1 0", "10.20.0.9 5"]],
    [
      ', gateway: "fd20::1"',
      '{ to: default, via: 10.20.0.1 }, { to: default, via: "fd20::1", metric: 5 }',
      ["10.20.0.1 0", "fd20::1 5", "fd20::1 1024"],
    ],
    [", gateway: 10.20.0.1", "", ["10.20.0.1 0"]],
    ["", '{ to: default, via: "fd20::1" }', ["fd20::1 1024"]],
    ["", "", []],
  ]
  const file = sandbox.file("stack.yaml", lab("", ""))
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  for (const [gateway, routes, seen] of all) {
    sandbox.file("stack.yaml", lab(gateway, routes))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(defaults(init), seen, `${gateway} ${routes}`)
  }
})

const FORCED: [field: string, from: string, to: string][] = [
  ["argv", "command: [sleep, infinity]", "command: [sleep, 1d]"],
  ["uid_map", "0 300000 65536", "0 500000 65536"],
  ["environment", "hostname: web", "environment: { A: b }\n    hostname: web"],
  ["namespaces", "hostname: web", "namespaces: { ipc: host }\n    hostname: web"],
]

for (const [field, from, to] of FORCED) {
  scenario(`replaced, and the plan names the field: ${field}`, (sandbox) => {
    const { plan, before, after } = change(sandbox, WEB, WEB.replaceAll(from, to))
    const web = plan.changes.find((c) => c.address === "container.web")
    assert.equal(web?.actions, ["delete", "create"])
    assert.ok(
      web?.forces_replacement.some((path) => path.startsWith(field)),
      `${web?.forces_replacement} names ${field}`,
    )
    assert.is.not(after.init, before.init)
    assert.is.not(after.monitor, before.monitor)
    assert.ok(pings(after.init, "10.20.0.1"), "its interface came along")
  })
}

scenario("the plan's text marks what forces a replacement", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", WEB))
  const { stdout } = sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", WEB.replace("[sleep, infinity]", "[sleep, 1d]"))])
  assert.match(stdout, /^\s*-\/\+ .*container\.web/m)
  assert.match(stdout, /# forces replacement/)
})

scenario("a container added and taken away touches only itself", (sandbox) => {
  const file = sandbox.file("stack.yaml", WEB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  const link = sandbox.ip("link", "show", "master", "lab-lan")[0].ifindex
  sandbox.file("stack.yaml", WEB + OTHER)
  assert.equal(verdicts(planOf(sandbox, file)).sort(), ["create container.other", "create interface.other.eth0", "update hosts.stack"])
  apply(sandbox, file)
  assert.ok(pings(before.init, "10.20.0.7"))
  assert.equal(live(sandbox, "lab", "web"), before)
  sandbox.file("stack.yaml", WEB)
  assert.equal(verdicts(planOf(sandbox, file)).sort(), ["delete container.other", "delete interface.other.eth0", "update hosts.stack"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), { web: before.init })
  assert.equal(
    sandbox.ip("link", "show", "master", "lab-lan").map((l: { ifindex: number }) => l.ifindex),
    [link],
  )
})

scenario("an interface added to and taken from a running container", (sandbox) => {
  const file = sandbox.file("stack.yaml", WEB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  sandbox.file("stack.yaml", `${WEB}      eth1: { bridge: lan, address: 10.20.0.12/24 }\n`)
  assert.equal(verdicts(planOf(sandbox, file)), ["update hosts.stack", "create interface.web.eth1"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(addressesOf(ipIn(before.init, "addr", "show", "eth1")[0]), ["10.20.0.12/24"])
  sandbox.file("stack.yaml", WEB)
  assert.ok(verdicts(planOf(sandbox, file)).includes("delete interface.web.eth1"))
  apply(sandbox, file)
  assert.equal(
    ipIn(before.init, "link")
      .map((l: { ifname: string }) => l.ifname)
      .sort(),
    ["eth0", "lo"],
  )
  assert.equal(live(sandbox, "lab", "web"), before)
})

scenario("a bridge added, changed in place, and taken away", (sandbox) => {
  const file = sandbox.file("stack.yaml", WEB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  const second = (body: string) => WEB.replace("bridges:\n", `bridges:\n  dmz: ${body}\n`)
  sandbox.file("stack.yaml", second("{ address: 10.30.0.1/24, interface: dmz0 }"))
  assert.equal(verdicts(planOf(sandbox, file)), ["create bridge.dmz"])
  apply(sandbox, file)
  const { ifindex } = sandbox.ip("link", "show", "dmz0")[0]
  sandbox.file("stack.yaml", second('{ address: [10.31.0.1/24, "fd31::1/64"], interface: dmz0, stp: true, ageing_time: 100, mtu: 1400 }'))
  assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.dmz"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const [link] = sandbox.ip("addr", "show", "dmz0")
  assert.equal([link.ifindex, link.mtu, link.linkinfo.info_data.stp_state, link.linkinfo.info_data.ageing_time], [ifindex, 1400, 1, 10000])
  assert.equal(addressesOf(link).sort(), ["10.31.0.1/24", "fd31::1/64"])
  sandbox.file("stack.yaml", WEB)
  apply(sandbox, file)
  assert.is(sandbox.run(["ip", "link", "show", "dmz0"]).status, 1)
  assert.equal(live(sandbox, "lab", "web"), before)
})

scenario("a limit of a shared parent changes in place", (sandbox) => {
  const text = `name: lab\ncgroups: { tier: { limits: { memory: 256M, pids: 100 } } }\ncontainers:\n  web: { image: host, command: [sleep, infinity], cgroup: tier, limits: { memory: 64M } }\n`
  const { before, after } = change(sandbox, text, text.replace("256M", "512M"))
  assert.equal(after, before)
  assert.is(groupValue(sandbox, "memory", "lab/tier", MEMORY), String(512 << 20))
  assert.is(groupValue(sandbox, "memory", "lab/tier/web", MEMORY), String(64 << 20))
  assert.match(readFileSync(`/proc/${after.init}/cgroup`, "utf8"), /\/stack\/lab\/tier\/web$/m)
})

/** One processor more and a smaller share of it, at once: neither is within the other. */
const MOVES: [from: string, to: string][] = [
  ['{ cpuset: "0" }', '{ cpuset: "1" }'],
  ['{ cpus: 1, cpuset: "0" }', '{ cpus: 0.5, cpuset: "0-1" }'],
  ["{ memory: 128M, cpus: 0.5 }", "{ memory: 256M, cpus: 0.25 }"],
]

for (const [from, to] of MOVES) {
  scenario(`the limits of a shared parent and of its container change together: ${from} to ${to} and back`, (sandbox) => {
    const stack = (limits: string) =>
      `name: lab\ncgroups: { tier: { limits: ${limits} } }\ncontainers:\n  web: { command: [sleep, infinity], cgroup: tier, limits: ${limits} }\n`
    const { before, after } = change(sandbox, stack(from), stack(to))
    assert.equal(after, before)
    const back = sandbox.file("stack.yaml", stack(from))
    apply(sandbox, back)
    expectConverged(sandbox, back)
  })
}

scenario("a container that is replaced does not hold the shared parent on its old processors", (sandbox) => {
  const stack = (cpus: string, command: string) =>
    `name: lab\ncgroups: { tier: { limits: { cpuset: "${cpus}" } } }\ncontainers:\n  web: { command: [sleep, ${command}], cgroup: tier, limits: { cpuset: "${cpus}" } }\n`
  const { after, before } = change(sandbox, stack("0", "infinity"), stack("1", "1000000"))
  assert.is.not(after.init, before.init)
})

test.run()
