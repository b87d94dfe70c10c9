import { formatCidr, networkOf, parseCidr } from "../../base/ip.ts"
import type { Kernel, KernelError, NetDump, NetNs, NetRequest } from "../../kernel/kernel.ts"
import { canonicalAddresses } from "./addresses.ts"

/** What the kernel says of a next hop that is in no subnet which a link reaches: of IPv4, and of IPv6. */
const NO_WAY = new Set(["ENETUNREACH", "EHOSTUNREACH"])
/** RTPROT_KERNEL: made with the address of a link. rtnetlink(7) */
const RTPROT_KERNEL = 2
/** IP6_RT_PRIO_ADDRCONF: the metric of those of IPv6. */
const METRIC6 = 256
/** Prefix lengths that are no subnet, but one address. */
const WHOLE = { 4: 32, 6: 128 } as const

/**
 * As `net` of the kernel's port. Where a next hop is refused, and it turns out that somebody has taken away the routes that the kernel made with the
 * addresses of links (`ip route flush table main`), these are set again, and what was refused is asked for once more.
 */
export function sendRouted(kernel: Kernel, ns: NetNs, requests: readonly NetRequest[]): (KernelError | null)[] {
  const answers = kernel.net(ns, requests)
  if (!answers.some((answer) => answer !== null && NO_WAY.has(answer.errno))) return answers
  const lost = lostRoutes(kernel.dump(ns))
  if (lost.length === 0) return answers
  kernel.net(ns, lost)
  const refused = answers.flatMap((answer, i) => (answer === null ? [] : [i]))
  const again = kernel.net(
    ns,
    refused.map((i) => requests[i] as NetRequest),
  )
  for (const [n, i] of refused.entries()) answers[i] = again[n] ?? null
  return answers
}

/** Routes of the main table that the kernel makes with an address of a link that is up; in a vrf they are in that one's table. */
function lostRoutes(dump: NetDump): NetRequest[] {
  const { links, routes } = dump
  const vrfs = new Set(links.filter(({ kind }) => kind === "vrf").map(({ index }) => index))
  const able = links.filter(({ up, master }) => up && !vrfs.has(master))
  return able.flatMap(({ index }) =>
    canonicalAddresses(dump, index).flatMap((address): NetRequest[] => {
      const cidr = parseCidr(address)
      if (cidr === undefined || cidr.prefix >= WHOLE[cidr.family]) return []
      const to = formatCidr(networkOf(cidr))
      // One of another link to the same subnet would be replaced.
      if (routes.some((route) => route.to === to)) return []
      const own = cidr.family === 4 ? ({ scope: "link", src: address.slice(0, address.indexOf("/")) } as const) : { metric: METRIC6 }
      return [{ op: "route-replace", to, dev: index, protocol: RTPROT_KERNEL, ...own }]
    }),
  )
}
