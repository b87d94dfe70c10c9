/** Every example and every lab that is shipped is applied, found to be as wanted, and taken away again. */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { expectStatus, inside, live, pings, scenario, test } from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const FILES = [
  ...readdirSync(`${ROOT}examples`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `examples/${file}`),
  ...readdirSync(`${ROOT}stacks`).map((folder) => `stacks/${folder}/stack.yaml`),
]
/** Their root filesystems are for the reader to make. */
const UNFINISHED = ["examples/rootfs.yaml", "examples/system.yaml"]

for (const file of FILES.filter((f) => !UNFINISHED.includes(f))) {
  scenario(file, (sandbox) => {
    const before = readTraces(sandbox)
    const path = `${ROOT}${file}`
    expectStatus(sandbox.stack(["apply", "-y", "-f", path]), 0)
    expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", path]), 0)
    expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", path]), 0)
    expectSameTraces(readTraces(sandbox), before)
  })
}

scenario("the router's hosts reach each other", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}examples/router.yaml`]), 0)
  assert.ok(pings(live(sandbox, "router", "a").init, "10.79.2.2"))
})

scenario("the containers of the hello stack ping each other by themselves", async (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}stacks/hello/stack.yaml`]), 0)
  const { init } = live(sandbox, "hello", "alice")
  assert.ok(pings(init, "10.77.0.3"))
  assert.is(inside(init, "-u", "hostname").stdout.trim(), "alice")
  const heard = () => ["alice", "bob"].every((name) => / bytes from /.test(sandbox.stack(["logs", "-p", "hello", name]).stdout))
  for (let tries = 0; tries < 20 && !heard(); tries++) await new Promise((resolve) => setTimeout(resolve, 500))
  assert.ok(heard(), sandbox.stack(["logs", "-p", "hello", "alice"]).stdout)
})

test.run()
