import type { Kernel, Link } from "../kernel/kernel.ts"
import { VLAN_FILTERING } from "../kinds/bridge/problems.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { MadeKindName } from "../kinds/interface/spec-link-kinds.ts"
import { kernelKind, LINK_KINDS } from "../kinds/interface/spec-link-kinds.ts"
import { places } from "../kinds/link/places.ts"
import type { Scope } from "../model/driver.ts"
import type { HostFacts } from "../model/resource.ts"
import { lendingFacts } from "./lending.ts"
import { unloadedModules } from "./modules.ts"
import { keyFacts } from "./wireguard-keys.ts"

/** What links with one end are planned with; nothing for a stack that has none. */
export function linkFacts(scope: Scope): Pick<HostFacts, "links"> {
  const wanted = scope.desired.resources.flatMap(({ kind, attributes }) =>
    kind === "interface" ? ((attributes as unknown as InterfaceAttributes).link ?? []) : [],
  )
  const vlans = scope.desired.resources.some(({ kind, attributes }) => kind === "bridge" && attributes.vlan_filtering === true)
  if (wanted.length === 0 && !vlans) return {}
  const mtus = Object.fromEntries(scope.host.links.map(({ name, mtu }) => [name, mtu]))
  const there = new Set<string>(places(scope).flatMap(({ dump }) => dump.links.flatMap(traits)))
  const needed = [...wanted.flatMap(({ kind }) => (kind === "phys" ? [] : [kind])), ...(vlans ? [VLAN_FILTERING] : [])]
  return {
    links: {
      ...lendingFacts(scope),
      ...keyFacts(scope),
      mtus,
      lacking: lacking(
        scope.kernel,
        [...new Set(needed)].filter((kind) => !there.has(kind)),
      ),
    },
  }
}

/** Of what a live link is the proof that the kernel has it. */
function traits({ kind, bridge }: Link): string[] {
  if (kind === kernelKind("tap")) return ["tap"]
  return bridge?.vlan_filtering === true ? [kind, VLAN_FILTERING] : [kind]
}

/** The module of a kind, or of what bridges may do. */
function moduleOf(kind: string): string {
  return Object.hasOwn(LINK_KINDS, kind) ? LINK_KINDS[kind as MadeKindName].module : "bridge"
}

/** What the kernel says of a kind that it does not have; of a tap, where it has no such file, or nothing behind that. */
const LACKING = new Set(["EOPNOTSUPP", "ENOENT", "ENODEV", "ENXIO"])

/**
 * Kinds are tried, each in a namespace that ends with the trial. Trying makes the kernel load a module, which is a change of the host that no
 * plan may make: of a kind whose module is on the disk, the kernel is taken to have it.
 */
function lacking(kernel: Kernel, kinds: readonly string[]): { [kind: string]: string } {
  if (kinds.length === 0) return {}
  const unloaded = unloadedModules(kernel)
  const tried = kernel.tries(kinds.filter((kind) => !unloaded.has(moduleOf(kind))).map((kind) => `link:${kind}`))
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const { errno, text } = tried.get(`link:${kind}`) ?? { errno: "", text: "" }
      return LACKING.has(errno) ? [[kind, text === "" ? errno : `${errno}: ${text}`]] : []
    }),
  )
}
