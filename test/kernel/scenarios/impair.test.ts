import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

/** Two routers, a pair between them and a port on a bridge. */
function lab(pair: string, port = ""): string {
  return `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  r1:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24${port} } }
  r2: { command: [sleep, infinity] }
veths:
  core:
    endpoints: [{ container: r1, interface: eth1, address: 10.1.0.1/30 }, { container: r2, interface: eth1, address: 10.1.0.2/30 }]
    ${pair}
`
}

/** What tc shows at the root of a container's link: `tbf 1250000`, `netem`; "" where the kernel's own is there. */
function rootOf(sandbox: Sandbox, container: string, link: string): string {
  const { init } = live(sandbox, "lab", container)
  const shown = JSON.parse(inside(init, "-n", "tc", "-j", "qdisc", "show", "dev", link).stdout) as {
    kind: string
    root?: boolean
    options: { rate?: number | { rate: number } }
  }[]
  const root = shown.find(({ root, kind }) => root === true && kind !== "noqueue")
  if (root === undefined) return ""
  const { rate } = root.options
  return `${root.kind} ${typeof rate === "object" ? rate.rate : rate}`
}

scenario("a rate goes into the kernel, is changed and taken off in place, and by hand is drift", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    lab("impair: { rate: 10mbit }", ", impair: { rate: 5mbit }, host_end: { impair: { rate: 4mbit } }"),
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const before = inits(sandbox, "lab")
  const roots = () => [rootOf(sandbox, "r1", "eth1"), rootOf(sandbox, "r2", "eth1"), rootOf(sandbox, "r1", "eth0")]
  assert.match(roots().join(), /^(tbf|netem) 1250000,(tbf|netem) 1250000,(tbf|netem) 625000$/)

  inside(before.r1 as number, "-n", "tc", "qdisc", "del", "dev", "eth1", "root")
  inside(
    before.r2 as number,
    "-n",
    "tc",
    "qdisc",
    "replace",
    "dev",
    "eth1",
    "root",
    "tbf",
    "rate",
    "1mbit",
    "burst",
    "9000",
    "latency",
    "10ms",
  )
  const drifted = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(drifted, "endpoints.0.impair.rate: (not set) -> 10mbit")
  assert.match(drifted, "endpoints.1.impair.rate: 1mbit -> 10mbit")
  assert.match(drifted, /endpoints\.1\.impair\.other: "burst \d+, limit \d+" -> \(not set\)/)
  apply(sandbox, file)
  expectConverged(sandbox, file)

  sandbox.file("stack.yaml", lab("impair: { rate: 20mbit }"))
  assert.equal(verdicts(planOf(sandbox, file)), ["update interface.r1.eth0", "update veth.core"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.match(roots().join(), /^(tbf|netem) 2500000,(tbf|netem) 2500000,$/)
  const written = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0).stdout
  assert.match(written, "impair: { rate: 20mbit }")
  assert.equal(inits(sandbox, "lab"), before)

  sandbox.file("stack.yaml", lab("mtu: 1500"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(roots().join(), ",,")
})

scenario("a queue that somebody has put below that of an impairment is drift, and goes in place", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab("impair: { rate: 10mbit }"))
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  const queues = () => inside(before.r1 as number, "-n", "tc", "qdisc", "show", "dev", "eth1").stdout
  const below =
    'h=$(tc qdisc show dev eth1 | sed -n "s/^qdisc [a-z]* \\([0-9a-f]*:\\) root.*/\\1/p"); tc qdisc add dev eth1 parent "$h"1 handle 9: pfifo limit 1'
  expectStatus(inside(before.r1 as number, "-n", "sh", "-c", below), 0)
  assert.match(queues(), "qdisc pfifo 9: parent ")
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /endpoints\.0\.impair\.other: "?qdisc pfifo"? -> \(not set\)/)
  assert.equal(verdicts(planOf(sandbox, file)), ["update veth.core"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.not.match(queues(), "pfifo")
  assert.match(queues(), /qdisc (tbf|netem) .*rate 10Mbit/)
  assert.equal(inits(sandbox, "lab"), before)
})

scenario("what takes netem is refused at plan time where the kernel has none, and is done and read where it has", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab("impair: { delay: 20ms, loss: 0.5%, rate: 10mbit }"))
  const probe = sandbox.run(["sh", "-c", "ip link add probe0 type veth peer name probe1 && tc qdisc add dev probe0 root netem loss 1%"])
  if (probe.status !== 0) {
    const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
    assert.match(ran.stderr, "this kernel has no netem (sch_netem)")
    assert.match(ran.stderr, "stack.yaml:12:22: error")
    return
  }
  sandbox.run(["ip", "link", "del", "probe0"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "lab", "r1")
  const shown = inside(init, "-n", "tc", "qdisc", "show", "dev", "eth1").stdout
  assert.match(shown, /netem .*limit 1000 delay 20ms loss 0\.5% rate 10Mbit/)
  const ping = inside(init, "-n", "ping", "-c5", "-i0.2", "-q", "10.1.0.2").stdout
  assert.ok(Number(/= ([\d.]+)\//.exec(ping)?.[1]) >= 40, ping)

  inside(init, "-n", "tc", "qdisc", "change", "dev", "eth1", "root", "netem", "delay", "20ms", "5ms", "25%", "loss", "3%", "rate", "10mbit")
  const drifted = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(drifted, "endpoints.0.impair.loss: 3% -> 0.5%")
  assert.match(drifted, "endpoints.0.impair.jitter: 5ms -> (not set)")
  assert.match(drifted, "endpoints.0.impair.other: correlation -> (not set)")
  apply(sandbox, file)
  expectConverged(sandbox, file)

  const other = "delay: 5ms, jitter: 1ms, loss: 1%, duplicate: 2%, corrupt: 0.1%, reorder: 25%, rate: 40gbit, limit: 50"
  sandbox.file("stack.yaml", lab(`impair: { ${other} }`))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(live(sandbox, "lab", "r1").init, init)
  const written = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0).stdout
  for (const word of other.split(", ")) assert.match(written, word)
})

test.run()
