import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectNoTrace, expectStatus, inits, live, pings, scenario, test } from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const lab = (name: string, subnet: string) => `
name: ${name}
bridges:
  lan: { address: ${subnet}.1/24 }
containers:
  web:
    image: host
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: ${subnet}.2/24 } }
`

scenario("a foreign bridge under a wanted name is refused, named and left as it is", (sandbox) => {
  sandbox.run(["ip", "link", "add", "lab-lan", "type", "bridge"])
  sandbox.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "lab-lan"])
  const before = readTraces(sandbox)
  const file = sandbox.file("stack.yaml", lab("lab", "10.20.0"))
  for (const args of [
    ["plan", "-f", file],
    ["apply", "-y", "-f", file],
    ["destroy", "-y", "-f", file],
  ]) {
    const ran = sandbox.stack(args)
    if (args[0] !== "destroy") {
      expectStatus(ran, 1)
      assert.match(ran.stderr, "lab-lan")
      assert.match(ran.stderr, "bridge.lan")
    }
    expectNoTrace(ran)
    expectSameTraces(readTraces(sandbox), before)
  }
})

scenario("another stack's link under a wanted name is foreign too", (sandbox) => {
  apply(sandbox, sandbox.file("one.yaml", "name: one\nbridges: { lan: { interface: shared0 } }\n"))
  const before = readTraces(sandbox)
  const ran = expectStatus(
    sandbox.stack(["apply", "-y", "-f", sandbox.file("two.yaml", "name: two\nbridges: { lan: { interface: shared0 } }\n")]),
    1,
  )
  assert.match(ran.stderr, "stack:one/bridge.lan")
  expectSameTraces(readTraces(sandbox), before)
})

scenario("two stacks side by side do not touch one another", (sandbox) => {
  const one = sandbox.file("one.yaml", lab("one", "10.21.0"))
  const two = sandbox.file("two.yaml", lab("two", "10.22.0"))
  apply(sandbox, one)
  const alone = inits(sandbox, "one")
  const onlyOne = readTraces(sandbox)
  apply(sandbox, two)
  expectConverged(sandbox, one)
  expectConverged(sandbox, two)
  const maps = [...Object.values(alone), ...Object.values(inits(sandbox, "two"))].map((pid) => readFileSync(`/proc/${pid}/uid_map`, "utf8"))
  assert.is(new Set(maps).size, 2, "their id ranges differ")
  assert.equal(inits(sandbox, "one"), alone)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", two]), 0)
  expectSameTraces(readTraces(sandbox), onlyOne)
  assert.ok(pings(Number(alone.web), "10.21.0.1"))
})

scenario("host ids that a file names and a running container of another stack has are told, and are no reason to do nothing", (sandbox) => {
  const text = (stack: string, first: number) =>
    `name: ${stack}\nidmaps: { ids: { uid: ["0 ${first} 1000"] } }\ncontainers:\n  web: { command: [sleep, infinity], idmap: ids }\n  done: { command: ["true"] }\n`
  const one = sandbox.file("one.yaml", text("one", 300_000))
  const two = sandbox.file("two.yaml", text("two", 300_999))
  assert.is(expectStatus(sandbox.stack(["apply", "-y", "-f", one]), 0).stderr.includes("warning"), false)
  const shared = /^two\.yaml:4:\d+: warning: host user ids 300999 to 300999 are those of container\.web of stack one too$/gm
  assert.is(expectStatus(sandbox.stack(["plan", "-f", two]), 0).stderr.match(shared)?.length, 1)
  assert.match(expectStatus(sandbox.stack(["apply", "-y", "-f", two]), 0).stderr, shared)
  assert.match(readFileSync(`/proc/${inits(sandbox, "two").web}/uid_map`, "utf8"), /^ +0 +300999 +1000$/m)
  assert.match(expectStatus(sandbox.stack(["plan", "-f", one]), 0).stderr, "container.web of stack two")
  expectConverged(sandbox, one)
  // The kernel tells, whatever lies in a run folder: who has ended has no ids.
  process.kill(Number(inits(sandbox, "one").web), "SIGKILL")
  assert.is(expectStatus(sandbox.stack(["plan", "-f", two]), 0).stderr, "")
  apply(sandbox, sandbox.file("two.yaml", text("two", 301_000)))
  assert.is(expectStatus(sandbox.stack(["apply", "-y", "-f", one]), 0).stderr.includes("warning"), false)
})

scenario("a monitor that somebody has moved into another cgroup is known yet, and goes with its container", (sandbox) => {
  const text = `name: lab
containers:
  web: { command: [sleep, infinity] }
  done: { command: ["true"] }
`
  const file = sandbox.file("stack.yaml", text)
  apply(sandbox, file)
  const before = live(sandbox, "lab", "web")
  // In the hierarchy in which monitors are held: cgroup2, else one of v1.
  const move = `
top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
own=$(find "\${top:-/sys/fs/cgroup}" -path '*/stack/lab/.monitor/cgroup.procs' | head -n 1)
other=\${own%/stack/lab/*}/other
mkdir -p "$other"
cat "$own" | while read -r pid; do echo "$pid" > "$other/cgroup.procs"; done`
  expectStatus(sandbox.run(["sh", "-ec", move]), 0)
  expectConverged(sandbox, file)
  apply(sandbox, file)
  assert.equal(live(sandbox, "lab", "web"), before)
  apply(sandbox, sandbox.file("stack.yaml", text.replace("infinity", "1000")))
  expectStatus(sandbox.run(["sh", "-ec", move]), 0)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
})

scenario("two applies at once: one waits, or says who holds the lock", async (sandbox) => {
  const file = sandbox.file("stack.yaml", lab("lab", "10.20.0"))
  const command = sandbox.command("apply", "-y", "-f", file)
  const ends = [1, 2, 3].map(() => {
    const child = sandbox.start(command)
    let stderr = ""
    child.stderr.on("data", (chunk) => {
      stderr += chunk
    })
    child.stdout.resume()
    return new Promise<{ status: number | null; stderr: string }>((resolve) => child.on("close", (status) => resolve({ status, stderr })))
  })
  const ran = await Promise.all(ends)
  assert.ok(
    ran.some(({ status }) => status === 0),
    "one of them did it",
  )
  for (const { status, stderr } of ran.filter((r) => r.status !== 0)) {
    assert.is(status, 1, stderr)
    assert.match(stderr, /lock/i)
  }
  expectConverged(sandbox, file)
  assert.is(Object.keys(inits(sandbox, "lab")).length, 1)
  assert.is(sandbox.ip("link", "show", "master", "lab-lan").length, 1)
})

scenario(
  "while someone holds the lock, a second apply says so in time and changes nothing",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab("lab", "10.20.0"))
    apply(sandbox, file)
    const before = readTraces(sandbox)
    const changed = sandbox.file("changed.yaml", lab("lab", "10.20.0").replace("10.20.0.2/24", "10.20.0.9/24"))
    // The same kind of lock as the product takes: an open file description lock, by a program that is not ours.
    const holder = `import fcntl, struct, subprocess, sys
f = open("/run/stack/lab/lock", "r+")
fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
sys.exit(subprocess.run(sys.argv[1:]).returncode)`
    const ran = sandbox.run(["python3", "-c", holder, ...sandbox.command("apply", "-y", "-f", changed, "--lock-timeout", "1s")])
    expectStatus(ran, 1)
    assert.match(ran.stderr, /lock/i)
    expectNoTrace(ran)
    expectSameTraces(readTraces(sandbox), before)
    apply(sandbox, changed)
  },
  ["python3"],
)

scenario(
  "a bridge in whose subnet another link of the host is, or a part of it, or around it, is warned of; one that is down is not",
  (sandbox) => {
    const text = (name: string) => `name: ${name}\nbridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }\n`
    const file = sandbox.file("stack.yaml", text("one"))
    const told = (of = file) => expectStatus(sandbox.stack(["plan", "-f", of]), 0).stderr
    const ip = (...words: string[]) => expectStatus(sandbox.run(["ip", ...words]), 0)
    expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
    assert.is(told(), "")
    assert.match(
      told(sandbox.file("two.yaml", text("two"))),
      /two\.yaml:2:29: warning: link one-lan \(stack:one\/bridge\.lan\) has 10\.20\.0\.1\/24, in the subnet of bridge\.lan, 10\.20\.0\.1\/24/,
    )
    ip("link", "add", "other", "type", "bridge")
    for (const address of ["10.20.0.129/25", "fd20::7/128", "10.0.0.7/8", "192.0.2.1/24"]) ip("address", "add", address, "dev", "other")
    assert.is(told(), "")
    ip("link", "set", "other", "up")
    assert.equal(told().match(/link other has \S+/g), ["link other has 10.20.0.129/25,", "link other has fd20::7/128,"])
    assert.match(
      told(),
      /stack\.yaml:2:29: warning: the subnet of bridge\.lan, 10\.20\.0\.1\/24, lies in 10\.0\.0\.0\/8, which the host reaches by link other\n/,
    )
    assert.is(told().match(/warning/g)?.length, 3)
    for (const address of ["10.20.0.129/25", "fd20::7/128", "10.0.0.7/8"]) ip("address", "del", address, "dev", "other")
    for (const to of ["10.16.0.0/12", "10.20.0.64/26"]) ip("route", "add", to, "via", "192.0.2.9")
    ip("route", "add", "blackhole", "10.0.0.0/8")
    ip("route", "add", "default", "via", "192.0.2.9")
    ip("route", "add", "10.0.0.0/9", "dev", "one-lan")
    assert.equal(
      told()
        .match(/warning: .*/g)
        ?.sort(),
      [
        "warning: the host reaches 10.20.0.64/26, in the subnet of bridge.lan, 10.20.0.1/24, by link other (via 192.0.2.9)",
        "warning: the subnet of bridge.lan, 10.20.0.1/24, lies in 10.16.0.0/12, which the host reaches by link other (via 192.0.2.9)",
      ],
    )
  },
)

test.run()
