/** A container whose first process somebody has stopped: kill -STOP, as a debugger or a shell does it. */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `name: lab
containers:
  web: { init: false, command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"], stop_grace_period: 50s }
  other: { command: [sleep, infinity] }
`

/** The letter of /proc/PID/stat. proc_pid_stat(5) */
function stateOf(pid: number): string | undefined {
  return /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]
}

async function stopped(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP")
  await eventually(() => stateOf(pid) === "T", `${pid} is stopped`)
}

function shown(sandbox: Sandbox, file: string): unknown {
  const { resources } = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
  return resources.find(({ address }: { address: string }) => address === "container.web").state
}

scenario("it is shown as stopped, is drift, and goes on after the next apply", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  await stopped(init)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /^container\.web +stopped +pid /m)
  assert.is(shown(sandbox, file), "stopped")
  assert.is(expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "echo", "hello"]), 0).stdout, "hello\n")
  const text = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(text, /^ {2}~ container\.web {2}# changed outside the stack file\n {6}stopped: true -> false\n\nPlan: 0 to add, 1 to change/)
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0).stderr, /^container\.web: signalled/m)
  expectConverged(sandbox, file)
  assert.is(live(sandbox, "lab", "web").init, init)
  assert.is.not(stateOf(init), "T")
  assert.is(shown(sandbox, file), "running")
})

scenario("an apply that is undone leaves it stopped; one that replaces it, and a destroy, do not wait for it", async (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { init } = live(sandbox, "lab", "web")
  await stopped(init)
  const failing = sandbox.file("failing.yaml", `${LAB}  bad: { command: [/no/such/command], depends_on: [web, other] }\n`)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", failing]), 1)
  assert.match(ran.stderr, /^container\.web: signalled[\s\S]*Undone: all is as it was before\./m)
  assert.is(stateOf(init), "T")
  assert.equal(
    (planOf(sandbox, file).drift as { address: string }[]).map(({ address }) => address),
    ["container.web"],
  )
  const began = performance.now()
  apply(sandbox, sandbox.file("other.yaml", LAB.replace("exit 0", "exit 1")))
  await stopped(live(sandbox, "lab", "web").init)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.ok(performance.now() - began < 40_000)
})

test.run()
