import { execFileSync } from "node:child_process"
import { readlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import {
  apply,
  expectConverged,
  expectStatus,
  inits,
  inside,
  ipIn,
  live,
  pings,
  planOf,
  scenario,
  test,
  titleOf,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
bridges:
  lan: { address: 10.20.0.1/24 }
cgroups:
  tier: { limits: { memory: 512M } }
containers:
  web:
    image: host
    command: [sh, -c, "echo begun; echo kept >> /root/file; exec sleep infinity"]
    cgroup: tier
    limits: { memory: 64M, pids: 64 }
    sysctls: { net.ipv4.ip_forward: 1 }
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 }
  beside:
    image: host
    command: [sleep, infinity]
    namespaces: { user: container:web, net: container:web }
  later:
    image: host
    command: [sleep, infinity]
    depends_on: [web]
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.3/24 }
`

const FAULTY = fileURLToPath(new URL("../../../dist-faults/stack.js", import.meta.url))

async function end(sandbox: Sandbox, name: string): Promise<void> {
  process.kill(live(sandbox, "lab", name).init, "SIGKILL")
  while (live(sandbox, "lab", name).init !== 0) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** What hangs on the monitor: namespaces, and the links, addresses and routes in them. Carriers and fe80:: addresses take their time. */
function lasting(init: number): unknown {
  const spaces = ["net", "uts", "ipc", "user"].map((kind) => readlinkSync(`/proc/${init}/ns/${kind}`))
  const links = ipIn(init, "link").map(({ ifname, ifindex, address, mtu }: { [key: string]: unknown }) => [ifname, ifindex, address, mtu])
  return { spaces, links, addresses: ipIn(init, "-4", "address"), routes: ipIn(init, "-4", "route") }
}

/** How many monitors hold this container's run folder. */
function monitorsOf(sandbox: Sandbox, name: string): number {
  return sandbox.processes().filter((pid) => titleOf(pid) === `stack-monitor lab container.${name}`).length
}

scenario("a killed command is started again in the namespaces that its monitor keeps, with its layer and its log", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  const others = { ...inits(sandbox, "lab") }
  const kept = lasting(before.init)
  await end(sandbox, "web")
  const plan = planOf(sandbox, file).changes.filter(({ actions }) => !actions.includes("no-op"))
  assert.equal(
    plan.map(({ address, actions }) => [address, actions.join("+")]),
    [["container.web", "update"]],
  )
  assert.match(sandbox.stack(["apply", "-y", "-f", file]).stderr, /container\.web: restarted/)
  expectConverged(sandbox, file)
  const after = live(sandbox, "lab", "web")
  assert.is.not(after.init, before.init)
  assert.is.not(after.monitor, before.monitor)
  assert.equal(lasting(after.init), kept)
  const { web: _, ...same } = others
  const { web: __, ...now } = inits(sandbox, "lab")
  assert.equal(now, same)
  assert.is(inside(after.init, "-m -U", "cat", "/root/file").stdout, "kept\nkept\n")
  assert.is(sandbox.stack(["logs", "-f", file, "web"]).stdout, "begun\nbegun\n")
  assert.ok(pings(after.init, "10.20.0.3"))
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "true"]), 0)
})

scenario("a command that ended is started again with what else the file wants by now", async (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", LAB))
  await end(sandbox, "web")
  const text = LAB.replace("memory: 64M", "memory: 96M")
    .replace("net.ipv4.ip_forward: 1", "net.ipv4.ip_forward: 0")
    .replace("address: 10.20.0.2/24", "address: 10.20.0.9/24")
    .replace("    cgroup: tier\n", "    hostname: other\n")
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  assert.is(inside(init, "-u", "hostname").stdout.trim(), "other")
  assert.is(inside(init, "-n", "cat", "/proc/sys/net/ipv4/ip_forward").stdout.trim(), "0")
})

scenario("one that has ended is left out: nobody says that all is as it should be", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  await end(sandbox, "web")
  const said = expectStatus(sandbox.stack(["plan", "-f", file, "--exclude", "container.web"]), 0).stdout
  assert.match(said, "No changes. The kernel matches the stack but for container.web, which is left as it is.")
})

scenario("a command that the kernel kills for want of memory once it runs: the apply says so", (sandbox) => {
  const eater = "  eater: { command: [dd, if=/dev/zero, of=/dev/null, bs=100M], limits: { memory: 2M, memory_swap: 0 } }\n"
  // One after another, so that the eater has ended when the last of them has started.
  const others = Array.from(
    { length: 25 },
    (_, i) => `  l${i}: { command: [sleep, infinity], depends_on: [${i === 0 ? "eater" : `l${i - 1}`}] }\n`,
  )
  const file = sandbox.file("stack.yaml", `name: lab\ncontainers:\n${eater}${others.join("")}`)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, /killed container\.eater for want of memory: .*limits\.memory \(2M\)/)
})

scenario("what was changed by hand in the namespaces of one that has ended is told, and repaired along with it", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { monitor } = live(sandbox, "lab", "web")
  await end(sandbox, "web")
  execFileSync("nsenter", [`--net=/proc/${monitor}/fd/10`, "sh", "-c", "ip link set lo down; ip route del default"])
  execFileSync("nsenter", [`--uts=/proc/${monitor}/fd/11`, "hostname", "pirate"])
  const plan = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(plan, "~ container.web  # changed outside the stack file\n")
  for (const line of ["loopback: down -> up", "hostname: pirate -> web"]) assert.match(plan, line)
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

/** Applies are killed at their k-th operation, for each k there is, after `prepare`: the next one must converge, destroy leave nothing. */
async function killedAtEach(sandbox: Sandbox, file: string, prepare: (k: number) => void | Promise<void>): Promise<void> {
  let fired = true
  for (let k = 1; fired && k < 100; k++) {
    await prepare(k)
    const command = [process.execPath, FAULTY, "apply", "-y", "-f", file]
    fired = sandbox.run(command, { env: { STACK_FAULT: `kill:${k}` } }).status === 137
    expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
    expectConverged(sandbox, file)
    assert.is(monitorsOf(sandbox, "web"), 1, `kill:${k}`)
  }
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
}

scenario("an apply killed at each operation of a restart: the next one converges, and destroy leaves nothing", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  await killedAtEach(sandbox, file, () => end(sandbox, "web"))
})

const OTHER = LAB.replace("echo begun;", "echo other;")

scenario("a replaced container keeps its namespaces and links, and those who share them; its layer and log are new", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  const { web: _, ...others } = inits(sandbox, "lab")
  const kept = lasting(before.init)
  sandbox.file("stack.yaml", OTHER)
  const plan = planOf(sandbox, file).changes.filter(({ actions }) => !actions.includes("no-op"))
  assert.equal(
    plan.map(({ address, actions }) => [address, actions.join("+")]),
    [["container.web", "delete+create"]],
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const after = live(sandbox, "lab", "web")
  assert.is.not(after.init, before.init)
  assert.equal(lasting(after.init), kept)
  const { web: __, ...now } = inits(sandbox, "lab")
  assert.equal(now, others)
  assert.is(inside(after.init, "-m -U", "cat", "/root/file").stdout, "kept\n")
  assert.is(sandbox.stack(["logs", "-f", file, "web"]).stdout, "other\n")
  assert.ok(pings(after.init, "10.20.0.3"))
})

scenario("an apply killed at each operation of a replacement: the next one converges, and destroy leaves nothing", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  await killedAtEach(sandbox, file, (k) => void sandbox.file("stack.yaml", k % 2 === 1 ? OTHER : LAB))
})

scenario("a command that cannot be executed costs neither links nor those who share them; --atomic gives back what was", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  const { web: _, ...others } = inits(sandbox, "lab")
  const kept = lasting(before.init)
  const wrong = sandbox.file(
    "wrong.yaml",
    LAB.replace('command: [sh, -c, "echo begun; echo kept >> /root/file; exec sleep infinity"]', "command: [nosuch]"),
  )
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "-f", wrong]), 1).stderr, /nosuch/)
  const { web: __, ...now } = inits(sandbox, "lab")
  assert.equal(now, others)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(lasting(live(sandbox, "lab", "web").init), kept)
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", wrong]), 1).stderr, /Undone: all is as it was before/)
  expectConverged(sandbox, file)
  assert.equal(lasting(live(sandbox, "lab", "web").init), kept)
})

test.run()
