import { existsSync, readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  addressesOf,
  apply,
  expectConverged,
  expectStatus,
  groupValue,
  inits,
  inside,
  ipIn,
  live,
  MEMORY,
  namespaceOf,
  PIDS,
  pings,
  scenario,
  test,
} from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const HELLO = `
name: lab
bridges:
  lan: { address: 10.20.0.1/24 }
containers:
  web:
    image: host
    command: [sleep, infinity]
    idmap: { uid: ["0 300000 65536"], gid: ["0 300000 65536"] }
    limits: { memory: 64M, pids: 64 }
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1, mac: "02:00:00:00:00:22", mtu: 1400 }
  db:
    image: host
    command: [sleep, infinity]
    hostname: database
    limits: { memory: 128M }
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.3/24 }
`

scenario("a bridge and two containers that reach each other and the host", (sandbox) => {
  const file = sandbox.file("stack.yaml", HELLO)
  const said = apply(sandbox, file).stdout
  assert.match(said, "Apply complete! Resources: 6 added, 0 changed, 0 destroyed.")
  const { web, db } = inits(sandbox, "lab")
  assert.ok(pings(Number(web), "10.20.0.3"), "web reaches db")
  assert.ok(pings(Number(db), "10.20.0.2"), "db reaches web")
  assert.ok(pings(Number(web), "10.20.0.1"), "web reaches the host")
  expectStatus(sandbox.run(["ping", "-q", "-c1", "-W2", "10.20.0.2"]), 0)
})

scenario("links as the file says, on both sides", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", HELLO))
  const [bridge] = sandbox.ip("addr", "show", "lab-lan")
  assert.is(bridge.linkinfo.info_kind, "bridge")
  assert.equal(addressesOf(bridge), ["10.20.0.1/24"])
  assert.is(bridge.ifalias, "stack:lab/bridge.lan")
  const ports = sandbox.ip("link", "show", "master", "lab-lan")
  assert.is(ports.length, 2)
  assert.equal(ports.map((p: { ifalias: string }) => p.ifalias).sort(), ["stack:lab/interface.db.eth0", "stack:lab/interface.web.eth0"])
  const { init } = live(sandbox, "lab", "web")
  const [eth0] = ipIn(init, "addr", "show", "eth0")
  assert.equal([eth0.mtu, eth0.address, addressesOf(eth0)], [1400, "02:00:00:00:00:22", ["10.20.0.2/24"]])
  assert.ok(eth0.flags.includes("UP"))
  const [lo] = ipIn(init, "link", "show", "lo")
  assert.ok(lo.flags.includes("UP"), "lo is up")
  const [route] = ipIn(init, "route", "show", "default")
  assert.equal([route.gateway, route.dev], ["10.20.0.1", "eth0"])
})

scenario("namespaces, hostname, id map and limits of its own", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", HELLO))
  const web = live(sandbox, "lab", "web").init
  const db = live(sandbox, "lab", "db").init
  for (const kind of ["user", "mnt", "pid", "net", "uts", "ipc", "cgroup"]) {
    const three = new Set([namespaceOf(web, kind), namespaceOf(db, kind), namespaceOf("self", kind)])
    assert.is(three.size, 3, kind)
  }
  assert.is(inside(web, "-u", "hostname").stdout.trim(), "web")
  assert.is(inside(db, "-u", "hostname").stdout.trim(), "database")
  for (const map of ["uid_map", "gid_map"]) {
    assert.equal(readFileSync(`/proc/${web}/${map}`, "utf8").trim().split(/\s+/), ["0", "300000", "65536"])
  }
  assert.match(readFileSync(`/proc/${web}/status`, "utf8"), /^Uid:\t300000\t300000\t300000\t300000$/m)
  assert.match(readFileSync(`/proc/${web}/status`, "utf8"), /^NSpid:\t\d+\t(\d+\t)*1$/m)
  assert.is(groupValue(sandbox, "memory", "lab/web", MEMORY), String(64 << 20))
  assert.is(groupValue(sandbox, "pids", "lab/web", PIDS), "64")
  assert.is(groupValue(sandbox, "memory", "lab/db", MEMORY), String(128 << 20))
  assert.match(readFileSync(`/proc/${web}/cgroup`, "utf8"), /(memory|):.*\/stack\/lab\/web$/m)
})

scenario("maps that no file asked for do not overlap", (sandbox) => {
  const containers = ["a", "b", "c", "d"].map((name) => `  ${name}: { image: host, command: [sleep, infinity] }\n`).join("")
  apply(sandbox, sandbox.file("stack.yaml", `name: ids\ncontainers:\n${containers}`))
  const ranges = Object.values(inits(sandbox, "ids"))
    .map((pid) => readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/).map(Number) as [number, number, number])
    .sort((a, b) => a[1] - b[1])
  assert.is(ranges.length, 4)
  ranges.forEach(([first, host, count], i) => {
    assert.is(first, 0)
    assert.ok(host > 0, "host id 0 is never mapped")
    const next = ranges[i + 1]
    if (next !== undefined) assert.ok(host + count <= next[1], `${host}+${count} overlaps ${next[1]}`)
  })
})

scenario("a root of its own: what it writes nobody else sees, and the kernel's own folders are its own", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", HELLO))
  const web = live(sandbox, "lab", "web").init
  const db = live(sandbox, "lab", "db").init
  const as = "-U -m -p -S 0 -G 0"
  assert.is(inside(web, as, "sh", "-c", "echo mine > /etc/stack-test; echo mine > /var/here").status, 0)
  assert.is(readFileSync(`/proc/${web}/root/etc/stack-test`, "utf8"), "mine\n")
  assert.not.ok(existsSync(`/proc/${db}/root/etc/stack-test`), "not in the other container")
  assert.not.ok(existsSync("/etc/stack-test"), "not on the host")
  assert.equal(
    inside(web, as, "ls", "/home", "/root", "/srv", "/mnt")
      .stdout.split("\n")
      .filter((l) => !/^(\/.*:)?$/.test(l)),
    [],
  )
  assert.is(inside(web, as, "cat", "/etc/shadow").status, 1, "no reading of what only the host's root may")
  assert.match(inside(web, as, "sh", "-c", "echo /proc/[0-9]*").stdout, /^\/proc\/1( \/proc\/\d+){1,2}\n$/)
  assert.equal(inside(web, as, "ls", "/sys/class/net").stdout.trim().split(/\s+/), ["eth0", "lo"])
  assert.is(inside(web, as, "sh", "-c", "echo x > /dev/null && head -c 4 /dev/zero | wc -c").stdout.trim(), "4")
  assert.not.ok(existsSync(`/proc/${web}/root/dev/vda`) || existsSync(`/proc/${web}/root/dev/kmsg`))
  const mounts = readFileSync(`/proc/${web}/mountinfo`, "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
  const foreign = mounts.filter(
    (point) => point !== "" && !/^\/(proc(\/[\w-]+)?|sys(\/firmware)?|dev(\/\w+)?|usr|etc(\/hosts)?|opt|s?bin|lib\w*)?$/.test(point),
  )
  assert.equal(foreign, [], "no mount of the host shows")
  for (const point of ["/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm"]) assert.ok(mounts.includes(point), point)
})

scenario("apply twice: the second has nothing to do, and the same processes run", (sandbox) => {
  const file = sandbox.file("stack.yaml", HELLO)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file]), 2)
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  expectConverged(sandbox, file)
  assert.match(apply(sandbox, file).stdout, "No changes. The kernel matches the stack.")
  assert.equal(inits(sandbox, "lab"), before)
})

scenario("plan changes nothing, on an empty machine and on a living stack", (sandbox) => {
  const file = sandbox.file("stack.yaml", HELLO)
  const empty = readTraces(sandbox)
  const said = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(said, /^Plan: 6 to add, 0 to change, 0 to destroy\.$/m)
  assert.match(said, /^\s*\+ .*container\.web/m)
  expectSameTraces(readTraces(sandbox), empty)
  apply(sandbox, file)
  const living = readTraces(sandbox)
  for (const args of [
    ["plan", "-f", file],
    ["plan", "--json", "-f", file],
    ["show", "-f", file],
    ["graph", "-f", file],
    ["validate", "-f", file],
  ]) {
    expectStatus(sandbox.stack(args), 0)
    expectSameTraces(readTraces(sandbox), living, args[0])
  }
})

scenario("destroy leaves nothing behind", (sandbox) => {
  const file = sandbox.file("stack.yaml", HELLO)
  const before = readTraces(sandbox)
  apply(sandbox, file)
  assert.is.not(readTraces(sandbox).files, before.files)
  assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0).stdout, "6 destroyed.")
  expectSameTraces(readTraces(sandbox), before)
  assert.match(
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0).stdout,
    "Nothing to destroy: the kernel holds nothing of stack lab.",
  )
})

test.run()
