import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, planOf as fullPlanOf, inits, inside, scenario, test, verdicts } from "../../support/lab.ts"
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

/** What somebody has changed by hand: a rule, a neighbour and a route of a container gone, one that the kernel makes with an address too, an mtu. */
const BY_HAND = `name: lab
bridges: { lan: { address: 10.20.0.1/24 }, six: { address: "fd21::1/64" }, four: { address: [10.22.0.1/24, 10.23.0.1/24] } }
veths: { core: { endpoints: [{ container: web, interface: eth1, address: 10.1.0.1/30 }, { container: host, interface: lab-core, address: 10.1.0.2/30 }] } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    rules: [{ priority: 100, from: 10.20.0.0/24, table: 100 }]
    neighbours: [{ to: 10.20.0.9, lladdr: "02:00:00:00:00:09", dev: eth0 }]
    routes: [{ to: 10.98.0.0/16, via: 10.20.0.9, table: 100 }]
    interfaces: { eth0: { bridge: lan, address: [10.20.0.10/24, "fd20::2/64"] }, eth2: { bridge: lan }, eth3: { bridge: six, address: "fd21::3/64", gateway: "fd21::1" }, eth4: { bridge: four, address: [10.22.0.14/24, 10.23.0.2/24], gateway: 10.23.0.1 } }
    ports: [8080:80]
  db:
    image: host
    command: [sleep, infinity]
    interfaces: { mv0: { macvlan: lab-six, address: "fd21::5/64", gateway: "fd21::1" } }
`

scenario("--atomic: drift that was repaired is there again, to the letter", (sandbox) => {
  const file = sandbox.file("stack.yaml", BY_HAND)
  apply(sandbox, file)
  const init = inits(sandbox, "lab").web as number
  const inWeb = (...words: string[]) => expectStatus(inside(init, "-n", "ip", ...words), 0)
  const onHost = (...words: string[]) => expectStatus(sandbox.run(["ip", ...words]), 0)
  inWeb("rule", "del", "pref", "100")
  inWeb("neigh", "del", "10.20.0.9", "dev", "eth0")
  inWeb("route", "del", "10.98.0.0/16", "table", "100")
  for (const [family, to] of [
    ["-4", "10.20.0.0/24"],
    ["-6", "fd20::/64"],
    ["-4", "10.1.0.0/30"],
  ] as const)
    inWeb(family, "route", "del", to)
  for (const to of ["10.20.0.0/24", "10.1.0.0/30"]) onHost("route", "del", to)
  onHost("link", "set", "lab-lan", "mtu", "1400")
  onHost("link", "set", "lab-web-eth2", "nomaster")
  inWeb("link", "set", "lo", "down")
  // A gateway is left when the address goes that it was reached by.
  inWeb("-6", "addr", "del", "fd21::3/64", "dev", "eth3")
  inWeb("addr", "del", "10.23.0.2/24", "dev", "eth4")
  expectStatus(inside(inits(sandbox, "lab").db as number, "-n", "ip", "-6", "addr", "del", "fd21::5/64", "dev", "mv0"), 0)
  // In place, and where the containers are made anew.
  const anew = BY_HAND.replaceAll("infinity]", 'infinity]\n    idmap: { uid: ["0 300000 65536"] }').replace("0 300000", "0 400000")
  for (const text of [BY_HAND, anew]) {
    writeFileSync(file, `${text}  bad: { image: host, command: [/no/such/command], depends_on: [web, db] }\n`)
    const before = planOf(sandbox, file)
    const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
    assert.match(ran.stderr, /Undone: all is as it was before\./)
    assert.equal(planOf(sandbox, file), before)
  }
  writeFileSync(file, BY_HAND)
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

scenario(
  "--atomic: a container's routes are given back whose next hops somebody has left without an address that leads to them",
  (sandbox) => {
    const text = (lower: string, more = "") => `name: lab
bridges: { lan: { address: 10.20.0.1/24 }, two: {} }
containers:
  web:
    command: [sleep, infinity]${more}
    routes:
      - { to: 10.9.0.0/16, via: 10.21.0.254 }
      - { to: fd99::/64, via: fd21::254 }
      - { to: 10.8.0.0/16, nexthops: [{ via: 10.21.0.253 }, { via: 10.20.0.254 }] }
      - { to: 10.7.0.0/16, via: 10.21.0.254, dev: mv0, table: 50 }
    interfaces:
      eth0: { bridge: lan, address: 10.20.0.2/24 }
      mv0: { macvlan: lab-${lower}, address: [10.21.0.2/24, 10.22.0.2/24, "fd21::2/64", "fd22::2/64"] }
`
    const file = sandbox.file("stack.yaml", text("lan"))
    apply(sandbox, file)
    const web = () => inits(sandbox, "lab").web as number
    for (const address of ["10.21.0.2/24", "fd21::2/64"]) expectStatus(inside(web(), "-n", "ip", "addr", "del", address, "dev", "mv0"), 0)
    const routes = () => inside(web(), "-n", "sh", "-c", "ip route; ip -6 route show proto 115; ip route show table 50").stdout
    const found = routes()
    assert.match(found, "10.9.0.0/16 via 10.21.0.254 dev mv0 proto 115")
    // The link made anew, and all of the container.
    for (const next of [text("two"), text("lan", '\n    idmap: { uid: ["0 400000 65536"] }')]) {
      writeFileSync(file, `${next}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
      assert.match(expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1).stderr, /Undone: all is as it was before\./)
      assert.is(routes(), found)
    }
    writeFileSync(file, text("lan"))
    assert.equal(verdicts(fullPlanOf(sandbox, file)), ["update interface.web.mv0"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
  },
)

scenario("--atomic: a secret of the environment that the file has no more is given again", (sandbox) => {
  const text = (secrets: string) =>
    `name: lab\nsecrets: { tok: { environment: TOK } }\ncontainers:\n  web: { command: [sleep, infinity], secrets: ${secrets} }\n`
  const file = sandbox.file("stack.yaml", text("[tok]"))
  const env = { TOK: "abc" }
  expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env }), 0)
  sandbox.file("stack.yaml", `${text("[]")}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file], { env }), 1)
  assert.match(ran.stderr, /Undone: all is as it was before\./)
  sandbox.file("stack.yaml", text("[tok]"))
  assert.is(expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "cat", "/run/secrets/tok"], { env }), 0).stdout, "abc")
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file], { env }), 0)
})

scenario("--atomic: what no file can ask for is told, and hinders the rest as little as it can", (sandbox) => {
  const text =
    "name: lab\nbridges: { lan: { address: 10.20.0.1/24 } }\ncontainers:\n  web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan } } }\n"
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  const init = inits(sandbox, "lab").web as number
  expectStatus(
    inside(init, "-n", "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "7mbit", "burst", "10k", "latency", "10ms"),
    0,
  )
  expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"]), 0)
  sandbox.file("stack.yaml", `${text}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(ran.stderr, /not all of what was done could be undone\n +interface\.web\.eth0: /)
  sandbox.file("stack.yaml", text)
  const plan = fullPlanOf(sandbox, file)
  assert.equal(verdicts(plan), ["update bridge.lan"])
  assert.equal(
    (plan.drift as { address: string }[]).map(({ address }) => address),
    ["bridge.lan"],
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
