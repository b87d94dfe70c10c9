import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { expectConverged, expectStatus, inits, scenario, test } from "../../support/lab.ts"
import type { Ran, Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const TOGETHER = 50

/** Starts all of them at once, and waits for all. */
function atOnce(sandbox: Sandbox, commands: readonly string[][]): Promise<Ran[]> {
  return Promise.all(
    commands.map((args) => {
      const child = sandbox.start(sandbox.command(...args))
      const said = { stdout: "", stderr: "" }
      child.stdout.on("data", (chunk) => (said.stdout += chunk))
      child.stderr.on("data", (chunk) => (said.stderr += chunk))
      return new Promise<Ran>((resolve) => child.on("close", (code) => resolve({ ...said, status: code ?? -1 })))
    }),
  )
}

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

scenario("many applies of one stack at once: one after another, or told who holds it; one result", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  web: { image: host, command: [sleep, infinity], replicas: 2, limits: { memory: 64M }, interfaces: { eth0: { bridge: lan, address: auto } } }
`,
  )
  const ran = await atOnce(
    sandbox,
    times(TOGETHER, (i) => ["apply", "-y", "-f", file, "--lock-timeout", i % 2 === 0 ? "60s" : "0s"]),
  )
  for (const one of ran) {
    if (one.status === 0) continue
    assert.is(one.status, 1)
    assert.match(one.stderr, /stack lab is locked by (process \d+ \(.*\) since \d|another process)/)
  }
  assert.is(ran.filter(({ stdout }) => stdout.includes("Apply complete!")).length, 1)
  assert.is(ran.filter((one, i) => i % 2 === 0 && one.status !== 0).length, 0)
  expectConverged(sandbox, file)
  assert.is(Object.keys(inits(sandbox, "lab")).length, 2)
})

/** Of a process, as a pair of numbers: from, and up to. */
function hostIds(pid: number): [number, number] {
  const [, host = 0, count = 0] = readFileSync(`/proc/${pid}/uid_map`, "utf8").trim().split(/\s+/).map(Number)
  return [host, host + count]
}

scenario("many stacks at once: none disturbs another, and no id range is given out twice", async (sandbox) => {
  const empty = readTraces(sandbox)
  const files = times(TOGETHER / 2, (i) =>
    sandbox.file(
      `s${i}.yaml`,
      `name: s${i}
bridges: { lan: { address: 10.${i}.0.1/24 } }
containers: { box: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: auto } } } }
`,
    ),
  )
  for (const one of await atOnce(
    sandbox,
    files.map((file) => ["apply", "-y", "-f", file]),
  ))
    expectStatus(one, 0)
  const ranges = files.map((_, i) => hostIds(inits(sandbox, `s${i}`).box as number)).sort(([a], [b]) => a - b)
  for (const [i, [from]] of ranges.entries()) if (i > 0) assert.ok(from >= (ranges[i - 1]?.[1] ?? 0), `${ranges[i - 1]} ${ranges[i]}`)
  for (const one of await atOnce(
    sandbox,
    files.map((file) => ["destroy", "-y", "-f", file]),
  ))
    expectStatus(one, 0)
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("stacks that want one name on the host: one has it, the others are told whose it is", async (sandbox) => {
  const files = times(6, (i) =>
    sandbox.file(`w${i}.yaml`, `name: w${i}\nbridges: { lan: { interface: wanted0, address: 10.20.0.1/24 } }\n`),
  )
  const ran = await atOnce(
    sandbox,
    files.map((file) => ["apply", "-y", "-f", file]),
  )
  assert.is(ran.filter(({ status }) => status === 0).length, 1, ran.map(({ stderr }) => stderr).join("\n"))
  const winner = ran.findIndex(({ status }) => status === 0)
  assert.is(sandbox.ip("link", "show", "wanted0")[0].ifalias, `stack:w${winner}/bridge.lan`)
  for (const [i, file] of files.entries()) {
    if (i === winner) continue
    assert.match(sandbox.stack(["apply", "-y", "-f", file]).stderr, /wanted0/)
    assert.match(sandbox.stack(["destroy", "-y", "-f", file]).stdout, /Nothing to destroy/)
  }
  expectConverged(sandbox, files[winner] as string)
})

test.run()
