/** What is left after a reboot: the disk. Processes, namespaces, cgroups and /run are gone. */
import { existsSync } from "node:fs"
import * as assert from "uvu/assert"
import { removeGroup } from "../../support/cgroups.ts"
import { apply, expectConverged, expectStatus, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const box = (name: string) => `  ${name}: { image: host, command: [sleep, infinity] }\n`
const BOTH = `name: lab\ncontainers:\n${box("web")}${box("db")}`
const WEB = `name: lab\ncontainers:\n${box("web")}`

async function reboot(sandbox: Sandbox): Promise<void> {
  for (const pid of sandbox.processes()) process.kill(pid, "SIGKILL")
  for (const { folder } of sandbox.groups) if (existsSync(`${folder}/stack`)) await removeGroup(`${folder}/stack`)
  sandbox.run(["rm", "-r", "/run/stack"])
}

scenario("after a reboot destroy removes the writable layers, and show tells of them", async (sandbox) => {
  const empty = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", BOTH)
  apply(sandbox, file)
  await reboot(sandbox)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /^container\.web +gone/m)
  const ran = expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.match(ran.stdout, "Resources: 2 destroyed")
  expectSameTraces(readTraces(sandbox), empty)
})

scenario("after a reboot apply makes each container anew, and what the file no longer has goes with its layer", async (sandbox) => {
  const file = sandbox.file("stack.yaml", BOTH)
  apply(sandbox, file)
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "touch", "/root/old"]), 0)
  await reboot(sandbox)
  sandbox.file("stack.yaml", WEB)
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create container.web", "delete container.db"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(sandbox.stack(["exec", "-f", file, "web", "--", "ls", "/root"]).stdout, "")
  assert.is(sandbox.run(["ls", "/var/lib/stack/containers/lab"]).stdout, "web\n")
})

test.run()
