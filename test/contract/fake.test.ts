import { test } from "uvu"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import type { Layout } from "../support/fake-kernel/machine.ts"
import { addressContract } from "./addresses-contract.ts"
import { archiveContract } from "./archives-contract.ts"
import { bondContract } from "./bond-contract.ts"
import { cgroupContract } from "./cgroups-contract.ts"
import { fileContract } from "./files-contract.ts"
import { linkContract, vlanContract } from "./links-contract.ts"
import { packetRulesContract } from "./packet-rules-contract.ts"
import { processContract } from "./processes-contract.ts"
import type { Contract } from "./subject.ts"
import { taggedContract } from "./tagged-contract.ts"
import { vxlanContract } from "./vxlan-contract.ts"
import { wireGuardContract } from "./wireguard-contract.ts"

/** A new machine for each test. */
function holdsOnFake(layout: Layout, contract: Contract): void {
  const execError = ({ argv }: { argv: readonly string[] }) => (argv[0]?.startsWith("/no/") ? "ENOENT" : undefined)
  for (const [sentence, body] of Object.entries(contract)) {
    test(`fake, ${layout}: ${sentence}`, () => {
      const kernel = fakeKernel({ layout, execError })
      kernel.mkdir("/tmp/contract")
      return body({ kernel, folder: "/tmp/contract" })
    })
  }
}

for (const contract of [
  linkContract,
  vlanContract,
  addressContract,
  fileContract,
  archiveContract,
  processContract,
  packetRulesContract,
  wireGuardContract,
  bondContract,
  taggedContract,
  vxlanContract,
])
  holdsOnFake("v2", contract)
for (const layout of ["v1", "hybrid", "v2"] as const) holdsOnFake(layout, cgroupContract)

test.run()
