import type { Address } from "../base/address.ts"
import { grouped } from "../base/grouped.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { BridgeAttributes } from "../kinds/bridge/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { netnsOf } from "../kinds/link/netns.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import { isDoing } from "../model/change.ts"
import type { Run } from "../model/driver.ts"
import type { Plan } from "../model/plan.ts"
import type { Attributes, KindName, Snapshot } from "../model/resource.ts"

/** A link with a MAC address, and an IP address that it has. */
interface Holder {
  resource: Address
  /** `host`, or the address of its container. */
  container: string
  link: string
  /** Without its prefix length. */
  address: string
  mac: string
}

export type TakenOver = ReadonlyMap<Address, readonly Holder[]>

/**
 * By resource, the addresses that another MAC address had before: of another link, or of the same one. Who has spoken with the former goes on sending there, for up to
 * a minute, unless it is told.
 */
export function takenOver({ changes }: Plan, { resources }: Snapshot): TakenOver {
  const doing = changes.filter(isDoing)
  const coming = doing.flatMap(({ kind, address, after, fields, action }) => {
    const isMoved = action !== "update" || fields.some(({ path }) => /(^|\.)(address|mac)$/.test(path) || path.startsWith("endpoints"))
    return after === null || !isMoved ? [] : holdersIn(kind, address, after)
  })
  if (coming.length === 0) return new Map()
  const whole = [...resources.values()].filter(({ incomplete }) => incomplete === undefined)
  const before = grouped(
    whole.flatMap((one) => holdersIn(one.kind, one.address, one.attributes)),
    ({ address }) => address,
  )
  const taken = coming.filter(({ address, mac }) => {
    const had = before.get(address)
    return had !== undefined && !had.some((one) => one.mac === mac)
  })
  return grouped(taken, ({ resource }) => resource)
}

function holdersIn(kind: KindName, resource: Address, attributes: Attributes): Holder[] {
  const each = (container: string, link: string, mac: string | undefined, addresses: readonly string[]) =>
    mac === undefined ? [] : addresses.map((text): Holder => ({ resource, container, link, mac, address: text.replace(/\/.*/, "") }))
  if (kind === "bridge") {
    const { interface: link, mac, address } = attributes as unknown as BridgeAttributes
    return each("host", link, mac, address)
  }
  if (kind === "interface") {
    const { container, interface: link, mac, address } = attributes as unknown as InterfaceAttributes
    return each(container, link, mac, address)
  }
  if (kind !== "veth") return []
  const { endpoints } = attributes as unknown as VethAttributes
  return endpoints.flatMap(({ container, interface: link, mac, address }) => each(container, link, mac, address))
}

/** Tells the neighbours, once the links are as they are to be. Who cannot be told finds out by itself, so that no refusal matters. */
export function announce(holders: readonly Holder[], run: Run): void {
  for (const [, own] of grouped(holders, ({ container, link }) => `${container} ${link}`)) {
    const [first] = own
    if (first !== undefined) tell(run.kernel, netnsOf(run, first.container), first.link, own)
  }
}

function tell(kernel: Kernel, ns: Parameters<Kernel["announce"]>[0], link: string, holders: readonly Holder[]): void {
  try {
    kernel.announce(
      ns,
      link,
      holders.map(({ address, mac }) => ({ address, mac })),
    )
  } catch (failure) {
    if (!(failure instanceof KernelError)) throw failure
  }
}
