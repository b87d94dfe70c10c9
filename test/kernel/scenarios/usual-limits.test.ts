/** What a container is held to of which the file says nothing: its number of processes. */
import { writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  apply,
  expectConverged,
  expectStatus,
  groupFile,
  groupValue,
  live,
  PIDS,
  planOf,
  scenario,
  test,
  verdicts,
} from "../../support/lab.ts"

const stack = (web: string) => `name: usual\ncontainers:\n  web: { command: [sleep, infinity]${web} }\n`

scenario("a container has 1024 processes at most, unless its file says otherwise, which a plan tells", (sandbox) => {
  const wish = (web: string) => sandbox.file("stack.yaml", stack(web))
  const most = () => groupValue(sandbox, "pids", "usual/web", PIDS)
  const file = wish("")
  const created = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.not.match(created, /pids/, "what is usual is not told")
  apply(sandbox, file)
  assert.is(most(), "1024")
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "usual", "web")
  const bomb = "i=0; while [ $i -lt 1100 ]; do sleep 8 & i=$((i+1)); done; echo all"
  const { stdout, stderr } = sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", bomb])
  assert.not.match(stdout, /all/)
  assert.match(stderr, /[Cc]annot fork/)
  // By hand: drift, which is repaired in place.
  writeFileSync(groupFile(sandbox, "pids", "usual/web", PIDS), "max")
  assert.match(sandbox.stack(["plan", "-f", file]).stdout, /limits\.pids: \(not set\) -> 1024/)
  apply(sandbox, file)
  assert.is(most(), "1024")
  for (const [written, now] of [
    ["max", "max"],
    ["5000", "5000"],
    ["-1", "max"],
  ] as const) {
    wish(`, limits: { pids: ${written} }`)
    assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
    assert.match(sandbox.stack(["plan", "-f", file]).stdout, new RegExp(`limits\\.pids.*${now}.*more processes than 1024`))
    apply(sandbox, file)
    assert.is(most(), now)
    expectConverged(sandbox, file)
    assert.match(sandbox.stack(["import", "--live", "-p", "usual"]).stdout, new RegExp(`pids: ${now}`))
  }
  wish("")
  apply(sandbox, file)
  assert.is(most(), "1024")
  assert.not.match(sandbox.stack(["import", "--live", "-p", "usual"]).stdout, /pids/)
  assert.is(live(sandbox, "usual", "web").init, init)
})

test.run()
