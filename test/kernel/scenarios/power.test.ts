/** What the root of a container may do, and what bounds a process: told by /proc, set and changed with util-linux. */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const stack = (rest: string) => `
name: power
containers:
  web: { image: host, command: [sleep, infinity]${rest} }
`

/** A line of /proc/PID/status of a container's first process. */
function statusLine(sandbox: Sandbox, key: string): string {
  const text = readFileSync(`/proc/${live(sandbox, "power", "web").init}/status`, "utf8")
  return new RegExp(`^${key}:\\s*(\\S+)$`, "m").exec(text)?.[1] ?? ""
}

/** In the order of <linux/capability.h>: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, setfcap. */
const USUAL = 0x800405fbn
const NET_ADMIN = 1n << 12n

function mask(sandbox: Sandbox, key: string): bigint {
  return BigInt(`0x${statusLine(sandbox, key)}`)
}

scenario("cap_add and cap_drop are what the command's root has, and a command entered later; another wish replaces it", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(""))
  apply(sandbox, file)
  for (const key of ["CapBnd", "CapPrm", "CapEff"]) assert.is(mask(sandbox, key), USUAL, key)
  const exec = (...command: string[]) => sandbox.stack(["exec", "-f", file, "web", "--", ...command])
  const addLink = ["ip", "link", "add", "dummy0", "type", "bridge"]
  assert.is.not(exec(...addLink).status, 0)
  const { init } = live(sandbox, "power", "web")

  sandbox.file("stack.yaml", stack(", cap_add: [NET_ADMIN], cap_drop: [CAP_CHOWN]"))
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["delete+create container.web"])
  assert.equal(plan.changes[0]?.forces_replacement, ["capabilities"])
  apply(sandbox, file)
  assert.is.not(live(sandbox, "power", "web").init, init)
  for (const key of ["CapBnd", "CapPrm", "CapEff"]) assert.is(mask(sandbox, key), (USUAL & ~1n) | NET_ADMIN, key)
  for (const key of ["CapInh", "CapAmb"]) assert.is(mask(sandbox, key), 0n, key)
  expectConverged(sandbox, file)
  expectStatus(exec(...addLink), 0)
  assert.match(expectStatus(exec("grep", "CapEff", "/proc/self/status"), 0).stdout, statusLine(sandbox, "CapEff"))

  sandbox.file("stack.yaml", stack(", cap_drop: [ALL]"))
  apply(sandbox, file)
  assert.is(mask(sandbox, "CapBnd"), 0n)
  expectConverged(sandbox, file)
})

scenario(
  "a capability that a command has put away itself is no drift",
  (sandbox) => {
    const command = "[setpriv, --bounding-set=-all, --inh-caps=-all, sleep, infinity]"
    const file = sandbox.file("stack.yaml", `name: power\ncontainers:\n  web: { image: host, command: ${command} }\n`)
    apply(sandbox, file)
    assert.is(mask(sandbox, "CapBnd"), 0n)
    expectConverged(sandbox, file)
  },
  ["setpriv"],
)

test.run()
