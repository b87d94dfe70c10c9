/** Devices of the host, lent to containers: each comes back as it was, whatever happens to the stack. */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, readlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"

const FAULTS = fileURLToPath(new URL("../../../dist-faults/stack.js", import.meta.url))

function lab(web: string, db = "{}"): string {
  return `
name: lab
bridges: { lan: {} }
containers:
  web:
    command: [sleep, infinity]
    interfaces: ${web}
  db:
    command: [sleep, infinity]
    interfaces: ${db}
`
}

const LENT = "{ ext0: { phys: eth0, address: 10.50.0.2/24, gateway: 10.50.0.1, mtu: 1400 } }"
const ALIAS = "rack 7, port 3"

type Seen = { ifname: string; mtu: number; address: string; ifalias?: string; flags: string[] }

function shown(sandbox: Sandbox, name: string): unknown[] {
  const found = sandbox.ip("link").find(({ ifname }: Seen) => ifname === name) as Seen | undefined
  return found === undefined ? [] : [found.mtu, found.address, found.ifalias, found.flags.includes("UP")]
}

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

/** Two network cards that are wired to each other: the virtual machine's. */
function cards(): string | undefined {
  if (process.env.VM_RUN === undefined) return "needs hardware to lend: npm run test:vm"
  spawnSync("modprobe", ["virtio_net"])
  return existsSync("/sys/class/net/eth1") ? undefined : "this machine has no two network cards"
}

const lacking = cards()
const scenarioOfCards: typeof scenario = (name, body) =>
  lacking === undefined ? scenario(name, body) : testsUnless(lacking)(name, () => undefined)

/** Moves links of the machine's into the sandbox. */
function bring(sandbox: Sandbox, ...names: string[]): void {
  const child = sandbox.start(["sleep", "1000"])
  const own = readlinkSync("/proc/self/ns/net")
  const find = () => sandbox.processes().find((pid) => readlinkSync(`/proc/${pid}/ns/net`) !== own)
  let pid = find()
  for (let i = 0; pid === undefined && i < 200; i++) {
    spawnSync("sleep", ["0.05"])
    pid = find()
  }
  for (const name of names) assert.is(spawnSync("ip", ["link", "set", name, "netns", String(pid)]).status, 0)
  child.kill("SIGKILL")
}

/** `eth0`, up, with somebody's alias; at its other end is `eth1`, whose address is in a namespace of its own. */
function device(sandbox: Sandbox): void {
  bring(sandbox, "eth0", "eth1")
  const words = `ip link set eth0 alias '${ALIAS}' up && ip addr add 10.50.0.1/24 dev eth1 && ip link set eth1 up`
  expectStatus(sandbox.run(["sh", "-c", words]), 0)
}

scenarioOfCards("a device is lent, changed, lent to another container, and given back as it was", (sandbox) => {
  device(sandbox)
  const before = shown(sandbox, "eth0")
  const file = sandbox.file("stack.yaml", lab(LENT))
  const turn = (text: string, expected: string[]) => {
    sandbox.file("stack.yaml", text)
    const found = verdicts(planOf(sandbox, file)).filter((verdict) => verdict.includes(" interface."))
    assert.equal(found.sort(), expected.sort())
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(shown(sandbox, "eth0"), [])
  const [seen] = JSON.parse(inWeb(sandbox, "ip", "-j", "link", "show", "ext0")) as Seen[]
  assert.is(seen?.ifalias, `stack:lab/interface.web.ext0 was eth0 up mtu 1500 mac ${before[1]} alias ${ALIAS}`)
  inWeb(sandbox, "ping", "-c1", "-W9", "10.50.0.1")
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  const pids = inits(sandbox, "lab")
  turn(lab(LENT.replace("0.2/24", "0.3/24").replace("mtu: 1400", "mac: 02:00:00:00:00:09")), ["update interface.web.ext0"])
  inWeb(sandbox, "ip", "link", "set", "ext0", "down")
  turn(lab(LENT.replace("mtu: 1400", "mac: 02:00:00:00:00:09")), ["update interface.web.ext0"])
  turn(lab("{}", LENT), ["delete interface.web.ext0", "create interface.db.ext0"])
  turn(lab("{}", LENT.replace("ext0", "ext1")), ["delete interface.db.ext0", "create interface.db.ext1"])
  turn(lab("{}", "{ ext1: { bridge: lan } }"), ["delete+create interface.db.ext1"])
  assert.equal(shown(sandbox, "eth0"), before)
  assert.equal(inits(sandbox, "lab"), pids)
  turn(lab(LENT), ["create interface.web.ext0", "delete interface.db.ext1"])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(shown(sandbox, "eth0"), before)
})

scenarioOfCards("a device that the kernel brought back with a dead namespace is lent again; destroy puts it right as well", (sandbox) => {
  device(sandbox)
  const before = shown(sandbox, "eth0")
  const file = sandbox.file("stack.yaml", lab(LENT))
  apply(sandbox, file)
  const die = () => {
    process.kill(live(sandbox, "lab", "web").monitor, "SIGKILL")
    for (let i = 0; !existsSync("/sys/class/net/ext0") && i < 200; i++) spawnSync("sleep", ["0.1"])
    bring(sandbox, "ext0")
  }
  die()
  assert.ok(verdicts(planOf(sandbox, file)).includes("delete+create interface.web.ext0"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  inWeb(sandbox, "ping", "-c1", "-W9", "10.50.0.1")
  die()
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(shown(sandbox, "eth0"), before)
})

scenarioOfCards("an apply that is killed after it has marked, moved or furnished the device does not lose it", (sandbox) => {
  device(sandbox)
  const before = shown(sandbox, "eth0")
  const file = sandbox.file("stack.yaml", lab(LENT))
  const run = (env: { [name: string]: string }) => sandbox.run(["node", FAULTS, "apply", "-y", "-f", file], { env })
  const destroyed = (what: string) => {
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(shown(sandbox, "eth0"), before, what)
  }
  expectStatus(run({ STACK_FAULT_COUNT: `${sandbox.work}/operations` }), 0)
  destroyed("undisturbed")
  const operations = readFileSync(`${sandbox.work}/operations`, "utf8").split("\n")
  const places = operations.flatMap((words, i) => (/^ip .*\b(eth0|ext0|if\d+)\b/.test(words) ? [i + 1] : []))
  assert.ok(places.length >= 3, operations.join("\n"))
  // What comes after the first address finds the device where that has found it.
  for (const at of places.slice(0, 3)) {
    run({ STACK_FAULT: `kill:${at}` })
    fetchBack(sandbox)
    destroyed(`killed at ${operations[at - 1]}`)
  }
})

/** What was in a namespace that died with an apply is the machine's by now, and not the sandbox's. */
function fetchBack(sandbox: Sandbox): void {
  const isHere = () => ["eth0", "ext0"].some((name) => shown(sandbox, name).length > 0)
  for (let i = 0; !isHere() && !Object.hasOwn(inits(sandbox, "lab"), "web") && i < 50; i++) {
    const back = ["eth0", "ext0"].find((name) => existsSync(`/sys/class/net/${name}`))
    if (back === undefined) spawnSync("sleep", ["0.1"])
    else bring(sandbox, back)
  }
}

scenario("what cannot be lent is told by the plan, where the file says it", (sandbox) => {
  expectStatus(sandbox.run(["ip", "link", "add", "up0", "type", "veth", "peer", "name", "far0"]), 0)
  const plan = (web: string) => expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(web))]), 1).stderr
  assert.match(plan("{ ext0: { phys: none0 } }"), /stack\.yaml:7:33: error: there is no device none0 on the host/)
  assert.match(plan("{ ext0: { phys: lo } }"), "lo cannot be lent: every namespace has its own")
  const veth = "up0 cannot be lent: it is no hardware but a veth, which the kernel deletes with a container's namespace"
  assert.match(plan("{ ext0: { phys: up0 } }"), veth)
})

scenarioOfCards("hardware that the host uses is not lent", (sandbox) => {
  bring(sandbox, "eth0")
  const plan = () => expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(LENT))]), 1).stderr
  expectStatus(sandbox.run(["ip", "addr", "add", "10.51.0.1/24", "dev", "eth0"]), 0)
  assert.match(plan(), "eth0 cannot be lent: the host has addresses on it (10.51.0.1/24), which would be lost")
  expectStatus(sandbox.run(["sh", "-c", "ip addr flush dev eth0; ip link add br0 type bridge; ip link set eth0 master br0"]), 0)
  assert.match(plan(), "eth0 cannot be lent: it is a port of br0")
})

/** The cards come back to the machine as the sandboxes' namespaces end, by and by, and go with their driver. */
test.after(() => {
  if (lacking === undefined) spawnSync("modprobe", ["-r", "virtio_net"])
})

test.run()
