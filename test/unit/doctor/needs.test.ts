import { test } from "uvu"
import * as assert from "uvu/assert"
import { kernelChecks } from "../../../src/doctor/kernel.ts"
import { unmetNeeds } from "../../../src/doctor/needs.ts"
import { loadText } from "../stackfile/load.ts"

/** What is said of these bridges, and a container with a port on `lan`, where the kernel refuses a rule. */
function saidWithout(rule: string, bridge: string, port = ""): string[] {
  const { desired } = loadText(`
name: lab
bridges: { lan: ${bridge} }
containers:
  web: { command: [sleep, infinity], ${port} interfaces: { eth0: { bridge: lan, address: 10.9.0.2/24 } } }
`)
  if (desired === undefined) throw new Error("the stack has a mistake")
  const refused = new Map([[`nftables:${rule}`, { errno: "ENOENT", text: "", inUserNamespace: false }]])
  const checks = kernelChecks(refused, new Set())
    // What was not tried at all is no refusal here.
    .map((one) => (one.id === `nftables:${rule}` ? one : { ...one, state: "yes" as const }))
  return unmetNeeds(desired, { checks, controllers: [] as never }).map(({ address, summary }) => `${address}: ${summary}`)
}

const PORT = 'ports: ["8080:80"],'
const NAT = "{ address: 10.9.0.1/24, nat: true }"
const ISOLATED = "{ address: 10.9.0.1/24, isolated: true }"

test("each kind of rule is needed by what has such a rule, and by nothing else", () => {
  const said = (rule: string) => [`nat.lan: nat.lan needs nf_tables ${rule}, which cannot be had here`]
  assert.equal(saidWithout("masquerade", NAT), said("masquerade"))
  assert.equal(saidWithout("masquerade", ISOLATED), [])
  assert.equal(saidWithout("dnat", NAT), [])
  for (const rule of ["dnat", "fib", "ct"]) assert.equal(saidWithout(rule, NAT, PORT), said(rule), rule)
})

test.run()
