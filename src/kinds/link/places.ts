import type { Address } from "../../base/address.ts"
import type { Link, NetDump } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Attributes } from "../../model/resource.ts"

/** A network namespace that links of the stack can be in. */
export interface Place {
  container: Address | "host"
  dump: NetDump
}

/** Found once for each observation, for all kinds of links. */
const KNOWN = new WeakMap<Scope, readonly Place[]>()

/** All network namespaces a link of this stack can be in, each once: one that containers share is its owner's. */
export function places(scope: Scope): readonly Place[] {
  const known = KNOWN.get(scope) ?? [...findPlaces(scope)]
  KNOWN.set(scope, known)
  return known
}

function* findPlaces(scope: Scope): Generator<Place> {
  yield { container: "host", dump: scope.host }
  const seen = new Set<string>()
  for (const name of ownersFirst(scope)) {
    const net = scope.monitors.get(name)?.net ?? ""
    const dump = seen.has(net) ? undefined : scope.dumpOf(name)
    seen.add(net)
    if (dump !== undefined) yield { container: `container.${name}`, dump }
  }
}

function ownersFirst(scope: Scope): string[] {
  const joining = new Set(scope.desired.resources.filter((r) => joinsNetwork(r.attributes)).map((r) => r.name))
  const names = [...scope.monitors].filter(([, monitor]) => monitor.netns !== undefined).map(([name]) => name)
  return [...names.filter((name) => !joining.has(name)), ...names.filter((name) => joining.has(name))]
}

function joinsNetwork({ namespaces }: Attributes): boolean {
  return (namespaces as { net?: string } | undefined)?.net?.startsWith("container:") === true
}

/** The link of the host that may be the other end: the numbers fit, but where both are elsewhere they may do so by chance. */
export function peerOnHost(scope: Scope, inside: Link): Link | undefined {
  const outside = scope.linkByIndex(inside.peerIndex)
  return inside.kind === "veth" && outside?.kind === "veth" && outside.peerIndex === inside.index ? outside : undefined
}
