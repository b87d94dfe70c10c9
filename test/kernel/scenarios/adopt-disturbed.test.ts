/** An adoption that is killed, or refused and undone, at each of its operations: what was there is never made anew. docs/faults.md */
import { existsSync, readFileSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { folders, makeGroup, membersIn, memoryFile } from "../../support/foreign-group.ts"
import { addressesOf, expectConverged, expectNoTrace, expectStatus, scenario, test, titleOf } from "../../support/lab.ts"
import type { Ran, Sandbox } from "../../support/sandbox.ts"

const FAULTY = fileURLToPath(new URL("../../../dist-faults/stack.js", import.meta.url))
const STACK = `name: lab
bridges: { lan: { interface: br0, address: 10.0.0.1/24, mtu: 1400 } }
veths:
  core:
    endpoints:
      - { container: host, interface: a0, address: 10.5.0.1/30 }
      - { container: host, interface: a1 }
cgroups: { tier: { limits: { memory: 256M, pids: 50 } } }
import:
  - { to: bridge.lan, name: br0 }
  - { to: veth.core, name: a0 }
  - { to: cgroup.tier, path: /my/group }
`

/** What somebody made by hand. Resolves to the process in the group. */
function makeForeign(sandbox: Sandbox): Promise<number> {
  for (const command of [
    "link add br0 type bridge",
    "link set br0 mtu 1300 up alias mine",
    "addr add 10.9.0.1/24 dev br0",
    "link add a0 type veth peer name a1",
    "link set a0 up",
    "link set a1 up group 7",
    "addr add 10.6.0.1/30 dev a0",
  ])
    expectStatus(sandbox.run(["ip", ...command.split(" ")]), 0)
  return makeGroup(sandbox)
}

function unmake(sandbox: Sandbox, pid: number): void {
  process.kill(pid, "SIGKILL")
  const isLeft = () => ["/my/group", "/stack/lab/tier"].some((path) => membersIn(sandbox, path).some(Boolean))
  for (let tries = 0; tries < 100 && isLeft(); tries++) sandbox.run(["sleep", "0.02"])
  expectStatus(sandbox.stack(["destroy", "-y", "-p", "lab"]), 0)
  for (const name of ["br0", "a0"]) sandbox.run(["ip", "link", "del", name])
}

const linksOf = (sandbox: Sandbox) =>
  ["br0", "a0", "a1"].map((name) => {
    const { ifindex, ifalias, group, mtu, address, master, ...link } = sandbox.ip("addr", "show", name)[0]
    return { ifindex, ifalias, group, mtu, address, master, addresses: addressesOf(link) }
  })
const indexes = (sandbox: Sandbox) => linksOf(sandbox).map(({ ifindex }) => ifindex as number)

/** The command, disturbed at its K-th operation; undefined once it has fewer. */
function disturbed(sandbox: Sandbox, fault: string, ...args: string[]): Ran | undefined {
  const count = `${sandbox.work}/count`
  rmSync(count, { force: true })
  const ran = sandbox.run([process.execPath, FAULTY, ...args], { env: { STACK_FAULT: fault, STACK_FAULT_COUNT: count } })
  expectNoTrace(ran)
  const done = existsSync(count) ? readFileSync(count, "utf8").trim().split("\n").length : 0
  return done < Number(fault.split(":")[1]) ? undefined : ran
}

/** More operations than an adoption has. */
const MOST = 100
/** A part of them, by chance, is what goes into the time of a test; ADOPT_ALL=1: all. */
const STEP = process.env.ADOPT_ALL === undefined ? 5 : 1
const FIRST = 1 + Math.floor(Math.random() * STEP)

scenario("killed at each operation, the next apply goes on, and everything is still what it was", async (sandbox) => {
  const file = sandbox.file("stack.yaml", STACK)
  for (let k = FIRST; ; k += STEP) {
    assert.ok(k < MOST)
    const pid = await makeForeign(sandbox)
    const before = indexes(sandbox)
    const ran = disturbed(sandbox, `kill:${k}`, "apply", "-y", "-f", file)
    expectStatus(sandbox.stack(["plan", "-f", file]), 0)
    expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
    expectConverged(sandbox, file)
    assert.equal(indexes(sandbox), before, `killed at operation ${k}`)
    assert.is(titleOf(pid), "sleep 1000")
    assert.equal(folders(sandbox, "/my/group"), [])
    assert.ok(membersIn(sandbox, "/stack/lab/tier").every((members) => members === `${pid}`))
    unmake(sandbox, pid)
    if (ran === undefined) break
  }
})

scenario("refused at each operation, --atomic gives back all of it", async (sandbox) => {
  const file = sandbox.file("stack.yaml", STACK)
  for (let k = FIRST; ; k += STEP) {
    assert.ok(k < MOST)
    const pid = await makeForeign(sandbox)
    const [before, places] = [linksOf(sandbox), folders(sandbox, "/my/group")]
    const ran = disturbed(sandbox, `err:${k}:EPERM`, "apply", "-y", "--atomic", "-f", file)
    if (ran?.stderr.includes("Undone: all is as it was before.")) {
      assert.equal(linksOf(sandbox), before, `refused at operation ${k}`)
      assert.equal(folders(sandbox, "/my/group"), places)
      assert.is(readFileSync(memoryFile(sandbox, "/my/group"), "utf8").trim(), "134217728")
      assert.ok(membersIn(sandbox, "/my/group").every((members) => members === `${pid}`))
    } else assert.ok(ran === undefined || ran.status === 0 || !/not-undone|not all of what/.test(ran.stderr), `${ran?.stderr} at ${k}`)
    assert.is(titleOf(pid), "sleep 1000")
    unmake(sandbox, pid)
    if (ran === undefined) break
  }
})

test.run()
