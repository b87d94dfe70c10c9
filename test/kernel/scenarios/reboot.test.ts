/**
 * What is left after a reboot: the disk, and /run where a host keeps it. Processes, namespaces, links and cgroups are gone, and the
 * kernel has another boot id.
 */
import { existsSync } from "node:fs"
import * as assert from "uvu/assert"
import { removeGroup } from "../../support/cgroups.ts"
import { apply, expectConverged, expectStatus, inits, planOf, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const box = (name: string) => `  ${name}: { image: host, command: [sleep, infinity] }\n`
const BOTH = `name: lab\ncontainers:\n${box("web")}${box("db")}`
const WEB = `name: lab\ncontainers:\n${box("web")}`
const BOOT_ID = "/proc/sys/kernel/random/boot_id"

/** Kills all of one stack, or of all, and takes away what goes with the kernel. */
async function powerCut(sandbox: Sandbox, stack = ""): Promise<void> {
  const doomed = sandbox.processes().filter((pid) => stack === "" || titleOf(pid).startsWith(`stack-monitor ${stack} `))
  // Children with their monitors: a monitor's death is its container's, too.
  for (const pid of doomed) process.kill(pid, "SIGKILL")
  for (const { ifname, ifalias = "" } of sandbox.ip("link") as { ifname: string; ifalias?: string }[])
    if (ifalias.startsWith(`stack:${stack}`)) sandbox.run(["ip", "link", "del", ifname])
  const below = stack === "" ? "stack" : `stack/${stack}`
  for (const { folder } of sandbox.groups) if (existsSync(`${folder}/${below}`)) await removeGroup(`${folder}/${below}`)
}

/**
 * What was written is of an earlier boot: a boot id mounted over the kernel's would say the same, but under a mount in /proc no
 * container may mount a proc of its own.
 */
function earlierBoot(sandbox: Sandbox): void {
  const edit = `sed -i 's/"boot":"[^"]*"/"boot":"11111111-2222-4333-8444-555555555555"/' /run/stack/*/*/spec.json`
  expectStatus(sandbox.run(["bash", "-c", edit]), 0)
}

async function reboot(sandbox: Sandbox, run: "kept" | "gone" = "gone"): Promise<void> {
  await powerCut(sandbox)
  earlierBoot(sandbox)
  if (run === "gone") sandbox.run(["rm", "-r", "/run/stack"])
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

const WIRED = `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
cgroups: { tier: { limits: { pids: 100 } } }
containers:
  web: { command: [sleep, infinity], cgroup: tier, limits: { memory: 64M }, interfaces: { eth0: { bridge: lan, address: auto } } }
  db: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: auto } } }
`

for (const run of ["kept", "gone"] as const) {
  scenario(`a reboot with /run ${run}: the plan says so, apply rebuilds all, destroy leaves nothing`, async (sandbox) => {
    const empty = readTraces(sandbox)
    const file = sandbox.file("stack.yaml", WIRED)
    apply(sandbox, file)
    await reboot(sandbox, run)
    const planned = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
    assert.match(planned.stdout, /container\.web .*the machine was booted since it was made/)
    assert.match(planned.stdout, /container\.db .*the machine was booted since it was made/)
    assert.match(planned.stdout, /\+ bridge\.lan/)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(Object.keys(inits(sandbox, "lab")), ["db", "web"])
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), empty)
  })

  scenario(`a reboot with /run ${run}: destroy alone leaves nothing`, async (sandbox) => {
    const empty = readTraces(sandbox)
    const file = sandbox.file("stack.yaml", WIRED)
    apply(sandbox, file)
    await reboot(sandbox, run)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), empty)
  })
}

scenario(
  "stale records of one stack beside another that lives: that one is not touched, and no ids are given out twice",
  async (sandbox) => {
    const file = sandbox.file("stack.yaml", WIRED)
    const other = sandbox.file("other.yaml", WIRED.replaceAll("lab", "other").replaceAll("10.20.", "10.21."))
    apply(sandbox, file)
    await reboot(sandbox, "kept")
    apply(sandbox, other)
    const alive = inits(sandbox, "other")
    apply(sandbox, file)
    for (const one of [file, other]) expectConverged(sandbox, one)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(inits(sandbox, "other"), alive)
    expectConverged(sandbox, other)
  },
)

scenario("all of a stack gone but its run folder, in the same boot: its monitors are missed, and it is rebuilt", async (sandbox) => {
  const file = sandbox.file("stack.yaml", WIRED)
  apply(sandbox, file)
  await powerCut(sandbox, "lab")
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /container\.web .*its monitor is gone/)
  // The kernel's own word for it, where nothing is started.
  const id = sandbox.file("boot_id", "11111111-2222-4333-8444-555555555555\n")
  expectStatus(sandbox.run(["mount", "--bind", id, BOOT_ID]), 0)
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /container\.web .*the machine was booted since it was made/)
  sandbox.run(["umount", BOOT_ID])
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

test.run()
