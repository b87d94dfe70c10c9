import { writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, live, scenario, test } from "../../support/lab.ts"

const LAB = `name: lab
bridges: { lan: { address: 10.20.0.1/24, ignore_drift: [mtu] } }
containers:
  db:
    image: host
    command: [sleep, infinity]
    environment: { A: "1" }
    ignore_drift: [hostname]
    prevent_destroy: true
    interfaces: { eth0: { bridge: lan, address: 10.20.0.10/24 } }
  web: { image: host, command: [sleep, infinity], environment: { A: "1" } }
`

scenario("ignore_drift: what was changed by hand stays, until the file wants something new", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "db")
  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])
  const name = () => sandbox.stack(["exec", "-f", file, "db", "--", "hostname"]).stdout.trim()
  expectStatus(inside(init, "-u", "hostname", "by-hand"), 0)
  expectConverged(sandbox, file)
  assert.is(sandbox.ip("link", "show", "lab-lan")[0].mtu, 1400)
  assert.is(live(sandbox, "lab", "db").init, init)
  writeFileSync(file, LAB.replace("    ignore_drift: [hostname]", "    hostname: wanted\n    ignore_drift: [hostname]"))
  apply(sandbox, file)
  assert.is(name(), "wanted")
  assert.is(live(sandbox, "lab", "db").init, init)
})

scenario("ignore_drift: another limit is changed, and the one that drifted stays as it is", (sandbox) => {
  const lab = (limits: string) =>
    `name: lab\ncontainers:\n  db: { image: host, command: [sleep, infinity], limits: ${limits}, ignore_drift: [limits.pids] }\n`
  const file = sandbox.file("stack.yaml", lab("{ pids: 50, memory: 64M }"))
  apply(sandbox, file)
  const pidsMax = () => sandbox.run(["sh", "-c", "find /sys/fs/cgroup -path '*stack/lab/db/pids.max' | head -1"]).stdout.trim()
  sandbox.run(["sh", "-c", `echo 77 > ${pidsMax()}`])
  expectConverged(sandbox, file)
  writeFileSync(file, lab("{ pids: 50, memory: 32M }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(sandbox.run(["cat", pidsMax()]).stdout, "77\n")
  writeFileSync(file, lab("{ pids: 60, memory: 32M }"))
  apply(sandbox, file)
  assert.is(sandbox.run(["cat", pidsMax()]).stdout, "60\n")
})

scenario("prevent_destroy: the rest is done, with exit code 3", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const before = inits(sandbox, "lab")
  writeFileSync(file, LAB.replaceAll('A: "1"', 'A: "2"'))
  const planned = sandbox.stack(["plan", "-f", file])
  expectStatus(planned, 3)
  assert.match(planned.stderr, /stack\.yaml:9:\d+: error: container\.db is not replaced: prevent_destroy/)
  assert.match(planned.stdout, /-\/\+ container\.web/)
  assert.not.match(planned.stdout, /container\.db/)
  expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 3)
  assert.is(inits(sandbox, "lab").db, before.db)
  assert.is.not(inits(sandbox, "lab").web, before.web)

  writeFileSync(file, `${LAB}  broken: { comand: x }\n`)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 1)
  writeFileSync(file, LAB)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 3)
  assert.equal(Object.keys(inits(sandbox, "lab")), ["db"])
  assert.is(sandbox.ip("link", "show", "lab-lan").length, 1, "the bridge that its interface is on")
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
  assert.equal(inits(sandbox, "lab"), {})
})

test.run()
