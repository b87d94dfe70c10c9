import type { Kernel } from "../kernel/kernel.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { LinkKindName } from "../kinds/interface/spec-link-kinds.ts"
import { LINK_KINDS } from "../kinds/interface/spec-link-kinds.ts"
import { places } from "../kinds/link/places.ts"
import type { Scope } from "../model/driver.ts"
import type { HostFacts } from "../model/resource.ts"
import { unloadedModules } from "./modules.ts"

/** What links with one end are planned with; nothing for a stack that has none. */
export function linkFacts(scope: Scope): Pick<HostFacts, "links"> {
  const wanted = scope.desired.resources.flatMap(({ kind, attributes }) =>
    kind === "interface" ? ((attributes as unknown as InterfaceAttributes).link ?? []) : [],
  )
  if (wanted.length === 0) return {}
  const mtus = Object.fromEntries(scope.host.links.map(({ name, mtu }) => [name, mtu]))
  const there = new Set(places(scope).flatMap(({ dump }) => dump.links.map(({ kind }) => kind)))
  return {
    links: {
      mtus,
      lacking: lacking(
        scope.kernel,
        [...new Set(wanted.map(({ kind }) => kind))].filter((kind) => !there.has(kind)),
      ),
    },
  }
}

/**
 * Kinds are tried, each in a namespace that ends with the trial. Trying makes the kernel load a module, which is a change of the host that no
 * plan may make: of a kind whose module is on the disk, the kernel is taken to have it.
 */
function lacking(kernel: Kernel, kinds: readonly LinkKindName[]): { [kind: string]: string } {
  if (kinds.length === 0) return {}
  const unloaded = unloadedModules(kernel)
  const tried = kernel.tries(kinds.filter((kind) => !unloaded.has(LINK_KINDS[kind].module)).map((kind) => `link:${kind}`))
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const { errno, text } = tried.get(`link:${kind}`) ?? { errno: "", text: "" }
      return errno === "EOPNOTSUPP" ? [[kind, text === "" ? errno : `${errno}: ${text}`]] : []
    }),
  )
}
