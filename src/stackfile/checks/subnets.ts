import type { Cidr } from "../../base/ip.ts"
import { formatCidr, lastOf, networkOf, parseCidr } from "../../base/ip.ts"
import type { Draft } from "../resolve.ts"
import type { Spot } from "./spots.ts"
import { addressPath, placeText } from "./spots.ts"

/** Two bridges with overlapping subnets: the host would send to one of them what is the other's. */
export function checkSubnets(draft: Draft): void {
  const found = draft.bridges.flatMap(({ attributes, entry, source, value }) =>
    attributes.address.flatMap((address): { net: Cidr; spot: Spot }[] => {
      const cidr = parseCidr(address)
      const path = addressPath(["address"], value.address, address)
      return cidr === undefined ? [] : [{ net: networkOf(cidr), spot: { who: entry.address, entry, source, path } }]
    }),
  )
  const sorted = found
    .map((f, i) => ({ ...f, i }))
    .sort((a, b) => a.net.family - b.net.family || compare(a.net.value, b.net.value) || a.i - b.i)
  let widest: (typeof sorted)[number] | undefined
  for (const one of sorted) {
    const meets = widest !== undefined && widest.net.family === one.net.family && lastOf(widest.net).value >= one.net.value
    if (widest !== undefined && meets && widest.spot.who !== one.spot.who) tell(widest, one)
    if (widest === undefined || !meets || lastOf(one.net).value > lastOf(widest.net).value) widest = one
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The later in the file is told. */
function tell(a: { net: Cidr; spot: Spot; i: number }, b: { net: Cidr; spot: Spot; i: number }): void {
  const [first, second] = a.i < b.i ? [a, b] : [b, a]
  const summary = `subnet ${formatCidr(second.net)} overlaps ${first.spot.who}'s ${formatCidr(first.net)} (${placeText(first.spot)})`
  second.spot.entry.report(second.spot.path, "subnet-overlap", summary, { hint: "give each bridge a subnet of its own" })
}
