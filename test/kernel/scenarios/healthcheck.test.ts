/** `healthcheck` and the conditions of `depends_on`: what is run, when, what comes of it, and who waits for it. */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const SHORT = "interval: 100ms, timeout: 2s"

function stack(web: string, more = ""): string {
  return `name: health\ncontainers:\n  web: { ${web.includes("command:") ? "" : "command: [sleep, infinity], "}${web} }\n${more}`
}

interface Health {
  status: string
  failing_streak: number
  ended?: string
  output: string
}

function healthOf(sandbox: Sandbox, file: string, name = "web"): Health | null {
  const shown = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
  return shown.resources.find((one: { name: string }) => one.name === name).attributes.health
}

/** Of /proc/self/status what tells how a process is held. */
const HELD = "Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|SigBlk|SigIgn"

scenario("a check is run in the container just as `exec` is, and what it says is shown", async (sandbox) => {
  const words = `grep -E '^(${HELD}):' /proc/self/status; readlink /proc/self/ns/*; hostname; pwd; echo $WORD; ls /proc/self/fd; cat /proc/self/cgroup; ulimit -a`
  const file = sandbox.file(
    "stack.yaml",
    stack(
      `user: "1000:1000", group_add: [44], environment: { WORD: hello }, working_dir: /usr, ulimits: { nofile: 99 }, cap_drop: [CHOWN], healthcheck: { test: ${JSON.stringify(`${words}; readlink /proc/self/fd/0`)}, ${SHORT} }`,
    ),
  )
  apply(sandbox, file)
  await eventually(() => healthOf(sandbox, file)?.status === "healthy")
  const { output, ended } = healthOf(sandbox, file) as Health
  assert.is(ended, "exit 0")
  const inside = sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", words]).stdout
  assert.is(output, `${inside}/dev/null\n`)
  assert.match(inside, /^Seccomp:\t2$/m)
  expectConverged(sandbox, file)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /container\.web +running +pid \d+ {2}up \d+s {2}healthy/)
})

scenario("failures one after the other make it unhealthy, a success healthy again; no plan speaks of it", async (sandbox) => {
  const check = `test: "test -e /tmp/well || { echo not well; echo at all >&2; exit 3; }", ${SHORT}, retries: 2`
  const file = sandbox.file("stack.yaml", stack(`healthcheck: { ${check} }`))
  apply(sandbox, file)
  await eventually(() => healthOf(sandbox, file)?.status === "unhealthy")
  const sick = healthOf(sandbox, file) as Health
  assert.equal([sick.ended, sick.output, sick.failing_streak >= 2], ["exit 3", "not well\nat all\n", true])
  assert.match(sandbox.stack(["show", "-f", file]).stdout, /unhealthy \(\d+ failures, exit 3\)/)
  expectConverged(sandbox, file)
  const told = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0).stderr
  assert.match(told, /warning: container\.web is unhealthy\n(.*\n)*.*its last check: exit 3, and it has printed:\s+not well/)
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "touch", "/tmp/well"]), 0)
  await eventually(() => healthOf(sandbox, file)?.status === "healthy")
  assert.is(healthOf(sandbox, file)?.failing_streak, 0)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
})

scenario(
  "a check that takes too long is killed with what it has started; one that cannot be run says why; much output is cut",
  async (sandbox) => {
    const wish = (test: string, timeout = "5s") =>
      sandbox.file("stack.yaml", stack(`healthcheck: { test: ${test}, interval: 50ms, timeout: ${timeout}, retries: 1 }`))
    const file = wish(`"echo begun; sleep 7777 & sleep 7777; echo never"`, "300ms")
    apply(sandbox, file)
    const { init, monitor } = live(sandbox, "health", "web")
    await eventually(() => healthOf(sandbox, file)?.ended === "timeout")
    assert.is(healthOf(sandbox, file)?.output, "begun\n")
    // Two checks never run at once: what is there of them belongs to the last one.
    const sleeps = () => sandbox.processes().filter((pid) => titleOf(pid) === "sleep 7777").length
    assert.ok(sleeps() <= 2, "what a check has started is killed with it")
    const became = async (test: string, ended: string, output: RegExp) => {
      wish(test)
      assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
      apply(sandbox, file)
      await eventually(() => healthOf(sandbox, file)?.ended === ended)
      assert.match((healthOf(sandbox, file) as Health).output, output)
      assert.equal(live(sandbox, "health", "web"), { init, monitor })
    }
    await became("[CMD, no-such-program]", "broken", /no-such-program: not found in the container/)
    await became(`[CMD-SHELL, "yes | head -c 100000"]`, "exit 0", /^(y\n){2048}$/)
    await became(`[CMD, sh, -c, "kill -9 $$$$"]`, "signal 9", /^$/)
    await eventually(() => sleeps() === 0)
  },
)

scenario("failures of the start period do not count, and its interval is its own", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(`healthcheck: { test: [CMD, "false"], interval: 50ms, retries: 1, start_period: 6s, start_interval: 100ms }`),
  )
  apply(sandbox, file)
  await eventually(() => healthOf(sandbox, file)?.ended === "exit 1")
  assert.equal([healthOf(sandbox, file)?.status, healthOf(sandbox, file)?.failing_streak], ["starting", 0])
  await eventually(() => healthOf(sandbox, file)?.status === "unhealthy")
})

scenario(
  "a healthcheck is changed and taken out in place; one that a container never had makes it anew, its links kept",
  async (sandbox) => {
    const wish = (more: string) => sandbox.file("stack.yaml", stack(`labels: { a: b }${more}`))
    const file = wish("")
    apply(sandbox, file)
    assert.is(healthOf(sandbox, file), null)
    const before = live(sandbox, "health", "web")
    wish(`, healthcheck: { test: [CMD, "true"], interval: 1h }`)
    assert.match(sandbox.stack(["plan", "-f", file]).stdout, /healthcheck\.watched: .*# forces replacement/)
    apply(sandbox, file)
    const after = live(sandbox, "health", "web")
    assert.is.not(after.init, before.init)
    assert.is(healthOf(sandbox, file)?.status, "starting")
    // The interval that it waits in is not waited for.
    wish(`, healthcheck: { test: [CMD, "true"], interval: 100ms }`)
    assert.match(sandbox.stack(["plan", "-f", file]).stdout, /healthcheck\.interval: 1h -> 100ms/)
    apply(sandbox, file)
    await eventually(() => healthOf(sandbox, file)?.status === "healthy")
    wish("")
    apply(sandbox, file)
    await eventually(() => healthOf(sandbox, file) === null)
    assert.equal(live(sandbox, "health", "web"), after)
    expectConverged(sandbox, file)
  },
)

scenario("without its file in the run folder no check can be run: that is drift, and repaired in place", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`healthcheck: { test: [CMD, "true"], ${SHORT} }`))
  apply(sandbox, file)
  await eventually(() => healthOf(sandbox, file)?.status === "healthy")
  const before = live(sandbox, "health", "web")
  for (const hand of ["rm check", "echo anything > check"]) {
    expectStatus(sandbox.run(["sh", "-ec", `cd /run/stack/health/web; ${hand}`]), 0)
    await eventually(() => healthOf(sandbox, file)?.ended === "broken")
    assert.match(
      sandbox.stack(["plan", "-f", file]).stdout,
      /~ container\.web {2}# changed outside.*\n +healthcheck\.test: \[NONE\] -> \[CMD, "?true"?\]\n/,
    )
    apply(sandbox, file)
    expectConverged(sandbox, file)
    await eventually(() => healthOf(sandbox, file)?.status === "healthy")
  }
  assert.equal(live(sandbox, "health", "web"), before)
})

scenario("who depends on health waits for it, and hears why it does not come", async (sandbox) => {
  const web = (check: string) =>
    stack(
      `command: [sh, -c, "sleep 1; touch /tmp/ready; exec sleep infinity"], healthcheck: { test: ${check}, ${SHORT}, retries: 30 }`,
      `  next: { command: [sleep, infinity], depends_on: { web: { condition: service_healthy } } }\n`,
    )
  const file = sandbox.file("stack.yaml", web(`"test -e /tmp/ready"`))
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
  assert.ok(stderr.indexOf("container.next: waited for") < stderr.indexOf("container.next: started"), stderr)
  assert.is(healthOf(sandbox, file)?.status, "healthy")
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  sandbox.file("stack.yaml", web(`"echo out of order; exit 1"`).replace("retries: 30", "retries: 2"))
  const failed = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(failed.stderr, /container\.web is unhealthy/)
  assert.match(failed.stderr, /its last check: exit 1, and it has printed:\s+out of order/)
  assert.match(failed.stderr, /stack logs web/)
  // Put right in the file, in place: the next apply goes on from there.
  const { init } = live(sandbox, "health", "web")
  sandbox.file("stack.yaml", web(`"true"`))
  apply(sandbox, file)
  assert.is(live(sandbox, "health", "web").init, init)
  expectConverged(sandbox, file)
})

scenario("who depends on the end of a command waits for it, and for no other end than a good one", (sandbox) => {
  const wish = (script: string) =>
    sandbox.file(
      "stack.yaml",
      `name: health\ncontainers:\n  job: { command: [sh, -c, "${script}"] }\n  web: { command: [sleep, infinity], depends_on: { job: { condition: service_completed_successfully } } }\n`,
    )
  const file = wish("sleep 0.5; exit 4")
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(stderr, /stack\.yaml:4:57: error: container\.job has not completed successfully/)
  assert.match(stderr, /exit 4/)
  wish("sleep 0.5; exit 0")
  apply(sandbox, file)
  const shown = JSON.parse(sandbox.stack(["show", "--json", "-f", file]).stdout)
  assert.equal(
    shown.resources.map((one: { state: string }) => one.state),
    ["completed", "running"],
  )
  expectConverged(sandbox, file)
})

scenario("who is interrupted while waiting says so, and the next apply goes on", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(
      `healthcheck: { test: "test -e /tmp/ready", ${SHORT}, retries: 1000 }`,
      `  next: { command: [sleep, infinity], depends_on: { web: { condition: service_healthy } } }\n`,
    ),
  )
  const running = sandbox.start(sandbox.command("apply", "-y", "-f", file))
  let said = ""
  running.stderr.on("data", (bytes) => (said += bytes))
  await eventually(() => said.includes("container.web: started"))
  const command = sandbox
    .processes()
    .find((pid) => titleOf(pid).startsWith(`${process.execPath} `) && titleOf(pid).includes("stack.js apply"))
  process.kill(command as number, "SIGINT")
  const code = await new Promise((resolve) => running.once("exit", resolve))
  assert.is(code, 130)
  assert.match(said, /interrupted while waiting for container\.web/)
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "touch", "/tmp/ready"]), 0)
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

scenario("a monitor's memory stays small however often it checks; a container without a check has no file of it", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(`healthcheck: { test: "yes | head -c 50000", interval: 20ms }`, "  plain: { command: [sleep, infinity] }\n"),
  )
  apply(sandbox, file)
  await eventually(() => healthOf(sandbox, file)?.status === "healthy")
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const of = (name: string) => {
    const rollup = readFileSync(`/proc/${live(sandbox, "health", name).monitor}/smaps_rollup`, "utf8")
    return Number(/^Private_Dirty: +(\d+)/m.exec(rollup)?.[1])
  }
  assert.ok(of("web") <= 20, `${of("web")} KiB`)
  assert.ok(of("plain") <= 20, `${of("plain")} KiB`)
  const files = (name: string) =>
    sandbox
      .run(["ls", "-A", `/run/stack/health/${name}`])
      .stdout.split("\n")
      .filter(Boolean)
  assert.equal(
    files("plain").filter((one) => one.includes("health") || one.includes("check")),
    [],
  )
})

test.run()
