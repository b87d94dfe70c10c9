/** The rules by which the kernel asks the tables of vrfs: it makes them once in a namespace, and nobody but an apply makes them again. */
import { spawnSync } from "node:child_process"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { PATIENCE } from "../../support/sandbox.ts"

const without =
  spawnSync("unshare", ["-n", "ip", "link", "add", "probe", "type", "vrf", "table", "10"]).status === 0
    ? undefined
    : "this kernel has no vrf"

const lab = (sandbox: Sandbox, more = "") =>
  sandbox.file(
    "stack.yaml",
    `name: lab
bridges: { lan: { address: 10.63.0.254/24 } }
containers:
  r1:
    command: [sleep, infinity]
    interfaces:
      blue: { vrf: { table: 10 } }
      red: { vrf: { table: 20 } }
      eth1: { bridge: lan, address: [10.63.0.1/24, fd63::1/64], master: blue }
    routes: [{ to: 10.99.0.0/16, via: 10.63.0.254, table: 10 }]
${more}`,
  )

const FAMILIES = ["-4", "-6"]

/** How many there are, of IPv4 and of IPv6. */
function count(pid: number): number[] {
  return FAMILIES.map((family) => inside(pid, "-n", "ip", family, "rule", "show").stdout.match(/^\d+:.*l3mdev.*$/gm)?.length ?? 0)
}

function takeAway(pid: number): void {
  for (const family of FAMILIES) expectStatus(inside(pid, "-n", "ip", family, "rule", "del", "l3mdev", "priority", "1000"), 0)
  assert.equal(count(pid), [0, 0])
}

scenario(
  "deleted by hand they are drift, of the first vrf, and set again; an undo takes away what it found away",
  async (sandbox) => {
    const file = lab(sandbox)
    apply(sandbox, file)
    const pid = live(sandbox, "lab", "r1").init
    assert.equal(count(pid), [1, 1])
    const reaches = () => inside(pid, "-n", "ping", "-q", "-c1", `-W${PATIENCE}`, "-I", "blue", "10.63.0.254").status === 0
    await eventually(reaches)
    takeAway(pid)
    assert.not(reaches())
    assert.equal(verdicts(planOf(sandbox, file)), ["update interface.r1.blue"])
    const text = sandbox.stack(["plan", "-f", file]).stdout
    assert.match(
      text,
      "~ interface.r1.blue  # changed outside the stack file\n      l3mdev.inet: false -> true\n      l3mdev.inet6: false -> true\n",
    )
    // What fails is undone: the rules are as they were found.
    lab(sandbox, "  bad: { command: [/nowhere/bad], depends_on: [r1] }\n")
    expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
    assert.equal(count(pid), [0, 0])
    lab(sandbox)
    apply(sandbox, file)
    assert.equal(count(pid), [1, 1])
    expectConverged(sandbox, file)
    await eventually(reaches)
    // With all vrfs, too: a new one does not bring them back.
    takeAway(pid)
    for (const vrf of ["blue", "red"]) inside(pid, "-n", "ip", "link", "del", vrf)
    apply(sandbox, file)
    assert.equal(count(pid), [1, 1])
    expectConverged(sandbox, file)
    // Somewhere else is good enough.
    inside(pid, "-n", "ip", "rule", "add", "l3mdev", "priority", "500")
    inside(pid, "-n", "ip", "rule", "del", "l3mdev", "priority", "1000")
    expectConverged(sandbox, file)
  },
  [],
  without,
)

test.run()
