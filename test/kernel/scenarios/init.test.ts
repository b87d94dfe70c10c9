/** `init: true`, `stop_signal` and `stop_grace_period`: what process 1 is, and how it is ended. */
import { readdirSync, readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"

const stack = (web: string) => `name: life\ncontainers:\n  web: { image: host, ${web} }\n`

const status = (pid: number) => readFileSync(`/proc/${pid}/status`, "utf8")
const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)

scenario("a process 1 of ours starts the command, passes signals on, and reaps what is left behind", async (sandbox) => {
  const script = `trap 'echo got TERM; exit 7' TERM; trap 'echo got HUP' HUP; (sleep 0.3 & exec sleep 0.1) & wait; echo orphaned; while :; do sleep 1; done`
  const file = sandbox.file("stack.yaml", stack(`init: true, command: [sh, -c, "${script}"], user: nobody, cap_drop: [ALL]`))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "life", "web")
  assert.match(status(init), /^Name:\tinit$/m)
  assert.match(status(init), /^CapBnd:\t0+$/m)
  assert.match(status(init), /^Uid:\t(?!0\b)\d+/m)
  assert.match(status(init), /^Seccomp:\t2$/m)
  assert.match(readFileSync(`/proc/${init}/cmdline`, "utf8"), /^init\0sh\0-c\0/)
  await eventually(() => childrenOf(init).length === 1)
  const [command = 0] = childrenOf(init)
  assert.match(status(command), /^NSpid:.*\t2$/m)
  assert.match(status(command), /^SigBlk:\t0+$/m)
  // Of the descriptors only these have come through; a shell keeps some of its own above.
  assert.equal(
    readdirSync(`/proc/${command}/fd`).filter((fd) => Number(fd) < 10),
    ["0", "1", "2"],
  )
  process.kill(init, "SIGHUP")
  await eventually(() => sandbox.stack(["logs", "-f", file, "web"]).stdout.includes("got HUP"))
  // An orphan becomes its child, and is one as long as nobody has asked how it ended.
  await eventually(() => sandbox.stack(["logs", "-f", file, "web"]).stdout.includes("orphaned"))
  await eventually(() => childrenOf(init).length === 1)
  process.kill(init, "SIGTERM")
  await eventually(() => live(sandbox, "life", "web").init === 0)
  const shown = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
  assert.is(shown.resources[0].state, "exited (7)")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("a command that process 1 cannot start is told as one that cannot be started without it", (sandbox) => {
  const refusal = (init: boolean) => {
    const file = sandbox.file("stack.yaml", stack(`init: ${init}, command: [no-such-program]`))
    const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    return stderr
      .replace(/init: \w+/, "")
      .replace(/\(\d+ ms\)/g, "")
      .replace(/\^+/, "^")
      .replace(/:\d+:\d+/, "")
      .replace(/ +\|/g, "|")
      .replace(/\| +/g, "| ")
  }
  const without = refusal(false)
  assert.match(without, "no-such-program")
  assert.is(refusal(true), without)
})

scenario("the stop signal of the file is sent, and the grace period is waited", async (sandbox) => {
  const script = "trap 'echo interrupted; exit 3' INT; trap 'echo terminated; exit 4' TERM; while :; do sleep 0.1; done"
  const wish = (rest: string) => sandbox.file("stack.yaml", stack(`command: [sh, -c, "${script}"], labels: { a: b }${rest}`))
  const file = wish(", stop_signal: INT")
  apply(sandbox, file)
  const { init } = live(sandbox, "life", "web")
  wish(", stop_grace_period: 1m30s")
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["update container.web"])
  assert.match(sandbox.stack(["plan", "-f", file]).stdout, /stop_signal: SIGINT -> SIGTERM\n {6}stop_grace_period: 10s -> 1m30s/)
  apply(sandbox, file)
  assert.is(live(sandbox, "life", "web").init, init)
  expectConverged(sandbox, file)
  wish(", stop_signal: SIGINT, stop_grace_period: 20")
  apply(sandbox, file)
  const log = `/run/stack/life/web/log`
  const reader = sandbox.start(["sh", "-c", `exec 3<${log}; while [ -e ${log} ]; do sleep 0.1; done; cat <&3`])
  const heard: string[] = []
  reader.stdout.on("data", (text) => heard.push(String(text)))
  const ended = new Promise((resolve) => reader.on("close", resolve))
  await eventually(() => sandbox.run(["pgrep", "-f", "exec 3<"]).status === 0)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  await ended
  assert.match(heard.join(""), "interrupted")
})

scenario("one that does not end in its grace period is killed", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`command: [sh, -c, "trap '' TERM; while :; do sleep 0.1; done"], stop_grace_period: 200ms`))
  apply(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
})

scenario("where a bound on processes has no room for a command beside its init, that is said", (sandbox) => {
  for (const [bound, field] of [
    ["limits: { pids: 1 }", "limits.pids"],
    ['user: "5", ulimits: { nproc: 0 }', "ulimits.nproc"],
  ] as const) {
    const line = `  web: { image: host, init: true, command: [sleep, infinity], ${bound} }`
    const file = sandbox.file("stack.yaml", `name: few\ncontainers:\n${line}\n`)
    const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
    assert.match(stderr, `stack.yaml:3:${line.length - 4}: error: run sleep: EAGAIN`)
    assert.match(stderr, `hint: it may have no more processes: its init is one, its command another; raise ${field}\n`)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  }
})

test.run()
