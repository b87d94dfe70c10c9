/** `restart`: a command that has ended is started again by its monitor, and nothing that a plan speaks of has changed. */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inside, live, planOf, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const SLEEP = "command: [sleep, infinity]"

function stack(web: string, more = ""): string {
  return `name: again\n${more}containers:\n  web: { ${web} }\n`
}

interface Shown {
  state: string
  attributes: {
    pid: number | null
    exit_code: number | null
    restarts: { count: number; last?: string; pause?: number } | null
    restart: string
  }
}

function shown(sandbox: Sandbox, file: string): Shown {
  const all = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout)
  return all.resources.find((one: { name: string }) => one.name === "web")
}

const web = (sandbox: Sandbox) => live(sandbox, "again", "web")

/** Ends its first process, and waits for the next one to run. */
async function killed(sandbox: Sandbox, before = web(sandbox).init): Promise<number> {
  process.kill(before, "SIGKILL")
  const isCommand = (pid: number) => pid !== 0 && pid !== before && !titleOf(pid).startsWith("stack-monitor") && titleOf(pid) !== ""
  await eventually(() => isCommand(web(sandbox).init))
  return web(sandbox).init
}

function expectNothingLeft(sandbox: Sandbox, file: string): void {
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
}

scenario("a command that is killed is there again, with all that its container has, and the plan is empty", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(
      `${SLEEP}, restart: always, hostname: other, user: "1000:1000", sysctls: { net.ipv4.ip_forward: 1 }, limits: { memory: 32M, pids: 20 }, ulimits: { nofile: 99 }, oom_score_adj: 100, tmpfs: [/data], interfaces: { eth0: { bridge: lan, address: 10.88.0.2/24, gateway: 10.88.0.1 } }, environment: { WORD: hello }, dns: [10.9.9.9]`,
      "bridges: { lan: { address: 10.88.0.1/24 } }\n",
    ),
  )
  apply(sandbox, file)
  assert.match(planText(sandbox, file), /No changes/)
  const { monitor } = web(sandbox)
  const told = (pid: number) => [
    inside(pid, "-a", "ip", "-j", "-4", "addr", "show", "eth0").stdout,
    inside(pid, "-a", "hostname").stdout,
    ...["status", "limits", "cgroup", "oom_score_adj", "environ", "mountinfo"].map((name) =>
      steady(readFileSync(`/proc/${pid}/${name}`, "utf8")),
    ),
  ]
  const before = told(web(sandbox).init)
  for (const round of [1, 2]) {
    const pid = await killed(sandbox)
    assert.is(web(sandbox).monitor, monitor)
    assert.equal(told(pid), before)
    expectConverged(sandbox, file)
    assert.equal(shown(sandbox, file).attributes.restarts, { count: round, last: "signal 9" })
  }
  assert.match(
    expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout,
    /container\.web +running +pid \d+ {2}up \d+s {2}restarted 2 times \(signal 9\)/,
  )
  assert.match(
    sandbox.stack(["logs", "-f", file, "web"]).stderr,
    /stack-monitor: the command has ended \(signal 9\); it is started again in 200 ms/,
  )
  expectNothingLeft(sandbox, file)
})

/** Without what differs from process to process; an overlay says `uuid=on` where its upper folder is new. */
function steady(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^(Ns|)(Pid|Tgid|PPid|pid|tgid|pgid|sid|Vm|Rss|voluntary|nonvoluntary|TracerPid|State|SigPnd)/i.test(line))
    .map((line) =>
      line
        .replace(/^\d+ \d+ \d+:\d+ /, "")
        .replace(",uuid=on", "")
        .replace(/(master|propagate_from|shared):\d+/g, ""),
    )
    .join("\n")
}

function planText(sandbox: Sandbox, file: string): string {
  return expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
}

scenario(
  "in its pause a container is as it is wanted; the last end of on-failure:N is drift, which an apply starts anew",
  async (sandbox) => {
    const loop = (restart: string) => sandbox.file("stack.yaml", stack(`command: [sh, -c, "echo run; exit 7"], restart: "${restart}"`))
    const file = loop("always")
    apply(sandbox, file)
    await eventually(() => (shown(sandbox, file).attributes.restarts?.count ?? 0) >= 3)
    // Pauses have become so long by then that this one is seen.
    await eventually(() => shown(sandbox, file).state === "restarting")
    expectConverged(sandbox, file)
    const { state, attributes } = shown(sandbox, file)
    assert.equal([state, attributes.exit_code, attributes.pid], ["restarting", 7, null])
    assert.match(
      expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout,
      /web +restarting +exit code 7 {2}restarted \d+ times \(exit 7\) {2}again after \d/,
    )
    assert.match(expectStatus(sandbox.stack(["logs", "-f", file, "web"]), 0).stdout, /^(run\n){4,}$/)
    loop("on-failure:1")
    assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
    assert.match(planText(sandbox, file), /restart: always -> on-failure:1\n/)
    apply(sandbox, file)
    await eventually(() => shown(sandbox, file).state === "exited (7)")
    assert.match(sandbox.stack(["logs", "-f", file, "web"]).stderr, /it was started again \d+ times, and is not any more/)
    const plan = planOf(sandbox, file)
    assert.equal(verdicts(plan), ["update container.web"])
    assert.match(planText(sandbox, file), /state: "exited \(7\)" -> running/)
    apply(sandbox, file)
    // Counted anew.
    await eventually(() => shown(sandbox, file).state === "exited (7)")
    assert.equal(shown(sandbox, file).attributes.restarts, { count: 1, last: "exit 7" })
    loop("always")
    apply(sandbox, file)
    await eventually(() => shown(sandbox, file).state === "restarting")
    loop("no")
    assert.match(planText(sandbox, file), /restart: always -> no\n/)
    sandbox.stack(["apply", "-y", "-f", file])
    await eventually(() => shown(sandbox, file).state === "exited (7)")
    assert.is(shown(sandbox, file).attributes.restarts, null)
    expectNothingLeft(sandbox, file)
  },
)

scenario("an apply says of what it has begun that it has ended already, and is started again", async (sandbox) => {
  // `late` has the apply last until `web` has ended a few times.
  const late =
    "  slow: { command: [sleep, '0.5'] }\n  late: { command: [sleep, infinity], depends_on: { slow: { condition: service_completed_successfully } } }\n"
  const wish = (command: string) => sandbox.file("stack.yaml", `${stack(`command: [sh, -c, "${command}"], restart: always`)}${late}`)
  const file = wish("echo no; exit 3")
  const told = apply(sandbox, file).stderr
  assert.match(told, /warning: container\.web .*(exit 3)/)
  assert.match(told, /stack\.yaml:3:\d+/)
  assert.match(told, /`stack logs web`/)
  assert.not.match(told, /warning: container\.(slow|late)/)
  await eventually(() => shown(sandbox, file).state === "restarting")
  // One that is in its pause is told of where nothing is to be done, too.
  assert.match(apply(sandbox, file).stderr, /warning: container\.web has ended \(exit 3\), and is started again after \d/)
  wish("exec sleep infinity")
  assert.not.match(apply(sandbox, file).stderr, /warning/)
  const before = web(sandbox).init
  await killed(sandbox, before)
  // Once, long after it was begun: what the file wants has been done.
  assert.not.match(apply(sandbox, file).stderr, /warning/)
  expectNothingLeft(sandbox, file)
})

scenario("a policy is changed in place, and so is what the next start is made with", async (sandbox) => {
  const wish = (more: string) => sandbox.file("stack.yaml", stack(`${SLEEP}${more}`))
  const file = wish("")
  apply(sandbox, file)
  const { init, monitor } = web(sandbox)
  const LIFE = "/run/stack/again/web/launch"
  assert.is(sandbox.run(["test", "-e", LIFE]).status, 1)
  const all =
    ', restart: unless-stopped, ulimits: { nofile: 77 }, oom_score_adj: 50, hostname: second, dns: [10.1.2.3], limits: { pids: 9, memory: 20M }, extra_hosts: ["db:10.7.7.7"]'
  for (const more of [", restart: always", ", restart: on-failure", all]) {
    wish(more)
    assert.equal(
      verdicts(planOf(sandbox, file)).filter((verdict) => verdict.includes("container")),
      ["update container.web"],
    )
    apply(sandbox, file)
    assert.equal(web(sandbox), { init, monitor })
  }
  const pid = await killed(sandbox)
  expectConverged(sandbox, file)
  assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max open files +77 +77 /m)
  assert.is(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"), "50\n")
  assert.match(
    expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "cat", "/etc/resolv.conf", "/etc/hosts"]), 0).stdout,
    /10\.1\.2\.3[\s\S]*10\.7\.7\.7/,
  )
  sandbox.run(["rm", LIFE])
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["update container.web"])
  assert.match(planText(sandbox, file), /restart: no -> unless-stopped/)
  apply(sandbox, file)
  await killed(sandbox)
  wish(all.replace("restart: unless-stopped, ", ""))
  apply(sandbox, file)
  process.kill(web(sandbox).init, "SIGKILL")
  await eventually(() => shown(sandbox, file).state === "killed (SIGKILL)")
  expectNothingLeft(sandbox, file)
})

scenario("whoever stops, replaces or destroys it has the last word, wherever its monitor is", async (sandbox) => {
  const loop = (command: string, more = "") => sandbox.file("stack.yaml", stack(`command: [sh, -c, "${command}"], restart: always${more}`))
  const file = loop("exit 1")
  for (let round = 0; round < 6; round++) {
    apply(sandbox, file)
    // Somewhere in a run, a pause, or in between.
    await new Promise((resolve) => setTimeout(resolve, round * 37))
    expectNothingLeft(sandbox, file)
  }
  apply(sandbox, file)
  for (let round = 0; round < 6; round++) {
    await new Promise((resolve) => setTimeout(resolve, round * 41))
    loop(`echo round ${round}; exit 1`, round % 2 === 0 ? ", environment: { A: b }" : "")
    apply(sandbox, file)
    assert.is(sandbox.processes().filter((pid) => titleOf(pid) === "stack-monitor again container.web").length <= 2, true)
  }
  loop("exec sleep 1000")
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const { monitor } = web(sandbox)
  assert.equal(
    sandbox.processes().filter((pid) => titleOf(pid).startsWith("stack-monitor")),
    [monitor],
  )
  expectNothingLeft(sandbox, file)
})

scenario("unless-healthy: what is called unhealthy is ended, and started again", async (sandbox) => {
  const check = "healthcheck: { test: [CMD, test, -e, /tmp/well], interval: 100ms, retries: 2, start_period: 400ms, start_interval: 100ms }"
  const wish = (restart: string) =>
    sandbox.file(
      "stack.yaml",
      stack(
        `command: [sh, -c, "trap 'echo bye; exit 0' TERM; touch /tmp/well; while :; do sleep 0.1; done"], restart: ${restart}, ${check}`,
      ),
    )
  const file = wish("always")
  apply(sandbox, file)
  await eventually(() => shown(sandbox, file).state === "running")
  const { init } = web(sandbox)
  const health = () => JSON.stringify(shown(sandbox, file).attributes)
  await eventually(() => health().includes('"status":"healthy"'))
  expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "rm", "/tmp/well"]), 0)
  await eventually(() => health().includes('"status":"unhealthy"'))
  assert.is(web(sandbox).init, init, "always is for one that ends")
  wish("unless-healthy")
  assert.equal(verdicts(planOf(sandbox, file)), ["update container.web"])
  apply(sandbox, file)
  await eventually(() => shown(sandbox, file).attributes.restarts?.count === 1)
  await eventually(() => health().includes('"status":"healthy"'))
  assert.equal(shown(sandbox, file).attributes.restarts, { count: 1, last: "exit 0" })
  const { stdout, stderr } = sandbox.stack(["logs", "-f", file, "web"])
  assert.match(stdout, /^bye$/m)
  assert.match(stderr, /stack-monitor: the container is unhealthy: its command is ended\n/)
  expectConverged(sandbox, file)
  expectNothingLeft(sandbox, file)
})

scenario("one that does not end when it is asked to is killed after its grace period", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(`${SLEEP}, stop_grace_period: 300ms, restart: unless-healthy, healthcheck: { test: [CMD, "false"], interval: 50ms, retries: 1 }`),
  )
  apply(sandbox, file)
  await eventually(() => (shown(sandbox, file).attributes.restarts?.count ?? 0) >= 2)
  assert.is(shown(sandbox, file).attributes.restarts?.last, "signal 9")
  expectNothingLeft(sandbox, file)
})

scenario(
  "what a container is given is there after a restart; one that has no policy yet is made anew for that, its links kept",
  async (sandbox) => {
    const file = (more: string) =>
      sandbox.file(
        "stack.yaml",
        `name: again\nbridges: { lan: { address: 10.88.0.1/24 } }\nsecrets: { token: { file: ./token } }\ncontainers:\n  web: { ${SLEEP}, secrets: [token], interfaces: { eth0: { bridge: lan, address: 10.88.0.2/24 } }${more} }\n`,
      )
    sandbox.file("token", "top secret\n")
    const path = file("")
    apply(sandbox, path)
    const mac = inside(web(sandbox).init, "-a", "cat", "/sys/class/net/eth0/address").stdout
    file(", restart: always")
    assert.match(planText(sandbox, path), /restart_files: .* -> kept +# forces replacement/)
    apply(sandbox, path)
    expectConverged(sandbox, path)
    assert.is(inside(web(sandbox).init, "-a", "cat", "/sys/class/net/eth0/address").stdout, mac)
    for (const policy of ["always", "unless-stopped"]) {
      file(`, restart: ${policy}`)
      apply(sandbox, path)
      const pid = await killed(sandbox)
      assert.is(inside(pid, "-a", "cat", "/run/secrets/token").stdout, "top secret\n")
      expectConverged(sandbox, path)
    }
    assert.is(sandbox.run(["grep", "-rl", "top secret", "/run/stack"]).stdout, "")
    expectNothingLeft(sandbox, path)
  },
)

scenario("a container that was moved is started again where it is; one with processes left behind without them", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`${SLEEP}, restart: always, limits: { pids: 9 }`))
  apply(sandbox, file)
  sandbox.file(
    "stack.yaml",
    `name: again\ncgroups: { tier: {} }\ncontainers:\n  front: { ${SLEEP}, restart: always, hostname: web, cgroup: tier, limits: { pids: 9 } }\nmoved: [ { from: container.web, to: container.front } ]\n`,
  )
  apply(sandbox, file)
  const { init } = web(sandbox)
  process.kill(init, "SIGKILL")
  await eventually(() => ![0, init].includes(web(sandbox).init) && titleOf(web(sandbox).init) === "sleep infinity")
  expectConverged(sandbox, file)
  assert.match(readFileSync(`/proc/${web(sandbox).init}/cgroup`, "utf8"), /\/stack\/again\/tier\/front$/m)
  expectNothingLeft(sandbox, file)
  sandbox.file("stack.yaml", stack(`command: [sh, -c, "sleep 7777 & sleep 0.3; exit 1"], restart: always, namespaces: { pid: host }`))
  apply(sandbox, file)
  await eventually(() => (shown(sandbox, file).attributes.restarts?.count ?? 0) >= 2)
  const left = () => sandbox.processes().filter((pid) => titleOf(pid) === "sleep 7777").length
  for (let n = 0; n < 20; n++) assert.ok(left() <= 1, `${left()} of them`)
  expectNothingLeft(sandbox, file)
})

scenario("who waits for another one waits while it is started again", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `name: again\ncontainers:\n  job: { command: [sh, -c, "test -e /root/third && exit 0; test -e /root/second && touch /root/third; touch /root/second; exit 1"], restart: "on-failure:5" }\n  web: { ${SLEEP}, depends_on: { job: { condition: service_completed_successfully } } }\n`,
  )
  apply(sandbox, file)
  expectConverged(sandbox, file)
  sandbox.file(
    "stack.yaml",
    `name: again\ncontainers:\n  job: { command: [sh, -c, "exit 1"], restart: "on-failure:2" }\n  web: { ${SLEEP}, depends_on: { job: { condition: service_completed_successfully } }, labels: { a: b } }\n`,
  )
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  const failed = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(failed.stderr, /container\.job has not completed successfully/)
  expectNothingLeft(sandbox, file)
})

scenario("out of memory, and a monitor that is killed; one that has restarted its command is as small as before", async (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    stack(
      `command: [sh, -c, "test -e /root/second && exec sleep infinity; touch /root/second; exec tail /dev/zero"], restart: always, limits: { memory: 16M, memory_swap: 0 }`,
    ),
  )
  apply(sandbox, file)
  const memory = () => {
    const rollup = readFileSync(`/proc/${web(sandbox).monitor}/smaps_rollup`, "utf8")
    return Number(/^Anonymous: +(\d+)/m.exec(rollup)?.[1])
  }
  await eventually(() => shown(sandbox, file).attributes.restarts?.last === "signal 9" && shown(sandbox, file).state === "running")
  const before = memory()
  await killed(sandbox)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.ok(memory() <= before, `${memory()} kB after ${before}`)
  assert.ok(memory() <= 20 || sandbox.run(["which", "musl-gcc"]).status !== 0, `${memory()} kB`)
  const { monitor } = web(sandbox)
  process.kill(monitor, "SIGKILL")
  await eventually(() => titleOf(monitor) === "")
  assert.match(planText(sandbox, file), /container\.web .*its monitor is gone/)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  // What it had written is gone with it: it runs out of memory once more.
  await eventually(() => shown(sandbox, file).attributes.restarts?.count === 1)
  expectNothingLeft(sandbox, file)
})

scenario("what is live is spelt with its policy; a policy that cannot be is told before anything is done", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`${SLEEP}, restart: on-failure:3`))
  apply(sandbox, file)
  assert.match(expectStatus(sandbox.stack(["import", "--live", "-p", "again"]), 0).stdout, /restart: on-failure:3/)
  sandbox.file("stack.yaml", stack(`${SLEEP}, restart: unless-healthy`))
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr, /container\.web has no healthcheck/)
})

scenario("what was mounted while it ran is there after its next start, and what was taken off is not", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(`${SLEEP}, restart: always, tmpfs: [/early]`))
  apply(sandbox, file)
  const first = web(sandbox).init
  sandbox.file("stack.yaml", stack(`${SLEEP}, restart: always, tmpfs: [/late]`))
  apply(sandbox, file)
  const mounted = (pid: number) =>
    [...readFileSync(`/proc/${pid}/mountinfo`, "utf8").matchAll(/ (\/early|\/late) /g)].map((found) => found[1])
  assert.is(web(sandbox).init, first)
  assert.equal(mounted(first), ["/late"])
  assert.equal(mounted(await killed(sandbox)), ["/late"])
  expectConverged(sandbox, file)
})

test.run()
