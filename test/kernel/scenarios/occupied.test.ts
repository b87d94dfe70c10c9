/** What others have put into what is to be removed: it stays, they are named and left as they are, and the rest is done. */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, groupFile, inits, scenario, test, titleOf } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const REFUSED = 3
const PROCS = { v1: "cgroup.procs", v2: "cgroup.procs" }

const BRIDGES =
  "name: lab\nbridges: { lan: { address: 10.20.0.1/24 }, wan: {} }\ncontainers: { web: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: auto } } } }\n"

scenario("a bridge with foreign ports is neither destroyed nor replaced; the rest is", (sandbox) => {
  const file = sandbox.file("stack.yaml", BRIDGES)
  apply(sandbox, file)
  sandbox.run(["ip", "link", "add", "mine0", "type", "veth", "peer", "mine1"])
  sandbox.run(["ip", "link", "set", "mine0", "master", "lab-lan"])
  expectConverged(sandbox, file)
  const words = /bridge\.lan is not (destroyed|replaced): link mine0 \(index \d+, veth\), which bears no mark of a stack, is a port of it/
  const before = readTraces(sandbox)
  assert.match(expectStatus(sandbox.stack(["plan", "--destroy", "-f", file]), REFUSED).stderr, words)
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "--replace", "bridge.lan", "-f", file]), REFUSED).stderr, words)
  expectSameTraces(readTraces(sandbox), before)
  assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), REFUSED).stderr, words)
  const left = sandbox.ip("link").map((link: { ifname: string; master?: string }) => `${link.ifname} ${link.master ?? ""}`)
  assert.equal(left.sort(), ["lab-lan ", "lo ", "mine0 lab-lan", "mine1 "])
  sandbox.run(["ip", "link", "set", "mine0", "nomaster"])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

const NOTHING = "name: lab\n"

scenario("what others have entered meanwhile is not undone, but named; the rest is", async (sandbox) => {
  const file = sandbox.file("stack.yaml", NOTHING)
  apply(sandbox, file)
  const next = sandbox.file(
    "next.yaml",
    `${BRIDGES.replace("containers: {", "containers: { db: { command: [sleep, infinity] },")}cgroups: { tier: {} }\n`,
  )
  const waiting = sandbox.start(sandbox.command("apply", "-y", "--confirm", "60s", "-f", next))
  let told = ""
  await new Promise<void>((resolve) =>
    waiting.stderr.on("data", (chunk) => {
      told += chunk
      if (told.includes("stack confirm")) resolve()
    }),
  )
  sandbox.run(["ip", "link", "add", "mine0", "type", "veth", "peer", "mine1"])
  sandbox.run(["ip", "link", "set", "mine0", "master", "lab-lan"])
  const [inDb, inTier] = [intruder(sandbox, "lab/db"), intruder(sandbox, "lab/tier")]
  const { db } = inits(sandbox, "lab")
  const ended = new Promise((resolve) => waiting.on("close", resolve))
  const { pid = 0 } = waiting
  process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")), "SIGINT")
  assert.is(await ended, 1, told)
  assert.match(told, /bridge\.lan is not destroyed: link mine0 /)
  assert.match(told, `container.db is not destroyed: process ${inDb} `)
  assert.match(told, `cgroup.tier is not destroyed: process ${inTier} `)
  assert.match(told, "not all of what was done could be undone")
  assert.not.match(told, "Undone: all is as it was before")
  assert.equal(inits(sandbox, "lab"), { db })
  assert.ok(alive(sandbox, inDb) && alive(sandbox, inTier))
  const left = sandbox.ip("link").map((link: { ifname: string; master?: string }) => `${link.ifname} ${link.master ?? ""}`)
  assert.equal(left.sort(), ["lab-lan ", "lo ", "mine0 lab-lan", "mine1 "])
})

const GROUPS = `name: lab
cgroups: { tier: { limits: { pids: 100 } } }
containers:
  web: { command: [sleep, infinity], cgroup: tier, limits: { memory: 64M } }
  db: { command: [sleep, infinity] }
`

/** A process of nobody's stack, moved into a group by hand in each hierarchy that the group is in. Its pid, as the sandbox counts. */
function intruder(sandbox: Sandbox, group: string): number {
  const script = `sleep 300 > /dev/null 2>&1 & for f in $(find /sys/fs/cgroup -path '*/stack/${group}/cgroup.procs'); do echo $! > $f; done; echo $!`
  return Number(sandbox.run(["bash", "-c", script]).stdout)
}

const alive = (sandbox: Sandbox, pid: number) => sandbox.run(["ps", "-o", "args=", String(pid)]).stdout === "sleep 300\n"

scenario(
  "foreign processes in a container's group: neither killed nor moved, nor is the container; the rest is done",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", GROUPS)
    apply(sandbox, file)
    const pid = intruder(sandbox, "lab/tier/web")
    const words = new RegExp(
      `container\\.web is not destroyed: process ${pid} \\(sleep 300\\), which is not the container's, is in its cgroup /sys/fs/cgroup/`,
    )
    const before = readTraces(sandbox)
    assert.match(expectStatus(sandbox.stack(["plan", "--destroy", "-f", file]), REFUSED).stderr, words)
    expectSameTraces(readTraces(sandbox), before)
    const { web } = inits(sandbox, "lab")
    assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), REFUSED).stderr, words)
    assert.equal(inits(sandbox, "lab"), { web })
    assert.ok(alive(sandbox, pid))
    assert.is(
      readFileSync(groupFile(sandbox, "memory", "lab/tier/web", PROCS), "utf8")
        .trim()
        .split("\n").length,
      2,
    )
    assert.is(titleOf(Number(web)), "sleep infinity")
    sandbox.run(["kill", String(pid)])
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
  ["ps"],
)

scenario(
  "foreign processes in the group of a container that ended, and has no pid namespace of its own: it is not started again over them",
  async (sandbox) => {
    const text = "name: lab\ncontainers: { web: { command: [sleep, infinity], namespaces: { pid: host }, limits: { pids: 9 } } }\n"
    const file = sandbox.file("stack.yaml", text)
    apply(sandbox, file)
    const pid = intruder(sandbox, "lab/web")
    process.kill(Number(inits(sandbox, "lab").web), "SIGKILL")
    while (inits(sandbox, "lab").web !== 0) await new Promise((resolve) => setTimeout(resolve, 10))
    const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), REFUSED)
    assert.match(stderr, new RegExp(`container\\.web is not started again: process ${pid} \\(sleep 300\\)`))
    assert.ok(alive(sandbox, pid))
    sandbox.run(["kill", String(pid)])
    apply(sandbox, file)
    expectConverged(sandbox, file)
  },
  ["ps"],
)

scenario(
  "foreign processes in a shared group: it alone stays",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", GROUPS)
    apply(sandbox, file)
    sandbox.run(["bash", "-c", "for d in $(find /sys/fs/cgroup -path '*/stack/lab/tier' -type d); do mkdir $d/mine; done"])
    const pid = intruder(sandbox, "lab/tier/mine")
    const words = new RegExp(
      `cgroup\\.tier is not destroyed: process ${pid} \\(sleep 300\\), which is no container's, is in the cgroup /sys/fs/cgroup/\\S*lab/tier/mine`,
    )
    assert.match(expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), REFUSED).stderr, words)
    assert.equal(inits(sandbox, "lab"), {})
    assert.ok(alive(sandbox, pid))
    sandbox.run(["kill", String(pid)])
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
  ["ps"],
)

test.run()
