/** What a frozen group keeps from running is not waited for: `exec` refuses it, an apply thaws it, whichever group it is, and a destroy goes through it. */

import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectNoTrace, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"
import { handEnvironment, hierarchiesOf } from "../drift-matrix/matrix-lab.ts"

const LAB = `
name: lab
cgroups: { tier: {} }
containers:
  web: { command: [sleep, infinity], cgroup: tier, stop_grace_period: 20s }
  other: { command: [sleep, infinity] }
`
const LINKED = `${LAB}bridges: { lan: {} }\n`.replace("web: { ", "web: { interfaces: { eth0: { bridge: lan } }, ")

const unified = / cgroup2 /.test(readFileSync("/proc/mounts", "utf8")) ? "" : "cgroup2 is not mounted"

function frozenTest(name: string, body: (sandbox: Sandbox) => void | Promise<void>): void {
  if (unified === "") scenario(name, body)
  else testsUnless(unified)(name, () => undefined)
}

function hand(sandbox: Sandbox, words: string): void {
  expectStatus(sandbox.run(["sh", "-ec", words], { env: handEnvironment(sandbox, hierarchiesOf(sandbox)) }), 0)
}

/** Each group that holds web, and the address that it is the drift of. */
const GROUPS = [
  ["$cgroup2/tier/web", "container.web"],
  ["$cgroup2/tier", "cgroup.tier"],
  ["$cgroup2", "container.web"],
] as const

for (const [group, address] of GROUPS) {
  frozenTest(`what ${group} freezes: exec says so at once, a plan names ${address}, an apply thaws it`, (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    apply(sandbox, file)
    const before = live(sandbox, "lab", "web")
    hand(sandbox, `echo 1 > ${group}/cgroup.freeze`)
    const refused = expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "true"]), 1)
    assert.match(refused.stderr, /error: container\.web is frozen/)
    assert.match(refused.stderr, /cgroup\.freeze/)
    assert.match(refused.stderr, /`stack apply` thaws it/)
    expectNoTrace(refused)
    const plan = planOf(sandbox, file)
    assert.ok(verdicts(plan).includes(`update ${address}`), verdicts(plan).join())
    assert.ok((plan.drift as { address: string }[]).some((one) => one.address === address))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(live(sandbox, "lab", "web"), before)
    expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "true"]), 0)
  })
}

frozenTest("containers are replaced, ended and made in a group that somebody has frozen", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  hand(sandbox, "echo 1 > $cgroup2/tier/cgroup.freeze")
  const changed = sandbox.file(
    "stack.yaml",
    `${LAB.replace("[sleep, infinity]", "[sleep, '1000']")}  more: { command: [sleep, infinity], cgroup: tier }\n`,
  )
  const began = performance.now()
  apply(sandbox, changed)
  assert.ok(performance.now() - began < 10_000, "it does not wait for what cannot hear")
  expectConverged(sandbox, changed)
  hand(sandbox, "echo 1 > $cgroup2/tier/cgroup.freeze")
  const destroys = performance.now()
  expectStatus(sandbox.stack(["destroy", "-y", "-f", changed]), 0)
  assert.ok(performance.now() - destroys < 10_000, "no signal is sent to what cannot hear it")
  assert.equal(sandbox.processes(), [])
})

frozenTest("where what is above the stack is frozen, or a group whose drift is ignored, an apply says so instead of waiting", (sandbox) => {
  const ignored = LAB.replace("tier: {}", "tier: { ignore_drift: [frozen] }")
  const more = `${ignored}  more: { command: [sleep, infinity], cgroup: tier }\n`
  const file = sandbox.file("stack.yaml", ignored)
  apply(sandbox, file)
  for (const group of ["$cgroup2/..", "$cgroup2/tier"]) {
    hand(sandbox, `echo 1 > ${group}/cgroup.freeze`)
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("more.yaml", more)]), 1)
    assert.match(ran.stderr, /container\.more: spawn failed: nothing that is begun in .*\/stack\/lab\/tier would run/)
    assert.match(ran.stderr, /hint: .*echo 0 > .*\/cgroup\.freeze/)
    expectNoTrace(ran)
    hand(sandbox, `echo 0 > ${group}/cgroup.freeze`)
    apply(sandbox, sandbox.file("more.yaml", more))
    apply(sandbox, file)
  }
  for (const group of ["$cgroup2", "$cgroup2/.monitor"]) {
    hand(sandbox, `echo 1 > ${group}/cgroup.freeze`)
    apply(sandbox, sandbox.file("more.yaml", more))
    expectConverged(sandbox, sandbox.file("more.yaml", more))
    apply(sandbox, file)
  }
})

frozenTest("where what is above the stack is frozen, nothing is stopped for what could not be started in its place", (sandbox) => {
  const file = sandbox.file("stack.yaml", LINKED)
  apply(sandbox, file)
  const before = [live(sandbox, "lab", "web"), sandbox.ip("link", "show", "lab-web-eth0")[0].ifindex]
  hand(sandbox, "echo 1 > $cgroup2/../cgroup.freeze")
  // In its namespaces, and in others.
  for (const [from, to] of [
    ["[sleep, infinity], cgroup", "[sleep, '1000'], cgroup"],
    ["stop_grace_period: 20s", "stop_grace_period: 20s, namespaces: { ipc: host }"],
  ] as const) {
    const changed = sandbox.file("changed.yaml", LINKED.replace(from, to))
    assert.ok(verdicts(planOf(sandbox, changed)).includes("delete+create container.web"))
    const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", changed]), 1)
    assert.match(ran.stderr, /^error: nothing that is begun in .*\/stack\/lab would run/m)
    assert.match(ran.stderr, /hint: .*echo 0 > .*\/cgroup\.freeze/)
    expectNoTrace(ran)
    assert.equal([live(sandbox, "lab", "web"), sandbox.ip("link", "show", "lab-web-eth0")[0].ifindex], before)
  }
  hand(sandbox, "echo 0 > $cgroup2/../cgroup.freeze")
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "true"]), 0)
  apply(sandbox, sandbox.file("changed.yaml", LINKED.replace("[sleep, infinity], cgroup", "[sleep, '1000'], cgroup")))
})

const HEEDFUL = `
name: lab
containers:
  web: { command: [sh, -c, "trap 'exit 0' TERM; echo up; while :; do sleep 1 & wait; done"], stop_grace_period: 3s }
  deaf: { command: [sleep, infinity], stop_grace_period: 3s }
`

frozenTest(
  "where what is above the stack is frozen, a destroy says at once what does not hear its signal, and by which group",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", HEEDFUL)
    apply(sandbox, file)
    await eventually(() => sandbox.stack(["logs", "-f", file, "web"]).stdout.includes("up"))
    hand(sandbox, "echo 1 > $cgroup2/../cgroup.freeze")
    const began = performance.now()
    const destroy = sandbox.start(sandbox.command("destroy", "-y", "-f", file))
    let [told, at] = ["", 0]
    destroy.stderr.on("data", (chunk) => {
      told += String(chunk)
      if (at === 0 && told.includes("warning")) at = performance.now()
    })
    const status = await new Promise((resolve) => destroy.once("close", resolve))
    const took = performance.now() - began
    assert.equal(status, 0, told)
    assert.match(told, /^warning: container\.web is frozen: it does not hear SIGTERM$/m)
    assert.match(told, /hint: .*echo 0 > .*\/stack\/cgroup\.freeze/)
    assert.not.match(told, /container\.deaf is frozen/)
    assert.ok(took - (at - began) > 2000, `told ${at - began} ms after it began, which took ${took} ms`)
    assert.equal(sandbox.processes(), [])
  },
)

const WATCHED = `
name: lab
containers:
  web: { command: [sleep, infinity], healthcheck: { test: [CMD, "true"], interval: 100ms, timeout: 200ms, retries: 2 } }
`

frozenTest("checks of a frozen container do not pile up, and it is healthy again once it is thawed", async (sandbox) => {
  const file = sandbox.file("stack.yaml", WATCHED)
  apply(sandbox, file)
  hand(sandbox, "echo 1 > $cgroup2/web/cgroup.freeze")
  const known = sandbox.processes().length
  await new Promise((resolve) => setTimeout(resolve, 2500))
  // At most one checker and its command, beside what was there.
  assert.ok(sandbox.processes().length <= known + 2, `${sandbox.processes().length} processes, ${known} before`)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const healthy = () => /\bhealthy/.test(sandbox.stack(["show", "-f", file]).stdout)
  for (let tries = 0; tries < 20 && !healthy(); tries++) spawnSync("sleep", ["0.2"])
  assert.ok(healthy(), sandbox.stack(["show", "-f", file]).stdout)
})

test.run()
