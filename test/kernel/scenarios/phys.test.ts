/** Devices of the host, lent to containers: each comes back as it was, whatever happens to the stack. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

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

const LENT = "{ ext0: { phys: up0, address: 10.50.0.2/24, gateway: 10.50.0.1, mtu: 1400 } }"

/** A device of the host, up, with an alias of somebody's, and somebody at its other end. */
function device(sandbox: Sandbox): void {
  const far = "ip netns add far && ip -n far addr add 10.50.0.1/24 dev far0 && ip -n far link set far0 up"
  const words = "ip link add up0 type veth peer name far0 && ip link set up0 alias 'rack 7, port 3' up"
  expectStatus(sandbox.run(["sh", "-c", `${words} && ${far.replace("ip netns add far &&", "")}`.replaceAll("ip -n far ", "ip ")]), 0)
}

type Seen = { ifname: string; operstate: string; mtu: number; address: string; ifalias?: string; flags: string[] }

function onHost(sandbox: Sandbox, name: string): Seen | undefined {
  return sandbox.ip("link").find(({ ifname }: Seen) => ifname === name)
}

function state(link: Seen | undefined): unknown[] {
  return [link?.mtu, link?.address, link?.ifalias, link?.flags.includes("UP")]
}

function inWeb(sandbox: Sandbox, ...command: string[]): string {
  return expectStatus(inside(inits(sandbox, "lab").web as number, "-n", ...command), 0).stdout
}

scenario("a device is lent, changed, lent to another container, and given back as it was", (sandbox) => {
  device(sandbox)
  const before = state(onHost(sandbox, "up0"))
  const file = sandbox.file("stack.yaml", lab(LENT))
  const turn = (text: string, expected: string[]) => {
    sandbox.file("stack.yaml", text)
    assert.equal(verdicts(planOf(sandbox, file)), expected)
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
  const planned = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
  assert.match(planned.stderr, /stack\.yaml:7:\d+: warning: up0 is a veth: if the container's namespace dies/)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(onHost(sandbox, "up0"), undefined)
  const [seen] = JSON.parse(inWeb(sandbox, "ip", "-j", "link", "show", "ext0")) as Seen[]
  assert.match(seen?.ifalias ?? "", /^stack:lab\/interface\.web\.ext0 was up0 up mtu 1500 mac \S+ alias rack 7, port 3$/)
  inWeb(sandbox, "ping", "-c1", "-W3", "10.50.0.1")
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
  const pids = inits(sandbox, "lab")
  turn(lab(LENT.replace("0.2/24", "0.3/24").replace("mtu: 1400", "mac: 02:00:00:00:00:09")), ["update interface.web.ext0"])
  inWeb(sandbox, "ping", "-c1", "-W3", "10.50.0.1")
  turn(lab("{}", LENT), ["delete interface.web.ext0", "create interface.db.ext0"])
  turn(lab("{}", LENT.replace("ext0", "ext1")), ["delete interface.db.ext0", "create interface.db.ext1"])
  turn(lab("{}", "{ ext1: { bridge: lan } }"), ["delete+create interface.db.ext1"])
  assert.equal(state(onHost(sandbox, "up0")), before)
  turn(lab(LENT), ["create interface.web.ext0", "delete interface.db.ext1"])
  assert.equal(inits(sandbox, "lab"), pids)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(state(onHost(sandbox, "up0")), before)
})

scenario("a container that is made anew, and one that has lost its device to the host, have it again", (sandbox) => {
  device(sandbox)
  const before = state(onHost(sandbox, "up0"))
  const file = sandbox.file("stack.yaml", lab(LENT))
  apply(sandbox, file)
  const { web } = inits(sandbox, "lab")
  sandbox.file("stack.yaml", lab(LENT).replace("[sleep, infinity]", "[sleep, infinity]\n    namespaces: { ipc: host }"))
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create container.web", "delete+create interface.web.ext0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is.not(inits(sandbox, "lab").web, web)
  inWeb(sandbox, "ping", "-c1", "-W3", "10.50.0.1")
  const host = sandbox.run(["sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"]).stdout.trim()
  const { init } = live(sandbox, "lab", "web")
  const pid = sandbox.run(["sh", "-c", `grep -l . /proc/*/status >/dev/null; echo ${init}`]).stdout
  assert.ok(pid && host)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(state(onHost(sandbox, "up0")), before)
})

scenario("what cannot be lent is told by the plan, where the file says it", (sandbox) => {
  device(sandbox)
  const plan = (web: string) => expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", lab(web))]), 1).stderr
  assert.match(plan("{ ext0: { phys: none0 } }"), /stack\.yaml:7:\d+: error: there is no device none0 on the host/)
  assert.match(plan("{ ext0: { phys: far0 } }"), "far0 cannot be lent: the host has addresses on it (10.50.0.1/24), which would be lost")
  assert.match(plan("{ ext0: { phys: lo } }"), "lo cannot be lent: every namespace has its own")
  expectStatus(sandbox.run(["ip", "link", "add", "br0", "type", "bridge"]), 0)
  assert.match(plan("{ ext0: { phys: br0 } }"), "br0 cannot be lent: the kernel leaves a bridge where it was made")
  expectStatus(sandbox.run(["ip", "link", "set", "up0", "master", "br0"]), 0)
  assert.match(plan("{ ext0: { phys: up0 } }"), "up0 cannot be lent: it is a port of br0")
  assert.match(plan("{ ext0: { phys: up0 }, x0: { macvlan: up0 } }"), "up0 is lent to interface.web.ext0, and this macvlan is to lie on it")
  assert.match(plan("{ ext0: { phys: up0 }, ext1: { phys: up0 } }"), "device up0 is interface.web.ext0's already")
})

test.run()
