import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectNoTrace, expectStatus, inits, pings, scenario, test } from "../../support/lab.ts"
import type { Ran, Sandbox } from "../../support/sandbox.ts"
import { PATIENCE } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const COUNT = 6
const boxes = Array.from(
  { length: COUNT },
  (_, i) => `  b${i}:
    image: host
    command: [sleep, infinity]
    cgroup: tier
    limits: { memory: 64M }
    interfaces: { eth0: { bridge: lan, address: 10.20.0.${10 + i}/24 } }
`,
).join("")
const LAB = `name: lab\nbridges: { lan: { address: 10.20.0.1/24 } }\ncgroups: { tier: { limits: { pids: 500 } } }\ncontainers:\n${boxes}`

/** Sends a signal to the command when it has written its n-th line of events, or so many milliseconds after its start. */
function cutShort(sandbox: Sandbox, command: string[], signal: string, when: { line: number } | { ms: number }): Promise<Ran> {
  const child = sandbox.start(["sh", "-c", 'echo $$; exec "$@"', "sh", ...command])
  const told: { stdout: string; stderr: string; sent: boolean } = { stdout: "", stderr: "", sent: false }
  const send = () => {
    const pid = told.stdout.split("\n")[0] ?? ""
    if (!told.sent && pid !== "") sandbox.run(["kill", `-${signal}`, pid])
    told.sent = pid !== ""
  }
  child.stdout.on("data", (chunk) => {
    told.stdout += chunk
    if ("line" in when && told.stdout.split("\n").length - 2 >= when.line) send()
  })
  child.stderr.on("data", (chunk) => {
    told.stderr += chunk
  })
  if ("ms" in when) setTimeout(send, when.ms)
  return new Promise((resolve) => child.on("close", (code, by) => resolve({ ...told, status: code ?? (by === "SIGKILL" ? 137 : -1) })))
}

async function expectHealed(sandbox: Sandbox, file: string): Promise<void> {
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const running = Object.values(inits(sandbox, "lab"))
  assert.is(running.length, COUNT)
  assert.is(sandbox.ip("link", "show", "master", "lab-lan").length, COUNT)
  assert.ok(pings(Number(running[0]), `10.20.0.${10 + COUNT - 1}`))
}

/** Killed after so many lines of events: the first ones are of the plan, the last ones of the end. */
for (const line of [1, 3, 6, 9, 12, 16, 20, 25]) {
  scenario(`apply killed after ${line} events: the next one converges, and destroy leaves nothing`, async (sandbox) => {
    const empty = readTraces(sandbox)
    const file = sandbox.file("stack.yaml", LAB)
    await cutShort(sandbox, sandbox.command("apply", "-y", "--json", "-f", file), "KILL", { line })
    await expectHealed(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), empty)
  })
}

scenario("apply killed at many moments, each time on what the last one left", async (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", LAB)
  for (const ms of [120, 160, 190, 220, 250, 280, 310, 350, 400, 450]) {
    await cutShort(sandbox, sandbox.command("apply", "-y", "-f", file), "KILL", { ms: ms * PATIENCE })
  }
  await expectHealed(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("apply killed at a moment, then destroy alone: nothing is left", async (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", LAB)
  for (const ms of [180, 230, 280, 330, 400]) {
    await cutShort(sandbox, sandbox.command("apply", "-y", "-f", file), "KILL", { ms: ms * PATIENCE })
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), empty)
  }
})

scenario("destroy killed at a moment: the next one finishes it", async (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", LAB)
  for (const ms of [150, 200, 240, 280, 320]) {
    apply(sandbox, file)
    await cutShort(sandbox, sandbox.command("destroy", "-y", "-f", file), "KILL", { ms: ms * PATIENCE })
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), empty)
  }
})

for (const [signal, status] of [
  ["INT", 130],
  ["TERM", 143],
  ["HUP", 129],
] as const) {
  scenario(`SIG${signal} during apply: what runs ends, nothing new starts, what is done and left is said`, async (sandbox) => {
    const file = sandbox.file("stack.yaml", LAB)
    const ran = await cutShort(sandbox, sandbox.command("apply", "-y", "--json", "--parallelism", "1", "-f", file), signal, { line: 22 })
    expectNoTrace(ran)
    assert.is(ran.status, status, ran.stderr)
    assert.match(ran.stdout + ran.stderr, /\bdone\b/i)
    assert.match(ran.stdout + ran.stderr, /\bleft\b|not started/i)
    await expectHealed(sandbox, file)
  })
}

/** Sends a signal when the last step is told to be done, or so many milliseconds later: while the kernel is read back, or thereabouts. */
function asLastStepEnds(sandbox: Sandbox, args: string[], signal: NodeJS.Signals, ms: number): Promise<Ran> {
  const child = sandbox.start(sandbox.command("apply", "-y", ...args))
  const told = { stdout: "", stderr: "" }
  let sent = false
  child.stdout.on("data", (chunk) => {
    told.stdout += chunk
  })
  child.stderr.on("data", (chunk) => {
    told.stderr += chunk
    if (sent || told.stderr.split(": started").length <= COUNT) return
    sent = true
    const send = () => child.exitCode === null && process.kill(leaderOf(child.pid), signal)
    if (ms === 0) send()
    else setTimeout(send, ms)
  })
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...told, status: code ?? -1 })))
}

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  scenario(
    `${signal} when all steps are done: it is said how it ended, and --atomic and --confirm undo what is interrupted`,
    async (sandbox) => {
      const file = sandbox.file("stack.yaml", LAB)
      for (const [i, options] of [[], ["--atomic"], ["--confirm", "30s"], ["--atomic"], [], ["--atomic"]].entries()) {
        const ran = await asLastStepEnds(sandbox, [...options, "-f", file], signal, i)
        const there = sandbox.stack(["show", "-f", file]).stdout
        const complete = ran.stdout.includes("Apply complete!")
        if (ran.status === 0) assert.ok(complete && there.includes("container.b0"), ran.stderr)
        else {
          assert.is(ran.status, status, ran.stderr)
          assert.match(ran.stderr, options.length === 0 ? "Apply interrupted." : "Undone: all is as it was before.")
          assert.is(there.includes("container.b0"), options.length === 0)
        }
        expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
      }
    },
  )

scenario("a terminal that is lost in the midst of an apply with --confirm is silence: it is undone", async (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", LAB)
  const ran = await cutShort(sandbox, sandbox.command("apply", "-y", "--json", "--confirm", "1s", "-f", file), "HUP", { line: 22 })
  assert.is(ran.status, 1, ran.stderr)
  assert.match(ran.stderr, "it was not confirmed within 1 s")
  assert.match(ran.stderr, "Undone: all is as it was before.")
  expectSameTraces(readTraces(sandbox), empty)
})

/** Runs a command on a terminal of its own, which goes when certain words have come; says the command's exit code, or -n of signal n. */
const LOSE_TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])
said = b""
while sys.argv[1].encode() not in said: said += os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

scenario("a terminal that is gone is written to no more: the command ends as it is to end", (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", LAB)
  // While steps run and are drawn, there is no cursor.
  const onTerminal = (...options: string[]) =>
    sandbox.run(["python3", "-c", LOSE_TERMINAL, "\u001b[?25l", ...sandbox.command("apply", "-y", "-f", file, ...options)]).stdout.trim()
  assert.is(onTerminal("--confirm", "500ms"), "1")
  expectSameTraces(readTraces(sandbox), empty)
  assert.is(onTerminal("--atomic"), "129")
  expectSameTraces(readTraces(sandbox), empty)
  assert.is(onTerminal(), "129")
})

const MANY = `name: lab\ncontainers:\n  box: { image: host, command: [sleep, infinity], replicas: 25 }\n`
const MADE = "cgroup made"

/** A Ctrl-C reaches all of the terminal's foreground group: here it does so many milliseconds after the cgroups are made. */
function interruptGroup(sandbox: Sandbox, command: string[], ms: number): Promise<Ran> {
  const child = sandbox.start(["setsid", ...command])
  const told = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk) => {
    told.stdout += chunk
  })
  child.stderr.on("data", (chunk) => {
    const before = told.stderr
    told.stderr += chunk
    if (!before.includes(MADE) && told.stderr.includes(MADE)) setTimeout(() => process.kill(-leaderOf(child.pid), "SIGINT"), ms)
  })
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...told, status: code ?? -1 })))
}

/** nsenter stays behind as the parent of what it has put into the sandbox's pid namespace. */
function leaderOf(nsenter: number | undefined): number {
  return Number(readFileSync(`/proc/${nsenter}/task/${nsenter}/children`, "utf8"))
}

scenario("Ctrl-C on a terminal reaches no monitor: no step fails by it", async (sandbox) => {
  const file = sandbox.file("stack.yaml", MANY)
  for (const ms of [0, 1, 2, 4, 6, 8, 11, 14, 18, 25]) {
    const ran = await interruptGroup(sandbox, sandbox.command("apply", "-y", "-f", file), ms)
    assert.not.match(ran.stderr, /error:|failed/, `after ${ms} ms`)
    assert.ok([0, 130].includes(ran.status), ran.stderr)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  }
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

test.run()
