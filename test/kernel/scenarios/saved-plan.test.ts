import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
cgroups: { tier: { limits: { pids: 100 } } }
containers:
  web: { image: host, command: [sleep, infinity], cgroup: tier, interfaces: { eth0: { bridge: lan, address: 10.20.0.10/24 } } }
`

/** Applied, then changed, and the plan to the change kept. */
function kept(sandbox: Sandbox): string {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  writeFileSync(file, LAB.replace("pids: 100", "pids: 200").replace("10.20.0.1/24 }", "10.20.0.1/24, mtu: 1400 }"))
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
  return file
}

function expectStale(sandbox: Sandbox, reason: RegExp): void {
  const ran = sandbox.stack(["apply", "kept"])
  expectStatus(ran, 3)
  assert.match(ran.stderr, /the plan is stale/)
  assert.match(ran.stderr, reason)
}

scenario("a kept plan is shown as it was, and carried out without a question", (sandbox) => {
  const file = kept(sandbox)
  const planned = sandbox.stack(["plan", "-f", file])
  assert.is(sandbox.stack(["show", "kept"]).stdout, planned.stdout)
  const [one, other] = [
    ["show", "kept", "--json"],
    ["plan", "-f", file, "--json"],
  ].map((args) => JSON.parse(sandbox.stack(args).stdout))
  assert.equal(one, other)
  expectStatus(sandbox.stack(["apply", "kept"]), 0)
  expectConverged(sandbox, file)
  expectStale(sandbox, /bridge\.lan: nothing is to be done any more/)
})

/** The causes of what goes, of a plan or of the lines of an apply, and the last line for a person. */
function causes(text: string): string[] {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
  return lines.flatMap((line) => (line.changes?.length > 0 ? line.changes : [line.change])).flatMap((change) => change?.cause ?? [])
}

scenario("a kept plan of a destroy says what the destroy says: that it is asked for, whatever the file holds", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  const asked = Array(5).fill("its destruction is asked for")
  apply(sandbox, file)
  assert.equal(causes(expectStatus(sandbox.stack(["plan", "--destroy", "--json", "-f", file, "--out", "kept"]), 0).stdout), asked)
  assert.equal(causes(expectStatus(sandbox.stack(["show", "kept", "--json"]), 0).stdout), asked)
  assert.not.match(expectStatus(sandbox.stack(["show", "kept"]), 0).stdout, "#")
  assert.equal(causes(expectStatus(sandbox.stack(["apply", "-y", "--json", "kept"]), 0).stdout), asked)
  apply(sandbox, file)
  assert.equal(causes(expectStatus(sandbox.stack(["destroy", "-y", "--json", "-f", file]), 0).stdout), asked)
  apply(sandbox, file)
  expectStatus(sandbox.stack(["plan", "--destroy", "-f", file, "--out", "kept"]), 0)
  expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1300"]), 0)
  expectStale(sandbox, /bridge\.lan: delete \(its destruction is asked for\)/)
  expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1500"]), 0)
  assert.is(expectStatus(sandbox.stack(["apply", "kept"]), 0).stdout, "Destroy complete! Resources: 5 destroyed.\n")
  apply(sandbox, file)
  const none = sandbox.file("stack.yaml", "name: lab\n")
  assert.match(expectStatus(sandbox.stack(["plan", "-f", none]), 0).stdout, "  - bridge.lan  # not in the stack file\n")
  assert.is(
    expectStatus(sandbox.stack(["apply", "-y", "-f", none]), 0)
      .stdout.split("\n")
      .at(-2),
    "Apply complete! Resources: 0 added, 0 changed, 5 destroyed.",
  )
})

scenario("stale: each object that is not the same any more is named", (sandbox) => {
  kept(sandbox)
  const before = sandbox.ip("link", "show", "lab-lan")[0].ifindex
  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1300"])
  expectStale(sandbox, /bridge\.lan: update \(mtu: 1300 -> 1400\)/)
  sandbox.run(["ip", "link", "del", "lab-lan"])
  expectStale(sandbox, /bridge\.lan is gone/)
  apply(sandbox, sandbox.file("old.yaml", LAB))
  assert.is.not(sandbox.ip("link", "show", "lab-lan")[0].ifindex, before)
  expectStale(sandbox, /bridge\.lan is another one now: a new link/)
})

scenario("stale: a container that was started anew, and one that has come since", (sandbox) => {
  kept(sandbox)
  expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("old.yaml", LAB), "--replace", "container.web"]), 0)
  expectStale(sandbox, /container\.web is another one now: it was started anew/)
  const { init } = live(sandbox, "lab", "web")
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
  expectStale(sandbox, /container\.web is gone/)
  assert.throws(() => readFileSync(`/proc/${init}/stat`))
})

scenario("a plan of another boot, of another network namespace", (sandbox) => {
  kept(sandbox)
  const elsewhere = sandbox.run(["unshare", "--net", ...sandbox.command("apply", "kept")])
  expectStatus(elsewhere, 3)
  assert.match(elsewhere.stderr, /another network namespace, or on another machine/)
  sandbox.run(["sh", "-c", "echo 00000000-0000-0000-0000-000000000000 > boot && mount --bind boot /proc/sys/kernel/random/boot_id"])
  expectStale(sandbox, /the machine was booted since/)
})

test.run()
