import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { test } from "uvu"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { linuxKernel } from "../../src/kernel/linux.ts"
import { inOwnNamespaces } from "../kernel/own-namespaces.ts"
import { testsUnless } from "../support/skip.ts"
import { addressContract } from "./addresses-contract.ts"
import { archiveContract } from "./archives-contract.ts"
import { bondAdd, bondContract } from "./bond-contract.ts"
import { cgroupContract } from "./cgroups-contract.ts"
import { fileContract } from "./files-contract.ts"
import { bridgeAdd, linkContract, remove, vlanContract } from "./links-contract.ts"
import { packetRulesContract } from "./packet-rules-contract.ts"
import { processContract } from "./processes-contract.ts"
import type { Contract } from "./subject.ts"
import { PAIR, tagged, taggedContract } from "./tagged-contract.ts"
import { vxlanContract } from "./vxlan-contract.ts"
import { wireGuardAdd, wireGuardContract } from "./wireguard-contract.ts"

if (inOwnNamespaces(import.meta.url)) {
  const folder = mkdtempSync(`${tmpdir()}/stack-contract.`)
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const contract of [
    linkContract,
    addressContract,
    fileContract,
    archiveContract,
    processContract,
    cgroupContract,
    packetRulesContract,
    vxlanContract,
  ])
    holdsOnLinux(folder, contract)
  holdsOnLinux(folder, vlanContract, withoutVlans())
  holdsOnLinux(folder, wireGuardContract, without("wireguard", wireGuardAdd("probe")))
  holdsOnLinux(folder, bondContract, without("bond", bondAdd("probe")))
  holdsOnLinux(folder, taggedContract, withoutTagged())
  test.run()
}

function withoutVlans(): string | undefined {
  const requests = [bridgeAdd("probe", { bridge: { vlan_filtering: true } }), remove("probe")]
  return linuxKernel().net("host", requests)[0] === null ? undefined : "this kernel's bridges filter no VLANs"
}

function withoutTagged(): string | undefined {
  const [, answer] = linuxKernel().net("host", [PAIR, tagged("probe", "va", 5), remove("va")])
  return answer === null ? undefined : "this kernel has no vlan"
}

function without(kind: string, adding: NetRequest): string | undefined {
  return linuxKernel().net("host", [adding, remove("probe")])[0] === null ? undefined : `this kernel has no ${kind}`
}

function holdsOnLinux(folder: string, contract: Contract, lacking?: string): void {
  const kernel = linuxKernel()
  const it = testsUnless(lacking)
  for (const [sentence, body] of Object.entries(contract)) {
    it(`linux: ${sentence}`, async () => {
      try {
        await body({ kernel, folder })
      } finally {
        // What a failed test leaves must not fail the next. The namespace has no other links.
        for (const link of kernel.dump("host").links) if (link.name !== "lo") kernel.net("host", [{ op: "link-delete", link: link.index }])
      }
    })
  }
}
