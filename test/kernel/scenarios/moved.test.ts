/** `moved`: what is called otherwise in the file is renamed in the kernel, and goes on as if nothing had happened. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  apply,
  expectConverged,
  expectStatus,
  groupFile,
  inside,
  ipIn,
  live,
  MEMORY,
  namespaceOf,
  PIDS,
  planOf,
  scenario,
  test,
  verdicts,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const BEFORE = `
name: lab
bridges: { old: { address: [10.61.0.1/24, "fd61::1/64"] } }
cgroups: { tier: { limits: { pids: 200 } } }
veths: { wire: { endpoints: ["www:eth1", "db:eth1"] } }
containers:
  www:
    command: [sh, -c, "echo hello; echo kept > /home/file; exec sleep infinity"]
    cgroup: tier
    limits: { memory: 64M, pids: 20 }
    interfaces: { eth0: { bridge: old, address: auto, gateway: 10.61.0.1 } }
    routes: [{ to: 10.62.0.0/16, via: 10.61.0.1 }]
  db: { command: [sleep, infinity], depends_on: [www], interfaces: { eth0: { bridge: old, address: 10.61.0.77/24 } } }
  side: { command: [sleep, infinity], namespaces: { net: "container:www", user: "container:www" } }
`

const MOVED = `
moved:
  - { from: bridge.old, to: bridge.lan }
  - { from: cgroup.tier, to: cgroup.front }
  - { from: veth.wire, to: veth.core }
  - { from: container.www, to: container.web }
  - { from: interface.db.eth0, to: interface.db.eth2 }
`

const AFTER = `${BEFORE.replaceAll("www", "web")
  .replaceAll("old", "lan")
  .replaceAll("tier", "front")
  .replaceAll("wire", "core")
  .replace("interfaces: { eth0: { bridge: lan, address: 10.61", "interfaces: { eth2: { bridge: lan, address: 10.61")}`

/** All that must not change of a container by being renamed; pids as they were before. */
function lifeOf(pid: number, monitor: number): object {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const spaces = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"].map((kind) => namespaceOf(pid, kind))
  const link = ipIn(pid, "link", "show").map((l: { ifindex: number; address: string }) => [l.ifindex, l.address])
  return {
    started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19],
    monitor: readFileSync(`/proc/${monitor}/stat`, "utf8").split(" ")[0],
    spaces,
    link,
    addresses: ipIn(pid, "addr", "show").flatMap((l: { addr_info: { local: string }[] }) => l.addr_info.map((a) => a.local)),
    routes: ipIn(pid, "route", "show").map((r: { dst: string; gateway?: string }) => `${r.dst} ${r.gateway ?? ""}`),
    file: inside(pid, "-m", "cat", "/home/file").stdout,
  }
}

function names(sandbox: Sandbox, folder: string): string[] {
  return sandbox.run(["ls", "-A", folder]).stdout.split("\n").filter(Boolean)
}

scenario("bridge, group, pair, container and interface get other names and go on", (sandbox) => {
  const file = sandbox.file("stack.yaml", BEFORE)
  apply(sandbox, file)
  const [www, db] = [live(sandbox, "lab", "www"), live(sandbox, "lab", "db")]
  assert.is(inside(db.init, "-n", "ping", "-c2", "-i0.2", "-W1", "10.61.0.1").status, 0)
  const before = lifeOf(www.init, www.monitor)
  const indexes = () => sandbox.ip("link", "show").map((l: { ifindex: number; address: string }) => `${l.ifindex} ${l.address}`)
  const host = indexes()
  const counted = () => ipIn(db.init, "-s", "link", "show").find((l: { address: string }) => l.address === mac).stats64.rx.packets
  const mac = ipIn(db.init, "link", "show", "eth0")[0].address
  const packets = counted()
  writeFileSync(file, `${AFTER}${MOVED}`)

  const text = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(text, "  ~ container.web  # moved from container.www\n")
  assert.match(text, "  ~ bridge.lan  # moved from bridge.old\n")
  assert.match(text, "interface: lab-old -> lab-lan")
  const plan = planOf(sandbox, file)
  assert.equal(plan.summary, { add: 0, change: 6, destroy: 0 }, verdicts(plan).join(", "))
  const renamed = plan.changes.flatMap((change) => ("previous_address" in change ? [`${change.previous_address} ${change.address}`] : []))
  assert.equal(renamed.sort(), [
    "bridge.old bridge.lan",
    "cgroup.tier cgroup.front",
    "container.www container.web",
    "interface.db.eth0 interface.db.eth2",
    "interface.www.eth0 interface.web.eth0",
    "veth.wire veth.core",
  ])
  apply(sandbox, file)

  assert.equal(lifeOf(www.init, www.monitor), before)
  assert.equal(indexes(), host)
  assert.ok(counted() >= packets)
  assert.equal(sandbox.ip("link", "show", "lab-lan")[0].ifalias, "stack:lab/bridge.lan")
  assert.equal(ipIn(db.init, "link", "show", "eth2")[0].address, mac)
  assert.equal(ipIn(db.init, "link", "show", "eth1")[0].ifalias, "stack:lab/veth.core")
  assert.equal(
    names(sandbox, "/run/stack/lab").filter((name) => !name.startsWith(".")),
    ["db", "lock", "side", "web"],
  )
  assert.equal(names(sandbox, "/var/lib/stack/containers/lab"), ["db", "side", "web"])
  assert.is(inside(www.init, "-u", "hostname").stdout.trim(), "web")
  assert.is(readFileSync(groupFile(sandbox, "memory", "lab/front/web", MEMORY), "utf8").trim(), String(64 << 20))
  assert.is(readFileSync(groupFile(sandbox, "pids", "lab/front", PIDS), "utf8").trim(), "200")
  assert.match(readFileSync(`/proc/${www.init}/cgroup`, "utf8"), /\/stack\/lab\/front\/web\n/)
  for (const { folder } of sandbox.groups) assert.not.ok(listed(`${folder}/stack/lab`).includes("tier"), folder)
  assert.match(sandbox.stack(["logs", "-f", file, "web"]).stdout, "hello")
  assert.match(sandbox.stack(["exec", "-f", file, "web", "--", "cat", "/home/file"]).stdout, "kept")
  expectConverged(sandbox, file)

  writeFileSync(file, `${AFTER}`)
  const without = planOf(sandbox, file)
  assert.equal([...new Set(without.changes.filter((c) => c.actions[0] !== "no-op").map((c) => c.cause.replace(/: .*/, "")))].sort(), [
    "endpoints.0.mac",
    "mac",
  ])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(names(sandbox, "/run/stack"), [])
})

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

test.run()
