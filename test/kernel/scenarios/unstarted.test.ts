/** An apply that fails leaves undone what hangs on a container that did not start: the next plan says so, and calls nothing of it somebody's doing. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inside, live, planOf, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const file = (sandbox: Sandbox, db: string) =>
  sandbox.file(
    "stack.yaml",
    `name: half
bridges: { lan: { address: 10.77.0.1/24 } }
veths:
  core: { endpoints: [{ container: db, interface: up0, address: 10.5.0.1/24 }, { container: web, interface: up0, address: 10.5.0.2/24 }] }
containers:
  db: { command: [${db}], interfaces: { eth0: { bridge: lan, address: 10.77.0.2/24 } }, ports: ["8080:80"] }
  web:
    command: [sleep, infinity]
    routes: [{ to: 10.8.0.0/16, via: 10.5.0.1 }]
    neighbours: [{ to: 10.5.0.9, lladdr: "02:00:00:00:00:01", dev: up0 }]
    sysctls: { net.ipv4.conf.up0.rp_filter: 2 }
  app: { command: [sleep, infinity], depends_on: [db], interfaces: { eth0: { bridge: lan, address: 10.77.0.4/24 } } }
`,
  )

const planText = (sandbox: Sandbox, path: string) => expectStatus(sandbox.stack(["plan", "-f", path]), 0).stdout

/** All that was lost with `db` and its links, told by `how`. */
function expectTold(sandbox: Sandbox, path: string, how: string): void {
  const text = planText(sandbox, path)
  for (const address of ["nat.lan", "veth.core", "interface.db.eth0", "container.web"])
    assert.match(text, `${address}  # container.db ${how}\n`)
  assert.not.match(text.replace(/^-\/\+ container\.db .*$/m, ""), "outside the stack file")
}

scenario("what an apply made for a container that then did not start is left undone, and no drift", (sandbox) => {
  const path = file(sandbox, "/nowhere/db")
  expectStatus(sandbox.stack(["apply", "-y", "-f", path]), 1)
  expectTold(sandbox, path, "was never started")
  assert.match(planText(sandbox, path), "-/+ container.db  # half-made: its command was never started\n")
  // `app` was not started for want of `db`.
  assert.match(planText(sandbox, path), "-/+ container.app  # half-made: its command was never started\n")
  assert.match(expectStatus(sandbox.stack(["show", "-f", path]), 0).stdout, /^container\.app +never started/m)
  assert.equal(planOf(sandbox, path).drift, [])
  // What somebody does besides is told as such.
  sandbox.run(["ip", "link", "set", "half-lan", "mtu", "1400"])
  assert.match(planText(sandbox, path), "~ bridge.lan  # changed outside the stack file\n")
  file(sandbox, "sleep, infinity")
  apply(sandbox, path)
  expectConverged(sandbox, path)
  assert.match(inside(live(sandbox, "half", "web").init, "-n", "ip", "route").stdout, "10.8.0.0/16 via 10.5.0.1 dev up0")
})

scenario("what goes with a container whose monitor is killed is told by that, of others too", (sandbox) => {
  const path = file(sandbox, "sleep, infinity")
  apply(sandbox, path)
  const web = live(sandbox, "half", "web").init
  process.kill(live(sandbox, "half", "db").monitor, "SIGKILL")
  // The kernel takes a namespace's links apart by and by.
  sandbox.run(["sh", "-c", "while ip link show half-db-eth0; do sleep 0.02; done"])
  assert.not.match(inside(web, "-n", "ip", "route").stdout, "10.8.0.0/16")
  expectTold(sandbox, path, "has ended")
  assert.equal(
    planOf(sandbox, path).drift.map((one) => (one as { address: string }).address),
    ["container.db"],
  )
  apply(sandbox, path)
  expectConverged(sandbox, path)
  assert.match(inside(web, "-n", "ip", "route").stdout, "10.8.0.0/16 via 10.5.0.1 dev up0")
})

test.run()
