import * as assert from "uvu/assert"
import { BRIDGE_DEFAULTS, PORT_DEFAULTS } from "../../../src/base/bridge-options.ts"
import { prefixesOf } from "../../../src/kinds/link/kind-prefix-routes.ts"
import type { KindName, Value } from "../../../src/model/resource.ts"
import { valueAt } from "../../../src/plan/fields.ts"
import type { PlanJson } from "../../support/lab.ts"
import { apply, expectConverged, expectStatus, planOf, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { openSandbox, sandboxMissing } from "../../support/sandbox.ts"
import { testsUnless } from "../../support/skip.ts"
import { identitiesOf, keptByRestart } from "./identities.ts"
import type { Hierarchies } from "./matrix-lab.ts"
import { controllerOf, handEnvironment, hierarchiesOf, lacking, matrixStack, PARENT, someDevice } from "./matrix-lab.ts"
import { repairOf } from "./repair.ts"
import type { AttributeRow, Hand, KindRows, Shows } from "./row.ts"

/** An applied stack that one hand after another changes. */
interface Bench {
  sandbox: Sandbox
  hierarchies: Hierarchies
  file: string
  /** The plan of the untouched stack. */
  baseline: PlanJson
  /** The last hand's change was not repaired. */
  spoilt: boolean
}

/** A test for each hand of these kinds, all on one applied stack. */
export async function runMatrix(matrix: readonly KindRows[]): Promise<void> {
  const missing = sandboxMissing()
  const bench = missing === undefined ? await openBench() : undefined
  for (const { kind, attributes } of matrix) {
    for (const row of attributes) {
      for (const hand of row.hands) {
        testsUnless(missing ?? lackingFor(hand, bench as Bench))(nameOf(kind, row, hand), () => tryHand(bench as Bench, hand))
      }
    }
  }
  test.after(() => bench?.sandbox.close())
  test.run()
}

function lackingFor({ needs }: Hand, { hierarchies, sandbox }: Bench): string | undefined {
  return needs === undefined ? undefined : lacking(needs, hierarchies, sandbox)
}

function nameOf(kind: KindName, { attribute }: AttributeRow, { by }: Hand): string {
  return `${kind} ${attribute}: ${typeof by === "string" ? by : by.v2}`
}

async function openBench(): Promise<Bench> {
  const sandbox = await openSandbox()
  const hierarchies = hierarchiesOf(sandbox)
  const file = sandbox.file("stack.yaml", matrixStack(sandbox, hierarchies))
  expectStatus(sandbox.run(["ip", "link", "add", PARENT, "type", "veth", "peer", "name", `${PARENT}-peer`]), 0)
  apply(sandbox, file)
  const baseline = planOf(sandbox, file)
  assert.not.ok(baseline.has_changes)
  return { sandbox, hierarchies, file, baseline, spoilt: false }
}

function tryHand(bench: Bench, hand: Hand): void {
  const { sandbox, file, hierarchies } = bench
  if (bench.spoilt) restore(bench)
  bench.spoilt = true
  const before = identitiesOf(sandbox)
  expectStatus(sandbox.run(["sh", "-c", `set -e; ${wordsFor(hand, hierarchies)}`], { env: handEnvironment(sandbox, hierarchies) }), 0)
  // A kind of link that this kernel lacks is not there to be shown.
  const shows = Object.fromEntries(
    Object.entries(hand.shows).filter(([address]) => bench.baseline.changes.some((change) => change.address === address)),
  )
  expectShown(planOf(sandbox, file), shows, bench.baseline)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  expectRepaired(before, identitiesOf(sandbox), shows)
  bench.spoilt = false
}

function restore({ sandbox, file }: Bench): void {
  sandbox.stack(["destroy", "-y", "-f", file])
  apply(sandbox, file)
}

function wordsFor({ by, needs }: Hand, hierarchies: Hierarchies): string {
  if (typeof by === "string") return by
  return hierarchies[controllerOf(needs ?? "")]?.version === 1 ? by.v1 : by.v2
}

// ------------------------------------------------------------------- what the plan says

interface Told {
  actions: { [address: string]: string }
  drift: { [address: string]: { [path: string]: readonly [found: unknown, wanted: unknown] } }
}

function expectShown(plan: PlanJson, shows: Shows, baseline: PlanJson): void {
  const changes = plan.changes.filter((c) => !c.actions.includes("no-op"))
  const drift = plan.drift as { address: string; fields: { path: string; before: unknown; after: unknown }[] }[]
  const told: Told = {
    actions: sorted(Object.fromEntries(changes.map((c) => [c.address, c.actions.join("+")]))),
    drift: sorted(
      Object.fromEntries(
        drift.map(({ address, fields }) => [address, Object.fromEntries(fields.map((f) => [f.path, [f.before, f.after]]))]),
      ),
    ),
  }
  assert.equal(told, expected(shows, baseline))
}

const ACTIONS = {
  gone: "create",
  "gone along": "create",
  broken: "delete+create",
  replaced: "delete+create",
  "set again": "update",
  update: "update",
  replace: "delete+create",
} as const

function expected(shows: Shows, baseline: PlanJson): Told {
  const told: Told = { actions: {}, drift: {} }
  for (const [address, what] of Object.entries(shows)) {
    told.actions[address] = typeof what === "string" ? ACTIONS[what] : ACTIONS[repairOf(address, Object.keys(what))]
    if (what === "gone" || what === "broken") told.drift[address] = {}
    if (typeof what === "string") continue
    const wanted = baseline.changes.find((c) => c.address === address)?.before as Value
    const pairs = Object.entries(what).map(
      ([path, found]) => [path, [withDevice(found), valueAt(wanted, path) ?? routesOf(wanted, path) ?? usual(path)]] as const,
    )
    // A limit that this host cannot hold is neither found nor wanted.
    told.drift[address] = Object.fromEntries(pairs.filter(([, [found, want]]) => found !== null || want !== null))
  }
  return { actions: sorted(told.actions), drift: sorted(told.drift) }
}

/** Of the routes that come with addresses: those to their subnets. */
function routesOf(wanted: Value, path: string): Value | undefined {
  const addresses = path.endsWith("prefix_routes") ? valueAt(wanted, path.replace("prefix_routes", "address")) : undefined
  return addresses === undefined ? undefined : prefixesOf(addresses as string[])
}

/** That of the links of the stack `lab`: `ip link show lab-lan`. */
const GROUP = 1405371821

/** What an option is that the stack does not name; null: nothing. */
function usual(path: string): Value {
  const all: { readonly [path: string]: Value } = { ...BRIDGE_DEFAULTS, inside_master: "", frozen: false, stopped: false }
  const [end, option = ""] = path.split(".")
  if (end === "l3mdev") return true
  if (path === "group" || /^endpoints\.\d\.group$/.test(path)) return GROUP
  return (end === "host_end" ? { ...PORT_DEFAULTS, state: "forwarding" }[option as keyof typeof PORT_DEFAULTS] : all[path]) ?? null
}

function withDevice(value: Value): Value {
  return JSON.parse(JSON.stringify(value).replaceAll("$device", someDevice() ?? ""))
}

function sorted<T>(map: { [key: string]: T }): { [key: string]: T } {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}

// --------------------------------------------------------------------------- how it is repaired

/** In place: the same object. Made anew: another one. Restarted: another process in the same namespaces. All else is what it was. */
function expectRepaired(before: { [address: string]: string }, after: { [address: string]: string }, shows: Shows): void {
  const anew = Object.entries(shows)
    .filter(([address, what]) => isAnew(address, what))
    .map(([address]) => address)
  const restarted = Object.entries(shows)
    .filter(([, what]) => typeof what !== "string" && "state" in what)
    .map(([address]) => address)
  const kept = (all: { [address: string]: string }) =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([address]) => !anew.includes(address))
        .map(([address, identity]) => [address, restarted.includes(address) ? keptByRestart(identity) : identity]),
    )
  assert.equal(kept(after), kept(before))
  for (const address of [...anew, ...restarted].filter((one) => one.startsWith("container.")))
    assert.is.not(after[address], before[address], address)
}

function isAnew(address: string, what: Shows[string]): boolean {
  return typeof what === "string" ? what !== "set again" : repairOf(address, Object.keys(what)) === "replace"
}
