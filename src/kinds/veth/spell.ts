import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { oneOrList, unless, withoutAbsent } from "../../model/spelt.ts"
import { spellImpair } from "../link/spell-impair.ts"
import type { VethAttributes } from "./spec.ts"

type Endpoint = VethAttributes["endpoints"][number]

/** A pair as a person would write it. `usual`: what it is with nothing said of its ends but where they are. */
export function spellVeth(have: VethAttributes, usual: VethAttributes): SpeltMap {
  return withoutAbsent({
    mtu: unless(usual.mtu, have.mtu),
    endpoints: have.endpoints.map((end, i) => spellEnd(end, usual.endpoints[i] as Endpoint)),
  })
}

/** `web:eth1` where that says all. */
function spellEnd({ container, interface: name, address, mac, up, impair, accept_ra }: Endpoint, usual: Endpoint): Spelt {
  const holder = container.replace(/^container\./, "")
  const rest = withoutAbsent({
    address: oneOrList(address),
    mac: unless(usual.mac, mac),
    up: unless(usual.up, up),
    accept_ra,
    impair: spellImpair(impair),
  })
  return Object.keys(rest).length === 0 ? `${holder}:${name}` : { container: holder, interface: name, ...rest }
}
