import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"
import { handEnvironment, hierarchiesOf } from "../drift-matrix/matrix-lab.ts"

/** It ends by its signal, and says so, if it is awake. */
const POLITE = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done"

function lab(words = POLITE): string {
  return `
name: lab
containers:
  web: { init: false, command: [sh, -c, ${JSON.stringify(words)}], stop_grace_period: 20s }
  other: { command: [sleep, infinity] }
`
}

const isMounted = (what: RegExp) => what.test(readFileSync("/proc/mounts", "utf8"))

/** How somebody freezes it, and why that cannot be done here. */
const FREEZERS: readonly (readonly [words: string, missing: string])[] = [
  ["echo 1 > $cgroup2/web/cgroup.freeze", isMounted(/ cgroup2 /) ? "" : "cgroup2 is not mounted"],
  [
    "mkdir -p $freezer/held; echo $web > $freezer/held/cgroup.procs; echo FROZEN > $freezer/held/freezer.state",
    isMounted(/ cgroup \S*\bfreezer\b/) ? "" : "the freezer of cgroup v1 is not mounted",
  ],
]

function freeze(sandbox: Sandbox, words: string): void {
  expectStatus(sandbox.run(["sh", "-ec", words], { env: handEnvironment(sandbox, hierarchiesOf(sandbox)) }), 0)
}

for (const [words, missing] of FREEZERS) {
  const named = (name: string, body: (sandbox: Sandbox) => void) =>
    missing === "" ? scenario(name, body) : testsUnless(missing)(name, () => undefined)
  named(`what is frozen runs on after the next apply, hears its signal, and goes: ${words}`, (sandbox) => {
    const file = sandbox.file("stack.yaml", lab())
    apply(sandbox, file)
    const before = live(sandbox, "lab", "web")
    freeze(sandbox, words)
    for (const args of [
      ["exec", "-f", file, "web", "--", "true"],
      ["console", "-f", file, "web"],
    ])
      assert.match(expectStatus(sandbox.stack(args), 1).stderr, /error: container\.web is frozen: .*\n.*\n +hint: `stack apply` thaws it/)
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /~ container\.web.*\n +frozen: true -> false/)
    assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /^container\.web +frozen /m)
    expectStatus(sandbox.stack(["plan", "-f", file, "--out", "kept.plan"]), 0)
    expectStatus(sandbox.stack(["apply", "-y", "kept.plan"]), 0)
    expectConverged(sandbox, file)
    assert.is(live(sandbox, "lab", "web").init, before.init)
    freeze(sandbox, words)
    const changed = sandbox.file("stack.yaml", lab(`echo again; ${POLITE}`))
    const { actions } = planOf(sandbox, changed).changes.find(({ address }) => address === "container.web") ?? { actions: [] }
    assert.equal(actions, ["delete", "create"])
    apply(sandbox, changed)
    expectConverged(sandbox, changed)
    freeze(sandbox, words)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", changed]), 0)
    assert.equal(sandbox.processes(), [])
  })
}

const [bySwitch, noSwitch] = FREEZERS[0] as (typeof FREEZERS)[number]
scenario(
  "what an apply that is undone has thawed is frozen again, also where it was made anew",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", lab())
    apply(sandbox, file)
    freeze(sandbox, bySwitch)
    for (const words of [POLITE, `echo again; ${POLITE}`]) {
      const failing = sandbox.file("failing.yaml", `${lab(words)}  bad: { command: [/no/such/command], depends_on: [web] }\n`)
      const before = planOf(sandbox, failing)
      assert.match(expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", failing]), 1).stderr, /Undone: all is as it was before\./)
      const { changes, drift } = planOf(sandbox, failing)
      assert.equal({ changes, drift }, { changes: before.changes, drift: before.drift })
      const state = sandbox.run(["sh", "-c", "cat $cgroup2/web/cgroup.freeze"], { env: handEnvironment(sandbox, hierarchiesOf(sandbox)) })
      assert.is(state.stdout, "1\n")
    }
    apply(sandbox, file)
    expectConverged(sandbox, file)
  },
  [],
  noSwitch === "" ? undefined : noSwitch,
)

scenario(
  "a group of several that an apply which is undone has thawed is frozen again, and who is begun in it meanwhile runs before",
  (sandbox) => {
    const text = (more: string, bad: string) => `
name: lab
cgroups: { tier: { limits: { pids: ${more === "" ? 50 : 60} } } }
containers:
  web: { command: [sh, -c, ${JSON.stringify(POLITE)}], cgroup: tier${more} }
  other: { command: [sleep, infinity], cgroup: tier }
${bad}`
    const file = sandbox.file("stack.yaml", text("", ""))
    apply(sandbox, file)
    const tier = (word: string) =>
      expectStatus(sandbox.run(["sh", "-ec", word], { env: handEnvironment(sandbox, hierarchiesOf(sandbox)) }), 0).stdout
    tier("echo 1 > $cgroup2/tier/cgroup.freeze")
    // In place, and where one of its containers is made anew.
    for (const more of ["", ", environment: { A: b }"]) {
      const failing = sandbox.file("failing.yaml", text(more, "  bad: { command: [/no/such/command], depends_on: [web, other] }\n"))
      const before = planOf(sandbox, failing)
      assert.match(JSON.stringify(before.drift), /"cgroup\.tier".*"frozen"/)
      assert.match(expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", failing]), 1).stderr, /Undone: all is as it was before\./)
      assert.is(tier("cat $cgroup2/tier/cgroup.freeze"), "1\n")
      const { changes, drift } = planOf(sandbox, failing)
      assert.equal({ changes, drift }, { changes: before.changes, drift: before.drift })
    }
    apply(sandbox, file)
    assert.is(tier("cat $cgroup2/tier/cgroup.freeze"), "0\n")
    expectConverged(sandbox, file)
  },
  [],
  noSwitch === "" ? undefined : noSwitch,
)

test.run()
