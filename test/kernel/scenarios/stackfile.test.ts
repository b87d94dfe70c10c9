import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  addressesOf,
  apply,
  expectConverged,
  expectNoTrace,
  expectStatus,
  groupValue,
  inits,
  inside,
  ipIn,
  live,
  MEMORY,
  pings,
  scenario,
  test,
} from "../../support/lab.ts"

scenario("variables, from the weakest to the strongest source", (sandbox) => {
  const text = `
name: vars
variables:
  size: { default: 32M, pattern: '^[0-9]+[KMG]$' }
containers:
  web: { image: host, command: [sleep, infinity], limits: { memory: "\${size}" } }
`
  const file = sandbox.file("stack.yaml", text)
  const memory = () => groupValue(sandbox, "memory", "vars/web", MEMORY)
  apply(sandbox, file)
  assert.is(memory(), String(32 << 20))
  sandbox.file(".env", "STACK_VAR_size=40M\nsize=40M\n")
  expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env: { STACK_VAR_size: "48M" } }), 0)
  assert.is(memory(), String(48 << 20))
  sandbox.file("vars.yaml", "size: 56M\n")
  expectStatus(sandbox.stack(["apply", "-y", "-f", file, "--var-file", "vars.yaml"], { env: { STACK_VAR_size: "48M" } }), 0)
  assert.is(memory(), String(56 << 20))
  apply(sandbox, file, "--var-file", "vars.yaml", "--var", "size=64M")
  assert.is(memory(), String(64 << 20))
  const ran = expectStatus(sandbox.stack(["plan", "-f", file, "--var", "size=big"]), 1)
  assert.match(ran.stderr, "size")
  expectNoTrace(ran)
})

scenario("include, override, profiles, extension keys and merge keys", (sandbox) => {
  sandbox.file(
    "common.yaml",
    "bridges: { lan: { address: 10.40.0.1/24 } }\ncontainers: { web: { image: host, command: [sleep, infinity], hostname: common } }\n",
  )
  const file = sandbox.file(
    "stack.yaml",
    `name: parts
include: [./common.yaml]
x-anything: { goes: here }
x-box: &box { image: host, command: [sleep, infinity] }
containers:
  web: { hostname: main }
  two: { <<: *box, hostname: deux }
  debug: { <<: *box, profiles: [debug] }
`,
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(Object.keys(inits(sandbox, "parts")), ["two", "web"])
  assert.is(inside(live(sandbox, "parts", "web").init, "-u", "hostname").stdout, "main\n")
  assert.is(inside(live(sandbox, "parts", "two").init, "-u", "hostname").stdout, "deux\n")
  apply(sandbox, file, "--profile", "debug")
  assert.equal(Object.keys(inits(sandbox, "parts")), ["debug", "two", "web"])
  sandbox.file("stack.override.yaml", "containers: { web: { hostname: over } }\n")
  apply(sandbox, file)
  assert.is(inside(live(sandbox, "parts", "web").init, "-u", "hostname").stdout, "over\n")
  assert.equal(Object.keys(inits(sandbox, "parts")), ["two", "web"])
})

scenario("IPv6: addresses on bridge and interface, gateway, route, ping", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: six
bridges: { lan: { address: [10.50.0.1/24, "fd50::1/64"] } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    routes: [{ to: "fd99::/64", via: "fd50::9" }]
    interfaces: { eth0: { bridge: lan, address: [10.50.0.2/24, "fd50:0:0::2/64"], gateway: [10.50.0.1, "fd50::1"] } }
  db:
    image: host
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: "fd50::3/64" } }
`,
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "six", "web")
  assert.equal(addressesOf(ipIn(init, "addr", "show", "eth0")[0]).sort(), ["10.50.0.2/24", "fd50::2/64"])
  const routes = ipIn(init, "-6", "route").map((r: { dst: string; gateway?: string }) => `${r.dst} ${r.gateway ?? ""}`)
  assert.ok(routes.includes("default fd50::1"), String(routes))
  assert.ok(routes.includes("fd99::/64 fd50::9"), String(routes))
  // A fresh address is tentative until nobody has answered for it.
  inside(init, "-n", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do ip -6 addr show tentative | grep -q . || break; sleep 0.5; done")
  assert.ok(pings(init, "fd50::3"))
})

scenario("a veth pair between two containers, and one to the host", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: pair
veths:
  core: { mtu: 1400, endpoints: [{ container: r1, interface: eth1, address: [10.1.0.1/30] }, { container: r2, interface: eth1, address: [10.1.0.2/30] }] }
  up: { endpoints: [{ container: r1, interface: up0, address: [10.2.0.2/30] }, { container: host, interface: r1up, address: [10.2.0.1/30] }] }
containers:
  r1: { image: host, command: [sleep, infinity] }
  r2: { image: host, command: [sleep, infinity] }
`,
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "pair", "r1")
  assert.ok(pings(init, "10.1.0.2"))
  assert.ok(pings(init, "10.2.0.1"))
  assert.is(ipIn(init, "link", "show", "eth1")[0].mtu, 1400)
  assert.is(sandbox.ip("link", "show", "r1up")[0].ifalias, "stack:pair/veth.up")
  sandbox.run(["ip", "link", "del", "r1up"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.ok(pings(init, "10.2.0.1"))
})

scenario("every limit of the file is in the kernel, and is read back as the same", (sandbox) => {
  // cgroup v1 has no such limit as memory.low, and says so.
  const unified = sandbox.groups.every((group) => group.version === 2)
  const limits = `memory: 64M,${unified ? " memory_low: 16M," : ""} cpus: 0.5, cpu_weight: 200, cpuset: '0', pids: 40`
  const file = sandbox.file(
    "stack.yaml",
    `name: lim\ncontainers:\n  web: { image: host, command: [sleep, infinity], limits: { ${limits} } }\n`,
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const value = (controller: string, v1: string, v2: string) => groupValue(sandbox, controller, "lim/web", { v1, v2 })
  assert.is(value("pids", "pids.max", "pids.max"), "40")
  assert.is(value("memory", "memory.limit_in_bytes", "memory.max"), String(64 << 20))
  assert.is(value("cpuset", "cpuset.cpus", "cpuset.cpus"), "0")
  assert.match(value("cpu", "cpu.cfs_quota_us", "cpu.max"), /^50000\b/)
  assert.match(readFileSync(`/proc/${live(sandbox, "lim", "web").init}/status`, "utf8"), /^Cpus_allowed_list:\t0$/m)
})

test.run()
