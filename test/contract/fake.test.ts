import { test } from "uvu"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import type { Layout } from "../support/fake-kernel/machine.ts"
import { addressContract } from "./addresses-contract.ts"
import { cgroupContract } from "./cgroups-contract.ts"
import { fileContract } from "./files-contract.ts"
import { linkContract } from "./links-contract.ts"
import { processContract } from "./processes-contract.ts"
import type { Contract } from "./subject.ts"

/** A new machine for each test. */
function onFake(layout: Layout): Contract {
  return (name, body) =>
    test(`fake, ${layout}: ${name}`, () => {
      const execError = ({ argv }: { argv: readonly string[] }) => (argv[0]?.startsWith("/no/") ? "ENOENT" : undefined)
      const kernel = fakeKernel({ layout, execError })
      kernel.mkdir("/tmp/contract")
      return body({ kernel, folder: "/tmp/contract" })
    })
}

for (const contract of [linkContract, addressContract, fileContract, processContract]) contract(onFake("v2"))
for (const layout of ["v1", "hybrid", "v2"] as const) cgroupContract(onFake(layout))

test.run()
