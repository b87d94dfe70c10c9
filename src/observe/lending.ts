import type { Link } from "../kernel/kernel.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { ownerProblem } from "../kinds/link/adoptable.ts"
import { formerOf, formerOfHost, hasRoom, isHardware } from "../kinds/link/lent.ts"
import { places } from "../kinds/link/places.ts"
import type { Scope } from "../model/driver.ts"
import { addressOfAlias, STACK_ALIAS } from "../model/ownership.ts"
import type { HostFacts, Resource } from "../model/resource.ts"

type Device = Required<Required<HostFacts>["links"]>["devices"][string]

/** Of the devices that interfaces are lent: what there is to say about each. */
export function lendingFacts(scope: Scope): { devices: { [name: string]: Device } } | undefined {
  const wanted = scope.desired.resources.filter(({ attributes }) => (attributes as unknown as InterfaceAttributes).link?.kind === "phys")
  if (wanted.length === 0) return undefined
  return {
    devices: Object.fromEntries(
      wanted.flatMap((resource) => {
        const { link } = resource.attributes as unknown as InterfaceAttributes
        const name = link?.parent ?? ""
        const found = deviceOf(scope, resource, name)
        return found === undefined ? [] : [[name, found]]
      }),
    ),
  }
}

function deviceOf(scope: Scope, resource: Resource, name: string): Device | undefined {
  if (isLentAlready(scope, name)) return {}
  const device = scope.host.links.find((link) => link.name === name)
  if (device === undefined) return undefined
  const why = whyNot(scope, resource, device)
  return why === undefined ? {} : { why }
}

function isLentAlready(scope: Scope, name: string): boolean {
  const isIt = (link: Link) => addressOfAlias(scope.stack, link.alias) !== undefined && formerOf(link)?.name === name
  return places(scope).some(({ dump }) => dump.links.some(isIt))
}

/** Why the host cannot do without it, or could not get it back as it was. */
function whyNot(scope: Scope, { attributes }: Resource, device: Link): string | undefined {
  const { index, kind, master, alias } = device
  if (!isHardware(device))
    return kind === ""
      ? "every namespace has its own"
      : `it is no hardware but a ${kind}, which the kernel deletes with a container's namespace`
  const owner = alias.startsWith(STACK_ALIAS) ? ownerProblem(scope.stack, device) : undefined
  if (owner !== undefined) return owner.summary
  if (master !== 0) return `it is a port of ${scope.linkByIndex(master)?.name ?? "another link"}`
  const own = scope.host.addresses.filter((one) => one.index === index && one.scope !== "link").map(({ address }) => address)
  if (own.length > 0) return `the host has addresses on it (${own.join(", ")}), which would be lost`
  return hasRoom(attributes.alias as string, formerOfHost(device)) ? undefined : "its alias is too long to be kept beside the stack's mark"
}
