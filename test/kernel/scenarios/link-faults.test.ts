import { once } from "node:events"
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
containers:
  r1: { command: [sleep, infinity], routes: [{ to: 10.9.0.0/16, via: 10.1.0.2 }] }
  r2: { command: [sleep, infinity] }
veths:
  core: { endpoints: [{ container: r1, interface: eth1, address: [10.1.0.1/30, "fd01::1/64"] }, { container: r2, interface: eth1, address: 10.1.0.2/30 }] }
`

function shown(sandbox: Sandbox, ...command: string[]): string {
  return inside(live(sandbox, "lab", "r1").init, "-n", ...command).stdout
}

scenario("stack impair is live at once, drift for the next plan, and healed; --for puts it back, --clear takes it off", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  const root = () => shown(sandbox, "tc", "qdisc", "show", "dev", "eth1")
  const impair = (...words: string[]) => sandbox.stack(["impair", ...words, "-f", file])

  assert.is(expectStatus(impair("veth.core", "--rate", "2mbit"), 0).stderr, "r1:eth1: rate 2mbit\nr2:eth1: rate 2mbit\n")
  assert.match(root(), /(tbf|netem).* rate 2Mbit/)
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "endpoints.0.impair.rate: 2mbit -> (not set)")
  expectStatus(impair("r1:eth1", "--rate", "1mbit", "--for", "50ms"), 0)
  assert.match(root(), /rate 2Mbit/)
  expectStatus(impair("container.r1:eth1", "--clear"), 0)
  assert.not.match(root(), "rate")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), before)

  assert.match(expectStatus(impair("veth.cord", "--rate", "1mbit"), 1).stderr, "did you mean veth.core?")
  assert.match(
    expectStatus(impair("veth.core", "--loss", "101%"), 64).stderr,
    "error: --loss: `101%` is more than all packets\n  hint: write a percentage from 0% to 100%",
  )
  assert.match(
    expectStatus(impair("veth.core", "--loss", "10"), 64).stderr,
    "error: --loss: `10` is no percentage of up to six digits behind the point\n  hint: write 10%",
  )
  assert.match(
    expectStatus(impair("veth.core", "--delay", "10"), 64).stderr,
    "error: --delay: `10` is a time without its unit\n  hint: write a time such as 10ms",
  )
  assert.match(
    expectStatus(impair("r1", "--rate", "1mbit"), 1).stderr,
    /r1 is a container of stack lab, not a link\n {2}hint: name one of its links: r1:eth/,
  )
  expectStatus(impair("veth.core"), 64)
})

/** The sandbox enters its namespaces by a process before the command's own. */
function commandOf(entering: number | undefined): number {
  return Number(readFileSync(`/proc/${entering}/task/${entering}/children`, "utf8"))
}

scenario("stack link down cuts, --for and a signal put back what the link had, apply heals", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const state = () => shown(sandbox, "ip", "-o", "link", "show", "eth1")
  expectStatus(sandbox.stack(["link", "down", "r1:eth1", "-f", file]), 0)
  assert.not.match(state(), /[<,]UP[,>]/)
  assert.equal(verdicts(planOf(sandbox, file)).sort(), ["update container.r1", "update veth.core"])
  apply(sandbox, file)
  expectConverged(sandbox, file)

  expectStatus(sandbox.stack(["link", "down", "veth.core", "--for", "50ms", "-f", file]), 0)
  expectConverged(sandbox, file)

  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const) {
    const child = sandbox.start(sandbox.command("link", "down", "r1:eth1", "--for", "1m", "-f", file))
    const ended = once(child, "close")
    await once(child.stderr, "data")
    assert.not.match(state(), /[<,]UP[,>]/)
    process.kill(commandOf(child.pid), signal)
    assert.is((await ended)[0], code)
    expectConverged(sandbox, file)
  }
})

test.run()
