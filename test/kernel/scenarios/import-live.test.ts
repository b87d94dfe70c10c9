/** `import --live`: the file of a stack is lost, and written anew from the kernel; a plan of it finds nothing to do. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { makeGroup } from "../../support/foreign-group.ts"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"
import { lackingVlans } from "../../support/vlans.ts"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const yaml = (folder: string) =>
  readdirSync(`${ROOT}${folder}`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `${folder}/${file}`)
/** Their root filesystem is for the reader, or for the sweep, to make, or their programs are not on every machine. */
const ROOTLESS = [
  "examples/rootfs.yaml",
  "examples/system.yaml",
  "examples/daemons.yaml",
  ...["images", "mounts"].flatMap((name) => [`test/sweep/stacks/${name}.yaml`, `test/sweep/stacks/${name}.next.yaml`]),
]
const FILES = [
  ...yaml("examples"),
  ...readdirSync(`${ROOT}stacks`).map((folder) => `stacks/${folder}/stack.yaml`),
  ...yaml("test/sweep/stacks"),
]

/** The file that is written of what is live, and a plan of it that finds nothing to do. */
function imported(sandbox: Sandbox, stack: string): string {
  const ran = expectStatus(sandbox.stack(["import", "--live", "-p", stack, "-o", "again.yaml"]), 0)
  assert.is(ran.stderr, "")
  const text = readFileSync(`${sandbox.work}/again.yaml`, "utf8")
  const planned = sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"])
  if (planned.status !== 0) throw new Error(`${planned.stdout}${planned.stderr}\n${text}`)
  return text
}

/** What a kernel may lack for them. */
const LACKING: { readonly [file: string]: string | undefined } = { "examples/router-on-a-stick.yaml": lackingVlans() }

for (const file of FILES.filter((f) => !ROOTLESS.includes(f))) {
  scenario(
    file,
    (sandbox) => {
      if (file.includes("/ended."))
        expectStatus(sandbox.run(["ip", "link", "add", "foreign1", "type", "veth", "peer", "name", "foreign2"]), 0)
      expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}${file}`]), 0)
      const name = /^name: (\S+)$/m.exec(readFileSync(`${ROOT}${file}`, "utf8"))?.[1] as string
      imported(sandbox, name)
    },
    [],
    LACKING[file],
  )
}

scenario("of a container that was moved, the MAC addresses are written that were made from its former name", (sandbox) => {
  const file = `${ROOT}test/sweep/stacks/moved`
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${file}.yaml`]), 0)
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${file}.next.yaml`]), 0)
  assert.match(imported(sandbox, "moved"), /host_end: \{ mac: 02:/)
})

scenario("replicas with addresses of both families, and a pod whose owner has names of its own", (sandbox) => {
  const text = `name: lab
bridges: { lan: { address: [10.20.0.1/24, "fd20::1/64"] } }
containers:
  worker: { command: [sleep, infinity], replicas: 3, interfaces: { eth0: { bridge: lan, address: auto } } }
  owner: { command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: auto } }, extra_hosts: ["db:10.20.0.9"] }
  guest: { command: [sleep, infinity], namespaces: { net: container:owner } }
`
  apply(sandbox, sandbox.file("stack.yaml", text))
  const written = imported(sandbox, "lab")
  assert.match(written, "eth0: { bridge: lan, address: auto }")
  assert.is(written.match(/extra_hosts/g)?.length, 1)
})

const LAB = `name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
cgroups: { tier: { limits: { memory: 256M } } }
containers:
  web:
    command: [sleep, infinity]
    cgroup: tier
    environment: { PASSWORD: "a$$b" }
    limits: { memory: 64M, unified: { cgroup.max.depth: 3 } }
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24 } }
  worker: { command: [sleep, infinity], replicas: 2 }
`

scenario("what was changed by hand is written as it is, in a file for its owner alone", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", LAB)]), 0)
  sandbox.run(["ip", "link", "set", "lab-lan", "mtu", "1400"])
  sandbox.run(["ip", "addr", "add", "10.21.0.1/24", "dev", "lab-lan"])
  const text = imported(sandbox, "lab")
  assert.match(text, /^# What was live of stack lab on \d{4}-\d\d-\d\d, written by `stack import --live`\.$/m)
  assert.match(text, /^# The environment of its containers is in it as it is/m)
  assert.match(text, /^ {2}lan: \{ address: \[10\.20\.0\.1\/24, 10\.21\.0\.1\/24\], mtu: 1400 \}$/m)
  assert.match(text, /^ {4}environment: \{ PASSWORD: "?a\$\$b"? \}$/m)
  assert.match(text, /^ {4}limits: \{ memory: 64M, unified: \{ cgroup\.max\.depth: 3 \} \}$/m)
  assert.match(text, /^ {4}replicas: 2$/m)
  assert.is(statSync(`${sandbox.work}/again.yaml`).mode & 0o777, 0o600)
  const again = sandbox.stack(["import", "--live", "-p", "lab", "--out", "again.yaml"])
  expectStatus(again, 1)
  assert.match(again.stderr, /again\.yaml cannot be written/)
  assert.is(readFileSync(`${sandbox.work}/again.yaml`, "utf8"), text, "what is there is never written over")
})

scenario("what no file can say is told, in it and beside it", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", LAB)]), 0)
  const { init } = live(sandbox, "lab", "worker[1]")
  process.kill(init, "SIGKILL")
  sandbox.run(["ip", "link", "set", "lab-web-eth0", "down"])
  rmSync(`${sandbox.work}/stack.yaml`)
  const ran = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0)
  assert.is(expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "-"]), 0).stdout, ran.stdout)
  for (const said of [
    /container\.worker\[1\]: a plan would \w+ it \(its command was killed \(SIGKILL\)\)/,
    /interface\.web\.eth0: a plan would update it \(host_end\.up: false -> true\)/,
  ]) {
    assert.match(ran.stdout, said)
    assert.match(ran.stderr, said)
  }
})

scenario("a stack that is not live, or none that is named", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", LAB)]), 0)
  rmSync(`${sandbox.work}/stack.yaml`)
  assert.match(
    expectStatus(sandbox.stack(["import", "--live", "-p", "lba"]), 1).stderr,
    /nothing of stack lba is live[\s\S]*did you mean -p lab\?/,
  )
  assert.match(expectStatus(sandbox.stack(["import", "--live"]), 1).stderr, /name the stack with -p NAME/)
  assert.match(expectStatus(sandbox.stack(["import", "-p", "lab"]), 64).stderr, /--live/)
})

scenario("import --live --foreign writes what bears no mark, and to adopt it changes nothing but the marks", async (sandbox) => {
  await makeGroup(sandbox)
  for (const command of [
    "link add br0 type bridge",
    "link set br0 mtu 1400 up",
    "addr add 10.0.0.1/24 dev br0",
    "link add pair-a type veth peer name pair.b",
    "link set pair-a up",
    "link set pair.b up",
    "addr add 10.5.0.1/30 dev pair.b",
    "link add port0 type veth peer name port1",
    "link set port0 master br0",
    "link set br0 address 02:00:00:00:00:77",
  ])
    expectStatus(sandbox.run(["ip", ...command.split(" ")]), 0)
  apply(sandbox, sandbox.file("other.yaml", "name: other\nbridges: { lan: {} }\ncgroups: { tier: { limits: { pids: 9 } } }\n"))
  const before = readTraces(sandbox)
  const ran = expectStatus(sandbox.stack(["import", "--live", "--foreign", "-p", "mine", "-o", "mine.yaml"]), 0)
  assert.match(ran.stderr, /link port0: port0 is a port of br0, which a file cannot say of a pair/)
  const text = readFileSync(`${sandbox.work}/mine.yaml`, "utf8")
  for (const line of [
    /^ {2}br0: \{ interface: br0, address: 10\.0\.0\.1\/24, mtu: 1400, mac: 02:00:00:00:00:77, accept_ra: true \}$/m,
    /^ {2}my-group: \{ limits: \{ memory: 128M \} \}$/m,
    /^ {2}- \{ to: bridge\.br0, name: br0 \}$/m,
    /^ {2}- \{ to: cgroup\.my-group, path: \/my\/group \}$/m,
  ])
    assert.match(text, line)
  assert.not.match(text, /interface: port1|host:port1|other-lan|stack:other/)
  expectSameTraces(readTraces(sandbox), before)
  const plan = planOf(sandbox, "mine.yaml") as unknown as { summary: unknown; steps: { cause: string }[] }
  assert.equal(plan.summary, { add: 0, change: 0, destroy: 0, adopt: 3 })
  for (const { cause } of plan.steps) assert.match(cause, /^adopts \S+(: alias: "" -> stack:mine\/\S+)?$/)
  apply(sandbox, "mine.yaml")
  expectConverged(sandbox, "mine.yaml")
  expectConverged(sandbox, "other.yaml")
})

test.run()
