import type { Diagnostic } from "../base/diagnostic.ts"
import type { Limits } from "../kinds/cgroup/spec.ts"
import { USUAL_PIDS } from "../kinds/cgroup/spec.ts"
import type { HostsAttributes } from "../kinds/hosts/spec.ts"
import type { Attributes, Desired, HostFacts, KindName, Resource, Snapshot, Value } from "../model/resource.ts"
import { chosenIps, isChosen, withChosenAddresses } from "./hosts-lines.ts"
import { chooseIdRanges } from "./id-ranges.ts"
import type { ChosenAddresses } from "./ip-addresses.ts"
import { chooseAddresses } from "./ip-addresses.ts"
import { withTargets } from "./port-targets.ts"

export interface Settled {
  desired: Desired
  diagnostics: Diagnostic[]
}

/**
 * The desired state with every automatic value chosen: IP addresses and id ranges. What a resource already has is kept
 * if it is still valid, so that a stack that grows moves nobody; the rest is found by the hash of the name, whatever
 * the order of the file.
 */
export function settle(desired: Desired, snapshot: Snapshot): Settled {
  const ids = chooseIdRanges(desired.stack, sorted(desired, "container"), snapshot)
  const ips = chooseAddresses(desired, sorted(desired, "interface"), snapshot)
  const resources = desired.resources.map((resource): Resource => {
    if (resource.kind === "hosts") return ips.addresses.size === 0 ? resource : withHosts(resource, ips.addresses)
    const address = ips.addresses.get(resource.address)
    const chosen: Attributes | undefined = address === undefined ? ids.maps.get(resource.address) : { address }
    const limits = usualLimits(resource, snapshot.host)
    const dns = chosenServers(resource, ips.addresses)
    return chosen === undefined && limits === undefined && dns === undefined
      ? resource
      : { ...resource, attributes: { ...resource.attributes, ...chosen, ...limits, ...dns } }
  })
  return { desired: { ...desired, resources: withTargets(resources) }, diagnostics: [...ids.diagnostics, ...ips.diagnostics] }
}

/** A container of which the file says nothing has so many processes, where the host can hold it to that. */
function usualLimits({ kind, attributes }: Resource, { controllers }: HostFacts): { limits: Value } | undefined {
  const { limits } = attributes as { limits?: Limits }
  if (kind !== "container" || limits === undefined || limits.pids !== undefined || !Object.hasOwn(controllers, "pids")) return undefined
  return { limits: { ...limits, pids: USUAL_PIDS } as Value }
}

/** Addresses of resolvers; as many as are asked. */
function chosenServers({ kind, attributes: { dns } }: Resource, chosen: ChosenAddresses["addresses"]): { dns: Value } | undefined {
  if (!Array.isArray(dns) || kind !== "container" || !dns.some(isChosen)) return undefined
  return { dns: chosenIps(dns as string[], chosen) }
}

function withHosts(resource: Resource, chosen: ChosenAddresses["addresses"]): Resource {
  const attributes = withChosenAddresses(resource.attributes as unknown as HostsAttributes, chosen)
  return { ...resource, attributes: attributes as unknown as Attributes }
}

function sorted(desired: Desired, kind: KindName): Resource[] {
  return desired.resources.filter((r) => r.kind === kind).sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
}
