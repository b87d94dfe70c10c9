import { formatCidr, networkOf, parseCidr } from "../../base/ip.ts"
import type { Entry } from "../../model/entry.ts"
import type { BridgeAttributes } from "../bridge/spec.ts"
import type { NatAttributes } from "./spec.ts"
import { FORWARDING, masqueradeText } from "./spec.ts"

/** What `nat: true` of a bridge asks for. A bridge without a subnet of its own is a mistake. */
export function expandNat(bridge: BridgeAttributes, entry: Entry): NatAttributes {
  const addresses = bridge.address.flatMap((text) => parseCidr(text) ?? [])
  // Where an address is mistaken, that is what there is to say.
  if (addresses.length === 0 && !entry.has(["address"]) && !entry.misspelt("address")) {
    entry.report(["nat"], "nat-without-subnet", `${entry.address} has no subnet whose packets could be masqueraded`, {
      hint: "give the bridge an address, the gateway of its containers: `address: 10.20.0.1/24`",
    })
  }
  const rules = addresses.map((address) =>
    masqueradeText({ family: address.family === 4 ? "ip" : "ip6", source: formatCidr(networkOf(address)), bridge: bridge.interface }),
  )
  const families = new Set(addresses.map(({ family }) => (family === 4 ? ("ip" as const) : ("ip6" as const))))
  return {
    rules: [...new Set(rules)].sort(),
    sysctls: Object.fromEntries([...families].sort().map((family) => [FORWARDING[family], "1"])),
  }
}
