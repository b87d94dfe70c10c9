/** `moved`: what is called otherwise in the file is renamed in the kernel, and goes on as if nothing had happened. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import {
  addressesOf,
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
    addresses: ipIn(pid, "addr", "show").flatMap(addressesOf),
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
  assert.equal(plan.summary, { add: 0, change: 7, destroy: 0 }, verdicts(plan).join(", "))
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
  // Beside them lies what all share.
  assert.equal(names(sandbox, "/var/lib/stack/containers/lab"), [".names", "db", "side", "web"])
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

scenario("an apply that fails or is not confirmed moves back what it has moved", (sandbox) => {
  const file = sandbox.file("stack.yaml", BEFORE)
  apply(sandbox, file)
  const { init, monitor } = live(sandbox, "lab", "www")
  const before = lifeOf(init, monitor)
  // Packets go on being counted.
  const table = () =>
    sandbox
      .stack(["show", "-f", file])
      .stdout.replace(/up \d+s/g, "up")
      .split("\nLINK")[0]
  const shown = table()
  const next = sandbox.file("next.yaml", `${AFTER}  bad: { command: [/no/such/command], depends_on: [web] }\n${MOVED}`)
  const failed = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", next]), 1)
  assert.match(failed.stderr, "Undone: all is as it was before.")
  expectConverged(sandbox, file)
  assert.equal(lifeOf(init, monitor), before)
  const silent = expectStatus(sandbox.stack(["apply", "-y", "--confirm", "500ms", "-f", sandbox.file("next.yaml", `${AFTER}${MOVED}`)]), 1)
  assert.match(silent.stderr, "Undone: all is as it was before.")
  expectConverged(sandbox, file)
  assert.equal(lifeOf(init, monitor), before)
  assert.is(table(), shown)
})

const WWW = `
name: lab
bridges: { lan: { address: 10.61.0.1/24 } }
containers:
  www: { command: [sh, -c, "echo hello; exec sleep infinity"], interfaces: { eth0: { bridge: lan, address: auto } } }
`
const WEB = `${WWW.replace("www", "web")}idmaps: { box: { size: 65536 } }
moved: [{ from: container.www, to: container.web }, { from: idmap.crate, to: idmap.box }]
`

scenario("a kept plan moves; before and after it, commands find the container by either name", (sandbox) => {
  const file = sandbox.file("stack.yaml", WWW)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "www")
  writeFileSync(file, WEB)
  for (const name of ["www", "web", "container.web"]) {
    assert.is(expectStatus(sandbox.stack(["exec", "-f", file, name, "--", "hostname"]), 0).stdout, "www\n")
    assert.match(expectStatus(sandbox.stack(["logs", "-f", file, name]), 0).stdout, "hello")
  }
  assert.match(sandbox.stack(["show", "-f", file]).stdout, "container.www")
  assert.match(
    expectStatus(sandbox.stack(["plan", "--target", "container.www", "-f", file]), 1).stderr,
    "container.www is called container.web in the stack file",
  )
  assert.match(
    expectStatus(sandbox.stack(["plan", "--replace", "container.www", "-f", file]), 1).stderr,
    "container.www is called container.web in the stack file",
  )

  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
  assert.match(sandbox.stack(["show", "kept"]).stdout, "moved from container.www")
  expectStatus(sandbox.stack(["apply", "kept"]), 0)
  assert.match(expectStatus(sandbox.stack(["apply", "kept"]), 3).stderr, "the plan is stale")
  for (const name of ["www", "web", "container.web"])
    assert.is(expectStatus(sandbox.stack(["exec", "-f", file, name, "--", "hostname"]), 0).stdout, "web\n")
  assert.match(sandbox.stack(["show", "-f", file]).stdout, "container.web")
  assert.ok(readFileSync(`/proc/${init}/stat`, "utf8"))
  expectConverged(sandbox, file)
})

scenario("only what is selected moves; what is protected is protected under its former name", (sandbox) => {
  const file = sandbox.file("stack.yaml", WWW)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "www")
  writeFileSync(file, WEB.replace("bridges: { lan:", "bridges: { wan: {}, lan:").replace("web: {", "web: { prevent_destroy: true,"))
  apply(sandbox, file, "--target", "bridge.wan")
  assert.match(sandbox.stack(["show", "-f", file]).stdout, "container.www")
  const kept = expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 3)
  assert.match(kept.stderr, "container.www is not destroyed: prevent_destroy")
  assert.ok(readFileSync(`/proc/${init}/stat`, "utf8"))
  const both = ["update container.web", "update interface.web.eth0"]
  assert.equal(verdicts(planOf(sandbox, file, "--target", "container.web")), both)
  assert.equal(verdicts(planOf(sandbox, file, "--target", "interface.web.eth0")), both, "no half of a move")
  assert.equal(verdicts(planOf(sandbox, file, "--exclude", "interface.web.eth0")), ["create bridge.wan", "update hosts.stack"])
  apply(sandbox, file, "--target", "interface.web.eth0")
  assert.match(sandbox.stack(["show", "-f", file]).stdout, "container.web")
  expectConverged(sandbox, file, "--exclude", "bridge.wan", "--exclude", "hosts.stack")
  assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 3).stderr, "container.web is not destroyed: prevent_destroy")
})

scenario("where both are live nothing moves, and the plan says what becomes of the former", (sandbox) => {
  const file = sandbox.file("stack.yaml", `${WWW}  web: { command: [sleep, infinity] }\n`)
  apply(sandbox, file)
  writeFileSync(file, WEB)
  const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
  assert.match(ran.stderr, "container.www does not become container.web: both are live")
  assert.match(ran.stdout, "  - container.www  # not in the stack file\n")
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

scenario("replicas move number by number; what has ended keeps how; a new one takes the former name", (sandbox) => {
  const ended = "  job: { command: [sh, -c, 'echo done'], namespaces: { net: 'container:www[0]', user: 'container:www[0]' } }\n"
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n  www: { command: [sleep, infinity], replicas: 2 }\n${ended}`)
  apply(sandbox, file)
  const pids = ["www[0]", "www[1]"].map((name) => live(sandbox, "lab", name).init)
  const moves = "moved: [{ from: container.www, to: container.web }, { from: container.job, to: container.task }]\n"
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("www", "web").replace("job:", "task:") + moves)
  apply(sandbox, file)
  assert.equal(
    pids.map((pid) => inside(pid, "-u", "hostname").stdout.trim()),
    ["web-0", "web-1"],
  )
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /container\.task +completed/)
  assert.match(sandbox.stack(["logs", "-f", file, "task"]).stdout, "done")
  expectConverged(sandbox, file)
  writeFileSync(file, readFileSync(file, "utf8").replace(moves, "  www: { command: [sleep, infinity] }\n"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const titles = sandbox.stack(["show", "-f", file]).stdout
  for (const name of ["web[0]", "web[1]", "task", "www"]) assert.ok(titles.includes(`container.${name} `), name)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(names(sandbox, "/run/stack"), [])
})

scenario("a container becomes the first of several that have its name, and the first one the only one again", (sandbox) => {
  const numbered = (text: string, move: string) => `${WWW.replace("www: {", `www: { ${text}`)}moved: [{ ${move} }]\n`
  const file = sandbox.file("stack.yaml", WWW)
  apply(sandbox, file)
  const { init, monitor } = live(sandbox, "lab", "www")
  const before = lifeOf(init, monitor)
  writeFileSync(file, numbered("replicas: 2,", 'from: container.www, to: "container.www[0]"'))
  assert.equal(verdicts(planOf(sandbox, file)), [
    "update hosts.stack",
    "update container.www[0]",
    "update interface.www[0].eth0",
    "create container.www[1]",
    "create interface.www[1].eth0",
  ])
  apply(sandbox, file)
  assert.equal(lifeOf(init, monitor), before)
  assert.is(inside(init, "-u", "hostname").stdout.trim(), "www-0")
  expectConverged(sandbox, file)
  writeFileSync(file, numbered("", 'from: "container.www[0]", to: container.www'))
  apply(sandbox, file)
  const after = lifeOf(init, monitor) as { started: string; addresses: unknown }
  assert.equal([after.started, after.addresses], [(before as typeof after).started, (before as typeof after).addresses])
  expectConverged(sandbox, file)
})

scenario("a command that ends after the move is told by its new name", async (sandbox) => {
  const file = sandbox.file("stack.yaml", WWW.replace("exec sleep infinity", "sleep 2; echo bye; exit 3"))
  apply(sandbox, file)
  writeFileSync(file, readFileSync(file, "utf8").replace("www", "web") + WEB.slice(WEB.indexOf("idmaps:")))
  apply(sandbox, file)
  const until = Date.now() + 10_000
  while (!/exited \(3\)/.test(sandbox.stack(["show", "-f", file]).stdout) && Date.now() < until)
    await new Promise((wake) => setTimeout(wake, 200))
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /container\.web +exited \(3\)/)
  assert.match(sandbox.stack(["logs", "-f", file, "web"]).stdout, "bye")
})

scenario("where a field forces it, a moved container is made anew under its new name, and nothing is left of the former", (sandbox) => {
  const file = sandbox.file("stack.yaml", WWW)
  apply(sandbox, file)
  writeFileSync(file, WEB.replace("echo hello", "echo other"))
  const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(plan, "-/+ container.web  # moved from container.www\n")
  assert.match(plan, /argv: .*# forces replacement/)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(names(sandbox, "/var/lib/stack/containers/lab"), [".names", "web"])
  assert.equal(
    names(sandbox, "/run/stack/lab").filter((name) => !name.startsWith(".")),
    ["lock", "web"],
  )
})

const FAULTY = fileURLToPath(new URL("../../../dist-faults/stack.js", import.meta.url))

/** `apply` of the build for tests; the words of its operations. docs/faults.md */
function faulty(sandbox: Sandbox, file: string, fault: string): string[] {
  const env = { STACK_FAULT: fault, STACK_FAULT_COUNT: `${sandbox.work}/operations` }
  sandbox.file("operations", "")
  expectStatus(sandbox.run([process.execPath, FAULTY, "apply", "-y", "-f", file], { env }), 0)
  return readFileSync(`${sandbox.work}/operations`, "utf8").trim().split("\n")
}

const KINDS = { bridge: "lan", cgroup: "tier", veth: "wire", container: "box" }

/** The n-th names of everything, and all moves up to them. */
function numbered(n: number): string {
  const moves = Array.from({ length: n }, (_, i) =>
    Object.entries(KINDS).map(([kind, name]) => `{ from: ${kind}.${name}${i}, to: ${kind}.${name}${i + 1} }`),
  )
  return `name: lab
bridges: { lan${n}: { address: 10.61.0.1/24 } }
cgroups: { tier${n}: {} }
veths: { wire${n}: { endpoints: ["box${n}:eth1", "db:eth1"] } }
containers:
  box${n}: { command: [sh, -c, "echo kept > /home/file; exec sleep infinity"], cgroup: tier${n}, limits: { pids: 20 }, interfaces: { eth0: { bridge: lan${n}, address: auto, gateway: 10.61.0.1 } } }
  db: { command: [sleep, infinity], depends_on: [box${n}] }
moved: [${moves.flat().join(", ")}]
`
}

if (existsSync(FAULTY))
  scenario("killed anywhere while it renames, the next apply goes on, and the container with it", (sandbox) => {
    const file = sandbox.file("stack.yaml", numbered(0))
    apply(sandbox, file)
    const { init, monitor } = live(sandbox, "lab", "box0")
    const before = lifeOf(init, monitor)
    for (let n = 1, k = 3; ; n++, k += 4) {
      writeFileSync(file, numbered(n))
      const env = { STACK_FAULT: `kill:${k}` }
      const killed = sandbox.run([process.execPath, FAULTY, "apply", "-y", "-f", file], { env }).status !== 0
      if (killed) apply(sandbox, file)
      assert.equal(lifeOf(init, monitor), before, `killed at operation ${k}`)
      expectConverged(sandbox, file)
      if (!killed) break
    }
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(names(sandbox, "/run/stack"), [])
  })

if (existsSync(FAULTY))
  scenario("where the kernel renames no link that is up, it is set down for it, and gets all back that this takes", (sandbox) => {
    const base = WWW.replace("10.61.0.1/24 }", '[10.61.0.1/24, "fd61::1/64"] }').replace(
      "auto",
      '[10.61.0.9/24, "fd61::9/64"], gateway: 10.61.0.1',
    )
    // Each time all is called by the next number; what the names were before stays in the file.
    const called = (n: number) => {
      const steps = Array.from({ length: n }, (_, i) => [i, i + 1])
      const moves = steps.flatMap(([a, b]) => [
        `{ from: bridge.lan${a}, to: bridge.lan${b} }`,
        `{ from: interface.www.eth${a}, to: interface.www.eth${b} }`,
      ])
      return `${base.replaceAll("lan", `lan${n}`).replace("eth0", `eth${n}`)}moved: [${moves.join(", ")}]\n`
    }
    const file = sandbox.file("stack.yaml", called(0))
    apply(sandbox, file)
    const { init } = live(sandbox, "lab", "www")
    expectStatus(sandbox.run(["ip", "route", "add", "10.63.0.0/16", "via", "10.61.0.9", "dev", "lab-lan0", "proto", "static"]), 0)
    expectStatus(
      sandbox.run(["ip", "-6", "route", "add", "fd63::/64", "via", "fd61::9", "dev", "lab-lan0", "proto", "static", "metric", "77"]),
      0,
    )
    assert.is(inside(init, "-n", "ip", "route", "add", "10.64.0.0/16", "dev", "eth0", "proto", "static").status, 0)
    const shown = (text: string) =>
      text
        .replaceAll(/lab-lan\d|eth\d/g, "LINK")
        .split("\n")
        .sort()
    const routes = () =>
      [sandbox.run(["ip", "route"]).stdout, sandbox.run(["ip", "-6", "route"]).stdout, inside(init, "-n", "ip", "route").stdout].map(shown)
    const before = routes()

    writeFileSync(file, called(1))
    const words = faulty(sandbox, file, "err:9999:EBUSY")
    const renaming = words.flatMap((line, i) => (/^ip link set .* name /.test(line) ? [i + 1] : []))
    assert.equal(routes(), before)
    // A kernel that refuses it of itself (before 6.2) has just shown all there is to see.
    if (renaming.length === 6) return
    assert.is(renaming.length, 3, words.join("\n"))
    for (const [i, k] of renaming.entries()) {
      writeFileSync(file, called(2 + i))
      const said = faulty(sandbox, file, `err:${k}:EBUSY`)
      assert.match(said[k] ?? "", / down$/)
      assert.equal(routes(), before)
      expectConverged(sandbox, file)
    }
    assert.ok(readFileSync(`/proc/${init}/stat`, "utf8"))
  })

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

scenario("a container with a hosts file of its own has its new name in it at once", (sandbox) => {
  const text = (name: string, moved: string) => `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
${moved}containers:
  ${name}: { command: [sleep, infinity], extra_hosts: ["x:10.0.0.1"], interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } } }
`
  const file = sandbox.file("stack.yaml", text("first", ""))
  apply(sandbox, file)
  const names = ["first"]
  for (const name of ["second", "third", "fourth"]) {
    sandbox.file("stack.yaml", text(name, `moved: [{ from: container.${names.at(-1)}, to: container.${name} }]\n`))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const told = expectStatus(sandbox.stack(["exec", "-f", file, name, "--", "cat", "/etc/hosts"]), 0).stdout
    assert.match(told, new RegExp(`10\\.20\\.0\\.2\\s+${name}`))
    names.push(name)
  }
})

test.run()
