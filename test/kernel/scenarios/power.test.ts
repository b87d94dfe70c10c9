/** What the root of a container may do, and what bounds a process: told by /proc, set and changed with util-linux. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { probeCommand, refusals } from "../../support/seccomp-probes.ts"
import { hasCapability } from "../../support/skip.ts"

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

const PROBED = "[sh, -c, 'sleep infinity']"

scenario(
  "the filter holds for the command and for one that is entered later; another one replaces the container",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", `name: power\ncontainers:\n  web: { image: host, command: ${PROBED} }\n`)
    apply(sandbox, file)
    const probed = () => JSON.parse(expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", ...probeCommand()]), 0).stdout)
    assert.is(statusLine(sandbox, "Seccomp"), "2")
    assert.is(statusLine(sandbox, "NoNewPrivs"), "1")
    assert.equal(probed(), refusals())

    sandbox.file(
      "stack.yaml",
      `name: power\ncontainers:\n  web: { image: host, command: ${PROBED}, security_opt: [seccomp=unconfined, "no-new-privileges:false"] }\n`,
    )
    const plan = planOf(sandbox, file)
    assert.equal(plan.changes[0]?.forces_replacement, ["no_new_privileges", "seccomp"])
    apply(sandbox, file)
    assert.is(statusLine(sandbox, "Seccomp"), "0")
    assert.is(statusLine(sandbox, "NoNewPrivs"), "0")
    for (const [name, refusal] of Object.entries(refusals())) assert.is.not(probed()[name], refusal, name)
    expectConverged(sandbox, file)
  },
  ["python3"],
)

scenario("a profile in a file: what it holds, not what it is called, is what counts", (sandbox) => {
  const profile = (errno: number, more: object[] = []) =>
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: errno }, ...more],
    })
  const file = sandbox.file("stack.yaml", stack(", security_opt: [seccomp=./profile.json]"))
  sandbox.file("profile.json", profile(95))
  apply(sandbox, file)
  const mkdir = () => sandbox.stack(["exec", "-f", file, "web", "--", "mkdir", "/tmp/x"]).stderr
  assert.match(mkdir(), "Operation not supported")
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "power", "web")

  // Written otherwise it is the same one.
  sandbox.file("profile.json", `\n${profile(95)}\n`)
  expectConverged(sandbox, file)
  // A kept plan has the profile itself: that the file is another one by then is no matter.
  sandbox.file("profile.json", profile(28))
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
  sandbox.file("profile.json", "{")
  expectStatus(sandbox.stack(["apply", "kept"]), 0)
  sandbox.file("profile.json", profile(28))
  assert.is.not(live(sandbox, "power", "web").init, init)
  assert.match(mkdir(), "No space left on device")
  expectConverged(sandbox, file)

  // One that does not let the command begin is an error that says so, and leaves nothing half-made that the next apply cannot mend.
  sandbox.file("profile.json", JSON.stringify({ defaultAction: "SCMP_ACT_KILL_PROCESS" }))
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, "was killed by its seccomp profile, which does not let it start")
  sandbox.file("profile.json", profile(28))
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

scenario(
  "ulimits and oom_score_adj: set, entered with, changed by the file and by hand, and repaired in place",
  (sandbox) => {
    const wish = (rest: string) =>
      stack(`, command: [sh, -c, 'sleep infinity & exec sleep infinity']${rest}`).replace("command: [sleep, infinity], ", "")
    const file = sandbox.file("stack.yaml", wish(", ulimits: { nofile: { soft: 100, hard: 200 }, nproc: 500 }, oom_score_adj: 100"))
    apply(sandbox, file)
    const { init } = live(sandbox, "power", "web")
    const limit = (pid: number, name: string) =>
      execFileSync("prlimit", ["--pid", String(pid), `--${name}`, "--noheadings", "--raw", "-o", "SOFT,HARD"], { encoding: "utf8" }).trim()
    const score = (pid: number) => readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim()
    const child = Number(readFileSync(`/proc/${init}/task/${init}/children`, "utf8").trim())
    const all = (pid: number) => [limit(pid, "nofile"), limit(pid, "nproc"), limit(pid, "core"), score(pid)]
    assert.equal(all(init), ["100 200", "500 500", "0 0", "100"])
    const entered = expectStatus(
      sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", "ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj"]),
      0,
    )
    assert.is(entered.stdout, "100\n200\n0\n100\n")
    expectConverged(sandbox, file)

    // Back to what the monitor has kept from who made it; only a holder of CAP_SYS_RESOURCE may raise a hard limit.
    const mayRaise = hasCapability(24)
    sandbox.file("stack.yaml", wish(`, ulimits: { nofile: 150${mayRaise ? "" : ", nproc: 500"} }, oom_score_adj: 200`))
    const nproc = mayRaise ? limit(live(sandbox, "power", "web").monitor, "nproc") : "500 500"
    assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
    apply(sandbox, file)
    assert.is(live(sandbox, "power", "web").init, init)
    for (const pid of [init, child]) assert.equal(all(pid), ["150 150", nproc, "0 0", "200"])
    expectConverged(sandbox, file)

    // What one of its processes has set for itself stays its own.
    execFileSync("prlimit", ["--pid", String(child), "--nofile=50:"])
    writeFileSync(`/proc/${child}/oom_score_adj`, "900")
    execFileSync("prlimit", ["--pid", String(init), "--nofile=60:"])
    writeFileSync(`/proc/${init}/oom_score_adj`, "300")
    assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
    apply(sandbox, file)
    assert.is(live(sandbox, "power", "web").init, init)
    assert.equal([limit(init, "nofile"), score(init), limit(child, "nofile"), score(child)], ["150 150", "200", "50 150", "900"])
    expectConverged(sandbox, file)
  },
  ["prlimit"],
)

scenario("what is relaxed stands in the plan by itself, as long as it is so, for people and for programs", (sandbox) => {
  const relaxed =
    ", cap_add: [NET_ADMIN], security_opt: [seccomp=unconfined, no-new-privileges=false], namespaces: { uts: host }, ulimits: { core: unlimited }"
  const file = sandbox.file("stack.yaml", stack(relaxed))
  const lines = (text: string) => text.split("\n").filter((line) => line.startsWith("  ! "))
  const told = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.match(told, "Isolation is relaxed:")
  assert.is(lines(told).length, 5, told)
  for (const words of [
    "namespaces.uts: host",
    "cap_add: NET_ADMIN",
    "seccomp=unconfined",
    "no-new-privileges=false",
    "ulimits.core: unlimited",
  ])
    assert.match(told, words)
  const json = planOf(sandbox, file) as unknown as { relaxations: { address: string; option: string; value: string }[] }
  assert.equal(
    json.relaxations.map(({ address, option, value }) => `${address} ${option} ${value}`),
    [
      "namespaces.uts host",
      "cap_add NET_ADMIN",
      "security_opt seccomp=unconfined",
      "security_opt no-new-privileges=false",
      "ulimits.core unlimited",
    ].map((words) => `container.web ${words}`),
  )
  assert.is(lines(apply(sandbox, file).stdout).length, 5)
  const again = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  assert.is(lines(again).length, 5)
  assert.match(again, "No changes.")
  sandbox.file("stack.yaml", stack(""))
  assert.not.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "relaxed")
})

test.run()
