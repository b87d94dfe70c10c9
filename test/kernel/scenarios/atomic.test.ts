import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const BEFORE = `name: lab
bridges: { lan: { address: 10.20.0.1/24 }, old: { address: 10.21.0.1/24 } }
cgroups: { tier: { limits: { pids: 500 } } }
veths: { core: { endpoints: ["web:eth1", "db:eth1"] } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    cgroup: tier
    limits: { memory: 64M }
    hostname: first
    environment: { A: "1" }
    sysctls: { net.ipv4.ip_forward: 1 }
    interfaces: { eth0: { bridge: lan, address: 10.20.0.10/24, gateway: 10.20.0.1 } }
  db: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: old, address: 10.21.0.11/24 } } }
  app: { image: host, command: [sleep, infinity], namespaces: { net: "container:web" }, depends_on: [web] }
`
/** Everything at once: updates in place, a replacement that takes others along, what is new, what goes, and a step that fails last. */
const AFTER = BEFORE.replace("10.20.0.1/24 }", "10.20.0.1/24, mtu: 1400 }")
  .replace(", old: { address: 10.21.0.1/24 }", ", fresh: { address: 10.22.0.1/24 }")
  .replace("memory: 64M", "memory: 32M")
  .replace('A: "1"', 'A: "2"')
  .replace("bridge: old, address: 10.21.0.11/24", "bridge: fresh, address: 10.22.0.11/24")
  .replace("pids: 500", "pids: 400")
const FAILING = `${AFTER}  bad: { image: host, command: [/no/such/command], depends_on: [web, db, app] }\n`

/** What a plan says, to the letter: it holds every attribute that differs. */
function planOf(sandbox: Sandbox, file: string): unknown {
  const { changes, drift } = JSON.parse(sandbox.stack(["plan", "--json", "-f", file]).stdout) as { changes: unknown[]; drift: unknown[] }
  return { changes, drift }
}

scenario("--atomic: what a failed apply has done is undone, updates and replacements too", (sandbox) => {
  const file = sandbox.file("stack.yaml", BEFORE)
  apply(sandbox, file)
  writeFileSync(file, FAILING)
  const before = planOf(sandbox, file)
  const untouched = inits(sandbox, "lab")
  const ran = sandbox.stack(["apply", "-y", "--atomic", "-f", file])
  expectStatus(ran, 1)
  assert.match(ran.stderr, /no\/such\/command/)
  assert.match(ran.stderr, /Undone: all is as it was before\./)
  assert.equal(planOf(sandbox, file), before)
  writeFileSync(file, BEFORE)
  expectConverged(sandbox, file)
  assert.equal(Object.keys(inits(sandbox, "lab")), Object.keys(untouched))
  assert.equal(
    sandbox
      .ip("link", "show", "type", "bridge")
      .map((link: { ifname: string }) => link.ifname)
      .sort(),
    ["lab-lan", "lab-old"],
  )
})

scenario("--atomic: a first apply that fails leaves nothing", (sandbox) => {
  const file = sandbox.file("stack.yaml", FAILING)
  expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(sandbox.stack(["destroy", "-y", "-f", file]).stdout, /Nothing to destroy/)
  assert.equal(sandbox.ip("link", "show", "type", "bridge"), [])
})

scenario("--confirm: undone where no word comes, kept where it does", async (sandbox) => {
  const file = sandbox.file("stack.yaml", BEFORE)
  apply(sandbox, file)
  writeFileSync(file, AFTER)
  const before = planOf(sandbox, file)
  const ran = sandbox.stack(["apply", "-y", "--confirm", "0.2s", "-f", file])
  expectStatus(ran, 1)
  assert.match(ran.stderr, /was not confirmed within 0\.2 s/)
  assert.equal(planOf(sandbox, file), before)
  expectStatus(sandbox.stack(["confirm", "-f", file]), 1)

  const waiting = sandbox.start(sandbox.command("apply", "-y", "--confirm", "60s", "-f", file))
  const ended = new Promise((resolve) => waiting.on("close", resolve))
  let told = ""
  await new Promise<void>((resolve) =>
    waiting.stderr.on("data", (chunk) => {
      told += chunk
      if (told.includes("stack confirm")) resolve()
    }),
  )
  assert.match(sandbox.stack(["apply", "-y", "--lock-timeout", "0s", "-f", file]).stderr, /locked by process/)
  expectStatus(sandbox.stack(["confirm", "-p", "lab"]), 0)
  assert.is(await ended, 0)
  expectConverged(sandbox, file)
})

scenario("--confirm: a clock that is set meanwhile neither prolongs the waiting nor ends it", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\nbridges: { lan: {} }\n")
  for (const hours of [-1, 1]) {
    const set = `const at = Date.now(); let n = 0; Date.now = () => at + ${hours} * 3600000 * n++`
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(set)}` }
    const began = performance.now()
    const ran = expectStatus(sandbox.stack(["apply", "-y", "--confirm", "1s", "-f", file], { env }), 1)
    assert.match(ran.stderr, "it was not confirmed within 1 s")
    assert.ok(performance.now() - began > 1000)
  }
})

scenario("--confirm: an apply that is killed while it waits hinders nobody", async (sandbox) => {
  const file = sandbox.file("stack.yaml", BEFORE)
  const waiting = sandbox.start(["sh", "-c", 'echo $$; exec "$@"', "sh", ...sandbox.command("apply", "-y", "--confirm", "60s", "-f", file)])
  const pid = await new Promise<string>((resolve) => waiting.stdout.once("data", (chunk) => resolve(String(chunk).split("\n")[0] ?? "")))
  await new Promise<void>((resolve) => waiting.stderr.on("data", (chunk) => String(chunk).includes("stack confirm") && resolve()))
  sandbox.run(["kill", "-KILL", pid])
  await new Promise((resolve) => waiting.on("close", resolve))
  assert.match(sandbox.stack(["confirm", "-f", file]).stderr, /no apply of stack lab waits.*\n +hint: the one that did was killed/)
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.throws(() => readFileSync("/run/stack/lab/.unconfirmed"))
})

test.run()
