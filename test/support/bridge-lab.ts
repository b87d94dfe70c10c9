import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inits, inside, planOf, verdicts } from "./lab.ts"
import type { Sandbox } from "./sandbox.ts"

/** Two containers on a bridge: what is set of it, and of their interfaces. */
export const lab = (bridge: string, web: string, db = "") => `
name: lab
bridges: { lan: { address: 10.20.0.1/24, ${bridge} } }
containers:
  web:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24, ${web} } }
  db:
    command: [sleep, infinity]
    interfaces: { eth0: { bridge: lan, address: 10.20.0.3/24, ${db} } }
`

/** The file is changed, the plan says exactly this, and the containers run on. */
export function turn(sandbox: Sandbox, text: string, expected: string[]): void {
  const before = inits(sandbox, "lab")
  const file = sandbox.file("stack.yaml", text)
  assert.equal(verdicts(planOf(sandbox, file)), expected)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal(inits(sandbox, "lab"), before)
}

/** What `import --live` writes plans to nothing. */
export function again(sandbox: Sandbox): void {
  expectStatus(sandbox.stack(["import", "--live", "-p", "lab", "-o", "again.yaml"]), 0)
  expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", "again.yaml"]), 0)
}

/** A second question for the address goes out after a second: the first one is lost where the bridge has not yet seen that its new port has a carrier. */
export function ping(sandbox: Sandbox, from: string, to: string): number {
  return inside(inits(sandbox, "lab")[from] as number, "-n", "ping", "-c1", "-W3", to).status
}
