import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import { grouped } from "../base/grouped.ts"
import type { ContainerAttributes, IdRange } from "../kinds/container/spec.ts"
import type { Desired, HostFacts, IdHolder, Resource } from "../model/resource.ts"
import { canonicalJson } from "./values.ts"

/**
 * Ids that the file names and that running containers of other stacks have: for each map and each of those stacks once. It may be meant, as one volume for both is,
 * and what a file says hangs on nothing that others do: that is no reason to do nothing.
 */
export function sharedIds({ resources }: Desired, { idHolders = [] }: HostFacts): Diagnostic[] {
  const byStack = [...grouped(idHolders, ({ stack }) => stack)].sort(([a], [b]) => (a < b ? -1 : 1))
  const told = new Set<string>()
  return resources
    .filter(({ kind }) => kind === "container")
    .flatMap((resource) =>
      byStack.flatMap(([stack, holders]) => {
        const both = shared(resource, holders)
        const { uid_map = null, gid_map = null } = resource.attributes
        const key = canonicalJson([stack, uid_map, gid_map])
        if (both === undefined || told.has(key)) return []
        told.add(key)
        return [diagnosticOf(resource, both)]
      }),
    )
}

interface Shared {
  what: "uid" | "gid"
  from: number
  to: number
  holders: readonly IdHolder[]
}

function shared({ attributes }: Resource, holders: readonly IdHolder[]): Shared | undefined {
  const { uid_map, gid_map } = attributes as unknown as ContainerAttributes
  return sharedIn("uid", uid_map, holders) ?? sharedIn("gid", gid_map, holders)
}

function sharedIn(what: "uid" | "gid", map: ContainerAttributes["uid_map"], all: readonly IdHolder[]): Shared | undefined {
  if (!Array.isArray(map)) return undefined
  const own = (map as readonly IdRange[]).filter(({ container, host }) => container !== host)
  const holders = all.filter((holder) => own.some((range) => holder[what].some((theirs) => overlap(range, theirs) !== undefined)))
  const [first] = holders
  const [both] = own.flatMap((range) => first?.[what].flatMap((theirs) => overlap(range, theirs) ?? []) ?? [])
  return both === undefined ? undefined : { what, ...both, holders }
}

type Ids = Pick<IdRange, "host" | "count">

function overlap(a: Ids, b: Ids): { from: number; to: number } | undefined {
  const [from, to] = [Math.max(a.host, b.host), Math.min(a.host + a.count, b.host + b.count) - 1]
  return from <= to ? { from, to } : undefined
}

function diagnosticOf(resource: Resource, { what, from, to, holders }: Shared): Diagnostic {
  const [first, ...others] = holders as readonly [IdHolder, ...IdHolder[]]
  const whose = `${first.address} of stack ${first.stack}${others.length === 0 ? "" : `, and ${others.length} more of it`}`
  const range = resource.range(`${what}_map`) ?? resource.range()
  return warning("ids-shared", `host ${what === "uid" ? "user" : "group"} ids ${from} to ${to} are those of ${whose} too`, {
    detail: "Containers with the same host ids can reach each other's processes and files.",
    hint: "choose another range, or leave `idmap` out for a free one, unless that is meant",
    address: resource.address,
    ...(range === undefined ? {} : { range }),
  })
}
