import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"

const AS_ROOT = "run it as root"

/** What an ordinary user's container cannot have: each by its name, before anything is done. */
export function rootlessProblems(resource: Resource, host: HostFacts): Diagnostic[] {
  if (host.rootless === undefined) return []
  const { image, namespaces, uid_map, gid_map } = resource.attributes as unknown as ContainerAttributes
  const refuse = (path: string, summary: string, rest: { detail: string; hint: string }) => {
    const range = resource.range(path) ?? resource.range()
    return error("needs-root", summary, { address: resource.address, ...rest, ...(range === undefined ? {} : { range }) })
  }
  const shared = { detail: "an ordinary user has none of the host's ids but its own", hint: `take it out, or ${AS_ROOT}` }
  const pids = {
    detail: "without a group of its own the processes of a container are known, and ended, by its pid namespace",
    hint: `take it out, or ${AS_ROOT}, or in a delegated group (systemd-run --user --scope -p Delegate=yes stack …)`,
  }
  const { uid, gid } = host.subordinateIds
  const below = namespaces.mount === "new" ? mountBelow(image, host.rootless.mounts) : undefined
  const covered = {
    detail:
      "an ordinary user may not look below a mount of the host, so that a folder with one in it cannot be the lower layer of an overlay",
    hint: `unmount it, or name another image, or ${AS_ROOT}`,
  }
  const foreign = [...outside(uid_map, uid), ...outside(gid_map, gid)]
  return [
    ...(namespaces.user === "host" ? [refuse("namespaces.user", "namespaces.user: host needs root", shared)] : []),
    ...(namespaces.pid === "new" || host.rootless.groups
      ? []
      : [refuse("namespaces.pid", `namespaces.pid: ${namespaces.pid} needs root`, pids)]),
    ...(below === undefined ? [] : [refuse("image", `image ${image} needs root here: ${below} is a mount in it`, covered)]),
    ...foreign.slice(0, 1).map((range) => refuse("idmap", `the ids ${range} are not this user's`, { detail: ownText(uid), hint: HINT })),
  ]
}

/** Folders of the host that `image: host` shows as overlays; links among them lead to these. HOST_FOLDERS of rootfs.ts */
const LOWER = /^\/(usr|etc|opt|bin|sbin|lib[^/]*)\//

/** A mount strictly below what an overlay of the image lies on. */
function mountBelow(image: string, mounts: readonly string[]): string | undefined {
  if (image === "host") return mounts.find((path) => LOWER.test(path))
  const folder = image.slice("dir:".length)
  return mounts.find((path) => path.startsWith(folder === "/" ? folder : `${folder}/`) && path !== "/")
}

const HINT = "leave `idmap` out, or write `size: N`, for a range of its own"

function ownText(ranges: HostFacts["subordinateIds"]["uid"]): string {
  const list = ranges.map(({ host, count }) => `${host}-${host + count - 1}`).join(", ")
  return `for an ordinary user the host's ids of a map are numbered in its own user namespace, where it has ${list || "none"} (by /etc/subuid)`
}

function outside(map: ContainerAttributes["uid_map"], own: HostFacts["subordinateIds"]["uid"]): string[] {
  if (!Array.isArray(map)) return []
  const holds = (first: number, last: number) => own.some(({ host, count }) => host <= first && last < host + count)
  return map.filter(({ host, count }) => !holds(host, host + count - 1)).map(({ host, count }) => `${host}-${host + count - 1}`)
}
