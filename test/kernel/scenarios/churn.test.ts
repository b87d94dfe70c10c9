/**
 * Plans of a stack at rest, while others make, rename and delete links beside it and in it. For ten thousand of them:
 * `npm run test:churn`.
 */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { apply, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import type { ChurnReport } from "../churn/plans.ts"

const PLANS = Number(process.env.CHURN_PLANS ?? 0)
const PROGRAM = fileURLToPath(new URL("../churn/plans.ts", import.meta.url))

const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

/** More links than the kernel tells in one part of a dump, on the host and in the router; and commands that end one after another. */
const STACK = `name: lab
bridges:
${times(24, (i) => `  b${i}: { address: 10.${i}.0.1/24 }`).join("\n")}
containers:
  router:
    command: [sleep, infinity]
    routes: [{ to: 10.99.0.0/16, via: 10.0.0.77 }]
    interfaces:
${times(24, (i) => `      eth${i}: { bridge: b${i}, address: 10.${i}.0.2/24 }`).join("\n")}
${times(8, (i) => `  box${i}: { command: [sleep, infinity], interfaces: { eth0: { bridge: b${i}, address: auto } } }`).join("\n")}
${times(4, (i) => `  short${i}: { command: [sleep, "${i + 2}"], interfaces: { eth0: { bridge: b${i}, address: auto } } }`).join("\n")}
veths: { core: { endpoints: [ "router:p0", "box0:p0" ] } }
`

const OTHER = `name: other
bridges: { lan: { address: 10.200.0.1/24 } }
containers: { come: { command: [sleep, infinity], replicas: 3, interfaces: { eth0: { bridge: lan, address: auto } } } }
`

/** Links of every sort that come, change their names and addresses, and go; never one of the stack's. */
const BATCH = `${times(40, (i) => `link add d${i} group 77 type dummy\n`).join("")}link del group 77
link add c0 type dummy
link set c0 name c1
address add 192.0.2.7/24 dev c1
link add c2 type veth peer name c3
link set c2 up
link set c3 name c0
link add c4 type bridge
link set c0 master c4
link set c1 up
link set c1 name c5
link set c1 down
link del c4
link set c1 name c6
link del c6
link del c1
link del c5
link del c2
`

/** As many changes as one process can make. `into`: the words by which it gets there. */
const LOOP = `while :; do printf '%s' "$0"; done | "$@" ip -force -batch - > /dev/null 2>&1`

function endless(sandbox: Sandbox): ChildProcess {
  return sandbox.start(["bash", "-c", LOOP, BATCH, "env"])
}

function endlessIn(pid: number): ChildProcess {
  return spawn("bash", ["-c", LOOP, BATCH, "nsenter", "-t", String(pid), "-n"], { detached: true, stdio: "ignore" })
}

/** Its shell, and what that has started. */
function end(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    child.kill("SIGKILL")
  }
}

/** In slices, as a command of the sandbox may not last for ever. */
const SLICE = 500

function plans(sandbox: Sandbox, file: string): ChurnReport[] {
  const slices = PLANS === 0 ? [["4", "0"]] : times(Math.ceil(PLANS / SLICE), () => ["0", String(SLICE)])
  return slices.map((slice) => {
    const ran = sandbox.run([process.execPath, "--import", "tsx", PROGRAM, file, ...slice], { cwd: process.cwd() })
    return JSON.parse(expectStatus(ran, 0).stdout)
  })
}

function expectRight(reports: readonly ChurnReport[]): void {
  const sum = (of: (report: ChurnReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  const refused = sum((report) => Object.values(report.refused).reduce((total, n) => total + n, 0))
  const longest = Math.max(...reports.map((report) => report.longest))
  console.log(`${sum((report) => report.plans)} plans, the longest took ${longest.toFixed(0)} ms; ${refused} readings were refused`)
  for (const { wrong, texts } of reports) assert.is(wrong, 0, texts.join("\n"))
  for (const words of reports.flatMap((report) => Object.keys(report.refused)))
    assert.match(words, "the namespace changes faster than it can be read")
  assert.ok(refused * 100 <= sum((report) => report.plans), "seldom enough")
}

scenario("links come and go on the host and in a container: not one wrong difference", (sandbox) => {
  const file = sandbox.file("stack.yaml", STACK)
  apply(sandbox, file)
  const children = [endless(sandbox), endlessIn(live(sandbox, "lab", "router").init)]
  try {
    expectRight(plans(sandbox, file))
  } finally {
    children.forEach(end)
  }
})

scenario("another stack comes and goes, and commands of the stack end: not one wrong difference", (sandbox) => {
  const file = sandbox.file("stack.yaml", STACK)
  const other = sandbox.file("other.yaml", OTHER)
  apply(sandbox, file)
  const stack = sandbox.command().join(" ")
  const child = sandbox.start([
    "bash",
    "-c",
    `while :; do ${stack} apply -y -f ${other}; ${stack} destroy -y -f ${other}; done > /dev/null 2>&1`,
  ])
  try {
    expectRight(plans(sandbox, file))
  } finally {
    end(child)
  }
})

test.run()
