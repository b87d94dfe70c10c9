/** `import:` in the stack file: what somebody made by hand becomes the stack's, in place, and only as the file says. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { folders, makeGroup, membersIn, memoryFile, used } from "../../support/foreign-group.ts"
import {
  addressesOf,
  apply,
  expectConverged,
  expectStatus,
  inits,
  pings,
  planOf,
  scenario,
  test,
  titleOf,
  verdicts,
} from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"

const BRIDGE = `name: lab
bridges: { lan: { interface: br0, address: 10.0.0.1/24 } }
import: [{ to: bridge.lan, name: br0 }]
`
const WITH_BOX = `${BRIDGE}containers:
  web: { image: host, command: [sleep, infinity], interfaces: { eth0: { bridge: lan, address: 10.0.0.2/24 } } }
`

/** A bridge as a person makes one, with an address too many and a port. */
function makeBridge(sandbox: Sandbox): void {
  for (const command of [
    "link add br0 type bridge",
    "link set br0 mtu 1400 up alias mine",
    "addr add 10.0.0.1/24 dev br0",
    "addr add 10.9.0.1/24 dev br0",
    "link add port0 type veth peer name port1",
    "link set port1 up",
    "link set port0 master br0 up",
  ])
    expectStatus(sandbox.run(["ip", ...command.split(" ")]), 0)
  settled(sandbox)
}

/** The kernel tells a link of its carrier a little later; until then its state is another at each look. */
function settled(sandbox: Sandbox): void {
  const isUp = (name: string) => sandbox.ip("link", "show", name)[0].operstate === "UP"
  for (let tries = 0; tries < 100 && !["br0", "port0", "port1"].every(isUp); tries++) sandbox.run(["sleep", "0.05"])
}

const bridgeOf = (sandbox: Sandbox) => sandbox.ip("addr", "show", "br0")[0]

scenario("a bridge is adopted in place: the plan tells each field, the next one is empty, and destroy takes it", (sandbox) => {
  makeBridge(sandbox)
  const { ifindex } = bridgeOf(sandbox)
  const file = sandbox.file("stack.yaml", WITH_BOX)
  const before = readTraces(sandbox)
  const text = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
  for (const line of [
    /^ {2}~ bridge\.lan {2}# adopts br0$/m,
    /^ {6}alias: mine -> stack:lab\/bridge\.lan$/m,
    /^ {6}address: \[10\.0\.0\.1\/24, 10\.9\.0\.1\/24\] -> \[10\.0\.0\.1\/24\]$/m,
    /^ {6}mtu: 1400 -> 1500$/m,
    /^Plan: 1 to adopt, 3 to add, 0 to change, 0 to destroy\.$/m,
  ])
    assert.match(text.stdout, line)
  assert.match(text.stderr, /stack\.yaml:3:10: warning: bridge\.lan is adopted with what others have put into it: link port0 /)
  expectSameTraces(readTraces(sandbox), before)
  const json = planOf(sandbox, file) as unknown as { changes: { address: string; importing?: unknown }[]; summary: unknown }
  assert.equal(json.changes.find(({ address }) => address === "bridge.lan")?.importing, { id: "br0" })
  assert.equal(json.summary, { add: 3, change: 0, destroy: 0, adopt: 1 })
  const ran = apply(sandbox, file)
  assert.match(ran.stdout, "Apply complete! Resources: 1 adopted, 3 added, 0 changed, 0 destroyed.")
  const bridge = bridgeOf(sandbox)
  assert.equal([bridge.ifindex, bridge.ifalias, bridge.mtu, addressesOf(bridge)], [ifindex, "stack:lab/bridge.lan", 1500, ["10.0.0.1/24"]])
  assert.is(sandbox.ip("link", "show", "port0")[0].master, "br0", "what others have put into it stays")
  assert.ok(pings(Number(inits(sandbox, "lab").web), "10.0.0.1"))
  expectConverged(sandbox, file)
  const kept = sandbox.stack(["destroy", "-y", "-f", file])
  expectStatus(kept, 3)
  assert.match(kept.stderr, /bridge\.lan is not destroyed: link port0/)
  sandbox.run(["ip", "link", "set", "port0", "nomaster"])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.is(sandbox.run(["ip", "link", "show", "br0"]).status, 1)
})

scenario("without an entry, a link under a wanted name stays an error", (sandbox) => {
  makeBridge(sandbox)
  const file = sandbox.file("stack.yaml", BRIDGE.replace(/^import.*$/m, ""))
  const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(ran.stderr, /link br0 .*, and bridge\.lan wants its place/)
  assert.match(ran.stderr, /import: \[\{ to: bridge\.lan, name: br0 \}\]/)
})

scenario("what is another stack's, of another kind, under another name or not there is not adopted", (sandbox) => {
  apply(sandbox, sandbox.file("other.yaml", "name: other\nbridges: { lan: { interface: br1 } }\n"))
  makeBridge(sandbox)
  const before = readTraces(sandbox)
  for (const [from, wanted, said] of [
    ["br1", "br1", /link br1 is another stack's: it is marked "stack:other\/bridge\.lan"/],
    ["port1", "port1", /link port1 is a veth, and bridge\.lan is to be a bridge/],
    ["br9", "br9", /there is no link br9 on this host that could become bridge\.lan/],
  ] as const) {
    const file = sandbox.file("stack.yaml", BRIDGE.replace("interface: br0", `interface: ${wanted}`).replace("name: br0", `name: ${from}`))
    for (const command of [["plan"], ["apply", "-y"]]) {
      const ran = expectStatus(sandbox.stack([...command, "-f", file]), 1)
      assert.match(ran.stderr, said)
      assert.match(ran.stderr, /stack\.yaml:3:10: error/)
    }
  }
  expectSameTraces(readTraces(sandbox), before)
})

scenario(
  "a bridge that the file calls otherwise is renamed with it, unless that name is another's; --atomic gives it its own again",
  (sandbox) => {
    makeBridge(sandbox)
    const before = bridgeOf(sandbox)
    const file = sandbox.file("stack.yaml", BRIDGE.replace("interface: br0", "interface: port1"))
    assert.match(
      expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr,
      /link port1 .* bears no mark of a stack, and bridge\.lan wants its place/,
    )
    const failing = `${BRIDGE.replace("interface: br0", "interface: br5")}containers: { bad: { image: host, command: [/no/such/command] } }\n`
    writeFileSync(file, failing)
    const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
    assert.match(ran.stderr, /Undone: all is as it was before\./)
    assert.equal([bridgeOf(sandbox).ifindex, bridgeOf(sandbox).ifalias, bridgeOf(sandbox).group], [before.ifindex, "mine", before.group])
    writeFileSync(file, failing.replace(/^containers.*$/m, ""))
    assert.match(sandbox.stack(["plan", "-f", file]).stdout, /^ {6}interface: br0 -> br5$/m)
    apply(sandbox, file)
    assert.is(sandbox.ip("link", "show", "br5")[0].ifindex, before.ifindex)
    expectConverged(sandbox, file)
  },
)

scenario("a plan that was kept adopts the link that it was made for, and no other", (sandbox) => {
  makeBridge(sandbox)
  const file = sandbox.file("stack.yaml", BRIDGE)
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
  assert.match(sandbox.stack(["show", "kept"]).stdout, /bridge\.lan {2}# adopts br0/)
  sandbox.run(["ip", "link", "del", "br0"])
  sandbox.run(["ip", "link", "add", "br0", "type", "bridge"])
  const stale = expectStatus(sandbox.stack(["apply", "kept"]), 3)
  assert.match(stale.stderr, /bridge\.lan is another one now: a new link/)
  expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept"]), 0)
  expectStatus(sandbox.stack(["apply", "kept"]), 0)
  expectConverged(sandbox, file)
})

scenario("--atomic gives an adopted bridge back as it was", (sandbox) => {
  makeBridge(sandbox)
  const file = sandbox.file("stack.yaml", `${BRIDGE}containers: { bad: { image: host, command: [/no/such/command] } }\n`)
  const before = bridgeOf(sandbox)
  const traces = readTraces(sandbox)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(ran.stderr, /bridge\.lan: adopted/)
  assert.match(ran.stderr, /Undone: all is as it was before\./)
  const { ifindex, ifalias, mtu, address, group } = bridgeOf(sandbox)
  assert.equal([ifindex, ifalias, mtu, address, group], [before.ifindex, "mine", 1400, before.address, before.group])
  assert.equal(addressesOf(bridgeOf(sandbox)), ["10.0.0.1/24", "10.9.0.1/24"])
  expectSameTraces(readTraces(sandbox), traces)
  writeFileSync(file, BRIDGE)
  assert.equal(verdicts(planOf(sandbox, file)), ["update bridge.lan"])
})

const PAIR = `name: lab
veths:
  core:
    endpoints:
      - { container: host, interface: a0, address: 10.5.0.1/30 }
      - { container: host, interface: a1, mac: 02:00:00:00:00:05 }
import: [{ to: veth.core, name: a1 }]
`

/** A pair on the host, of which one end is a port, and bears a name that somebody gave it. */
function makePair(sandbox: Sandbox): void {
  for (const command of [
    "link add br0 type bridge",
    "link add a0 type veth peer name a1",
    "link set a0 up alias uplink",
    "link set a1 up master br0 group 7",
    "addr add 10.6.0.1/30 dev a0",
  ])
    expectStatus(sandbox.run(["ip", ...command.split(" ")]), 0)
}

const endOf = (sandbox: Sandbox, name: string) => {
  const end = sandbox.ip("addr", "show", name)[0]
  return [end.ifindex, end.ifalias, end.group, end.master, end.address, addressesOf(end)]
}

scenario("a pair on the host is adopted by the name of either end, and destroyed with the stack", (sandbox) => {
  makePair(sandbox)
  const before = ["a0", "a1"].map((name) => endOf(sandbox, name))
  const file = sandbox.file("stack.yaml", PAIR)
  const text = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
  for (const line of [
    /^ {2}~ veth\.core {2}# adopts a1$/m,
    /^ {6}endpoints\.0\.address: \[10\.6\.0\.1\/30\] -> \[10\.5\.0\.1\/30\]$/m,
    /^ {6}endpoints\.1\.master: br0 -> \(not set\)$/m,
    /^ {6}alias: uplink -> stack:lab\/veth\.core$/m,
  ])
    assert.match(text, line)
  apply(sandbox, file)
  const [a0, a1] = ["a0", "a1"].map((name) => endOf(sandbox, name))
  assert.equal([a0?.[0], a0?.[1], a0?.[5]], [before[0]?.[0], "stack:lab/veth.core", ["10.5.0.1/30"]])
  assert.equal([a1?.[0], a1?.[1], a1?.[3], a1?.[4]], [before[1]?.[0], "stack:lab/veth.core", undefined, "02:00:00:00:00:05"])
  expectConverged(sandbox, file)
  writeFileSync(file, PAIR.replace(/^import.*$/m, ""))
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.is(sandbox.run(["ip", "link", "show", "a0"]).status, 1)
})

scenario("--atomic gives a pair back: marks, groups, addresses and the bridge it was a port of", (sandbox) => {
  makePair(sandbox)
  const before = ["a0", "a1"].map((name) => endOf(sandbox, name))
  const file = sandbox.file("stack.yaml", `${PAIR}containers: { bad: { image: host, command: [/no/such/command] } }\n`)
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(ran.stderr, /veth\.core: adopted/)
  assert.match(ran.stderr, /Undone: all is as it was before\./)
  assert.equal(
    ["a0", "a1"].map((name) => endOf(sandbox, name)),
    before,
  )
})

scenario("a pair whose adoption was cut short between its ends is taken up again", (sandbox) => {
  makePair(sandbox)
  const before = ["a0", "a1"].map((name) => endOf(sandbox, name)[0])
  sandbox.run(["ip", "link", "set", "a0", "alias", "stack:lab/veth.core"])
  const file = sandbox.file("stack.yaml", PAIR)
  assert.equal(verdicts(planOf(sandbox, file)), ["update veth.core"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(
    ["a0", "a1"].map((name) => endOf(sandbox, name)[0]),
    before,
  )
})

scenario("a pair with an end elsewhere, or whose names are others, is not adopted", (sandbox) => {
  makePair(sandbox)
  const file = sandbox.file("stack.yaml", PAIR.replace("interface: a1", "interface: b1"))
  const renamed = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(renamed.stderr, /a1 cannot become veth\.core: endpoints\.1\.interface cannot be changed in place/)
  expectStatus(
    sandbox.run(["sh", "-c", "ip netns add away 2>/dev/null || { mkdir -p /run/netns; ip netns add away; }; ip link set a1 netns away"]),
    0,
  )
  writeFileSync(file, PAIR.replace("name: a1", "name: a0"))
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr, /the other end of link a0 is in another network namespace/)
})

// ------------------------------------------------------------------ cgroups

const TIER = `name: lab
cgroups: { tier: { limits: { memory: 256M, pids: 50 } } }
import: [{ to: cgroup.tier, path: /my/group }]
`

scenario("a cgroup is adopted with its processes: they run on, in the stack's own group, with its limits", async (sandbox) => {
  const pid = await makeGroup(sandbox)
  const file = sandbox.file("stack.yaml", TIER)
  const planned = expectStatus(sandbox.stack(["plan", "-f", file]), 0)
  assert.match(planned.stdout, /^ {2}~ cgroup\.tier {2}# adopts \/my\/group$/m)
  assert.match(planned.stdout, /^ {6}limits\.memory: 128M -> 256M$/m)
  assert.match(planned.stdout, /^ {6}limits\.pids: \(not set\) -> 50$/m)
  assert.match(planned.stderr, /cgroup\.tier is adopted with what others have put into it: process \d+ \(sleep 1000\)/)
  apply(sandbox, file)
  assert.equal(folders(sandbox, "/my/group"), [])
  assert.ok(membersIn(sandbox, "/stack/lab/tier").every((members) => members === `${pid}`))
  assert.is(titleOf(pid), "sleep 1000")
  assert.is(readFileSync(memoryFile(sandbox, "/stack/lab/tier"), "utf8").trim(), "268435456")
  expectConverged(sandbox, file)
  const kept = expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 3)
  assert.match(kept.stderr, /cgroup\.tier is not destroyed: process \d+ \(sleep 1000\)/)
  process.kill(pid, "SIGKILL")
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(folders(sandbox, "/stack"), [])
})

scenario("a cgroup's adoption that was cut short is gone on with", async (sandbox) => {
  const pid = await makeGroup(sandbox)
  const file = sandbox.file("stack.yaml", TIER)
  apply(sandbox, sandbox.file("before.yaml", TIER.replace(/^import.*$/m, "")))
  assert.ok(membersIn(sandbox, "/my/group").every((members) => members === `${pid}`))
  assert.equal(verdicts(planOf(sandbox, file)), ["update cgroup.tier"])
  apply(sandbox, file)
  assert.ok(membersIn(sandbox, "/stack/lab/tier").every((members) => members === `${pid}`))
  expectConverged(sandbox, file)
})

scenario("--atomic gives a cgroup back: its limits, its processes, its places", async (sandbox) => {
  const pid = await makeGroup(sandbox)
  const places = folders(sandbox, "/my/group")
  const file = sandbox.file(
    "stack.yaml",
    `${TIER}containers: { bad: { image: host, command: [/no/such/command], depends_on: [ok] }, ok: { image: host, command: [sleep, infinity] } }\n`,
  )
  const ran = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(ran.stderr, /cgroup\.tier: adopted/)
  assert.match(ran.stderr, /cgroup\.tier: given back/)
  assert.match(ran.stderr, /Undone: all is as it was before\./)
  assert.equal(folders(sandbox, "/my/group"), places)
  assert.ok(membersIn(sandbox, "/my/group").every((members) => members === `${pid}`))
  assert.is(readFileSync(memoryFile(sandbox, "/my/group"), "utf8").trim(), "134217728")
  assert.equal(folders(sandbox, "/stack/lab/tier"), [])
})

scenario("a cgroup that is not there, has others below it, or is systemd's is not adopted", (sandbox) => {
  const [group] = used(sandbox)
  mkdirSync(`${group?.folder}/my/deep/er`, { recursive: true })
  mkdirSync(`${group?.folder}/user.slice`)
  for (const [path, said] of [
    ["/my/none", /there is no cgroup \/my\/none on this host that could become cgroup\.tier/],
    ["/my/deep", /cgroup \/my\/deep has groups below it: er/],
    ["/user.slice", /cgroup \/user\.slice is a unit of systemd's/],
  ] as const)
    assert.match(expectStatus(sandbox.stack(["plan", "-f", sandbox.file("stack.yaml", TIER.replace("/my/group", path))]), 1).stderr, said)
})

test.run()
