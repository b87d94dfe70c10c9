import { writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import {
  apply,
  expectConverged,
  expectStatus,
  groupFile,
  groupValue,
  inits,
  MEMORY,
  PIDS,
  pings,
  scenario,
  test,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

/**
 * Every command that a stack meets, one after another on one of them: what is run where there is little time (test/vm/short).
 * The other scenarios look at the same things one by one.
 */
const lab = (limits: string) => `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
cgroups: { tier: { limits: { memory: 256M } } }
containers:
  web:
    image: host
    command: [sleep, infinity]
    cgroup: tier
    limits: { ${limits} }
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } }
  db:
    image: host
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24 } }
`
/** Limits that cgroup v1 has none of, or not in the same numbers, and the files that they are in. */
const ON_V2 = ", memory_high: 48M, memory_low: 8M, cpu_weight: 50, unified: { cgroup.max.depth: 7 }"
const FILES_ON_V2 = { "memory.high": `${48 << 20}`, "memory.low": `${8 << 20}`, "cpu.weight": "50", "cgroup.max.depth": "7" }
const WEB = "lab/tier/web"
/** The last of these is one too many. */
const MORE_THAN_20 = "for i in $(seq 20); do sleep 1 & done"

scenario("up, seen, entered, limited, changed by hand and by the file, and gone", (sandbox) => {
  const unified = sandbox.groups.every((group) => group.version === 2)
  const text = (memory: number) => lab(`memory: ${memory}M, cpus: 0.5, pids: 20${unified ? ON_V2 : ""}`)
  const file = sandbox.file("stack.yaml", text(64))
  const empty = readTraces(sandbox)
  assert.match(apply(sandbox, file).stdout, "Resources: 7 added, 0 changed, 0 destroyed.")
  const first = inits(sandbox, "lab")
  assert.ok(pings(Number(first.web), "10.20.0.3"), "web reaches db")
  const shown = expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
  assert.match(shown, /^container\.web +running .*10\.20\.0\.2\/24 .*memory 64M .*cpus 0\.5 .*pids 20/m)
  expectLimits(sandbox, 64, unified)
  const crowd = sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", MORE_THAN_20])
  assert.match(crowd.stderr, "Cannot fork", "what is run in a container is under its limits")

  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])
  writeFileSync(groupFile(sandbox, "pids", WEB, PIDS), "77")
  writeFileSync(file, text(80))
  const changed = expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", file]), 2).stdout
  for (const line of ["mtu: 1400 -> 1500", "limits.pids: 77 -> 20", "limits.memory: 64M -> 80M"]) assert.match(changed, line)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  expectLimits(sandbox, 80, unified)
  assert.is(sandbox.ip("link", "show", "lab-lan")[0].mtu, 1500)
  assert.equal(inits(sandbox, "lab"), first, "the same processes")

  assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0).stdout, "7 destroyed.")
  expectSameTraces(readTraces(sandbox), empty)
})

function expectLimits(sandbox: Sandbox, memory: number, unified: boolean): void {
  assert.is(groupValue(sandbox, "memory", "lab/tier", MEMORY), `${256 << 20}`)
  assert.is(groupValue(sandbox, "memory", WEB, MEMORY), `${memory << 20}`)
  assert.is(groupValue(sandbox, "pids", WEB, PIDS), "20")
  assert.is(groupValue(sandbox, "cpu", WEB, { v1: "cpu.cfs_quota_us", v2: "cpu.max" }), unified ? "50000 100000" : "50000")
  if (!unified) return
  for (const [name, value] of Object.entries(FILES_ON_V2)) {
    assert.is(groupValue(sandbox, "cgroup", WEB, { v1: name, v2: name }), value, name)
  }
}

test.run()
