import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { ownerProblem } from "../kinds/link/adoptable.ts"
import { formerOf, formerOfHost, hasRoom } from "../kinds/link/lent.ts"
import { places } from "../kinds/link/places.ts"
import type { Scope } from "../model/driver.ts"
import { addressOfAlias, STACK_ALIAS } from "../model/ownership.ts"
import type { HostFacts, Resource } from "../model/resource.ts"

type Device = Required<Required<HostFacts>["links"]>["devices"][string]

/** Kinds that the kernel leaves in the namespace where they were made. `netns_immutable` in include/linux/netdevice.h */
const IMMUTABLE: ReadonlySet<string> = new Set(["bridge", "bond", "team", "vrf"])

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
  if (why !== undefined) return { why }
  return device.kind === "" ? {} : { virtual: device.kind }
}

function isLentAlready(scope: Scope, name: string): boolean {
  const isIt = (alias: string) => addressOfAlias(scope.stack, alias) !== undefined && formerOf({ alias })?.name === name
  return places(scope).some(({ dump }) => dump.links.some(({ alias }) => isIt(alias)))
}

/** Why the host cannot do without it, or could not get it back as it was. */
function whyNot(scope: Scope, { attributes }: Resource, device: Scope["host"]["links"][number]): string | undefined {
  const { index, name, kind, master, alias } = device
  if (name === "lo" && kind === "") return "every namespace has its own"
  if (IMMUTABLE.has(kind)) return `the kernel leaves a ${kind} where it was made`
  const owner = alias.startsWith(STACK_ALIAS) ? ownerProblem(scope.stack, device) : undefined
  if (owner !== undefined) return owner.summary
  if (master !== 0) return `it is a port of ${scope.linkByIndex(master)?.name ?? "another link"}`
  const own = scope.host.addresses.filter((one) => one.index === index && one.scope !== "link").map(({ address }) => address)
  if (own.length > 0) return `the host has addresses on it (${own.join(", ")}), which would be lost`
  return hasRoom(attributes.alias as string, formerOfHost(device)) ? undefined : "its alias is too long to be kept beside the stack's mark"
}
