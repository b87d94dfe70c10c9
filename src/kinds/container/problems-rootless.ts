import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Something that an ordinary user's container cannot have: the field, and why. */
interface Refusal {
  path: string
  summary: string
  detail: string
  hint: string
}

const AS_ROOT = "run it as root"
const AS_ROOT_OR_DELEGATED = `${AS_ROOT}, or in a delegated group (systemd-run --user --scope -p Delegate=yes stack …)`

/** What needs root, each by its name, before anything is done. Nothing of a stack that is root's. */
export function rootlessProblems(resource: Resource, { rootless, subordinateIds }: HostFacts): Diagnostic[] {
  if (rootless === undefined) return []
  const attributes = resource.attributes as unknown as ContainerAttributes
  const refusals = [
    ...(rootless.groups ? [] : withoutGroups(attributes)),
    ...imageRefusals(attributes, rootless.mounts),
    ...mountRefusals(attributes),
    ...idRefusals(attributes, subordinateIds),
  ]
  return refusals.map(({ path, summary, detail, hint }) => {
    const range = resource.range(path) ?? resource.range()
    return error("needs-root", summary, { address: resource.address, detail, hint, ...(range === undefined ? {} : { range }) })
  })
}

function withoutGroups({ namespaces, init }: ContainerAttributes): Refusal[] {
  const pid: Refusal = {
    path: "namespaces.pid",
    summary: `namespaces.pid: ${namespaces.pid} needs root`,
    detail: "without a group of its own the processes of a container are known, and ended, by its pid namespace",
    hint: `take it out, or ${AS_ROOT_OR_DELEGATED}`,
  }
  const systemd: Refusal = {
    path: "init",
    summary: "init: systemd needs root",
    detail: "systemd manages groups of cgroups, and none belongs to this user",
    hint: AS_ROOT_OR_DELEGATED,
  }
  return [...(namespaces.pid === "new" ? [] : [pid]), ...(init === "systemd" ? [systemd] : [])]
}

function imageRefusals(attributes: ContainerAttributes, mounts: readonly string[]): Refusal[] {
  const { image, namespaces } = attributes
  if (namespaces.mount !== "new") return []
  const unmapped: Refusal = {
    path: "image",
    summary: `image ${image.split("#")[0]} needs root with ids of the container's own`,
    detail: "its files are to show the container's ids, and only root may mount a file system of the host's so (mount_setattr(2))",
    hint: `leave \`idmap\` out for the ids that the files have, use image: host, or ${AS_ROOT}`,
  }
  if (image !== "host") return mayShift(attributes) ? [unmapped] : []
  const below = mounts.find((path) => LOWER.test(path))
  const covered: Refusal = {
    path: "image",
    summary: `image host needs root here: ${below} is a mount in it`,
    detail: "an ordinary user may not look below a mount of the host, so that a folder with one in it is no lower layer of an overlay",
    hint: `unmount it, or ${AS_ROOT}`,
  }
  return below === undefined ? [] : [covered]
}

function idRefusals({ namespaces, uid_map, gid_map }: ContainerAttributes, { uid, gid }: HostFacts["subordinateIds"]): Refusal[] {
  const shared: Refusal = {
    path: "namespaces.user",
    summary: "namespaces.user: host needs root",
    detail: "an ordinary user has none of the host's ids but its own",
    hint: `take it out, or ${AS_ROOT}`,
  }
  if (namespaces.user === "host") return [shared]
  const [foreign] = [...outside(uid_map, uid), ...outside(gid_map, gid)]
  if (foreign === undefined) return []
  const hint = "leave `idmap` out, or write `size: N`, for a range of its own"
  return [{ path: "idmap", summary: `the ids ${foreign} are not this user's`, detail: ownText(uid), hint }]
}

/** Of what is mounted from outside, the ids are the files' own: a container with others would not see whose they are. */
function mountRefusals(attributes: ContainerAttributes): Refusal[] {
  const shifted = Array.isArray(attributes.uid_map) ? mayShift(attributes) : attributes.image === "host"
  if (attributes.namespaces.mount !== "new" || !shifted) return []
  const [target, mount] =
    Object.entries(attributes.mounts).find(([, mount]) => mount.type === "volume" || (mount.type === "bind" && mount.idmapped)) ?? []
  if (target === undefined || mount === undefined) return []
  const what = mount.type === "volume" ? `volume ${mount.source}` : `bind ${target} with idmapped`
  return [
    {
      path: `mounts.${target}`,
      summary: `${what} needs root with ids of the container's own`,
      detail: "its files are to show the container's ids, and only root may mount a file system of the host's so (mount_setattr(2))",
      hint: `give the container an image of its own (dir:, tar:, docker://), which has this user's ids, or ${AS_ROOT}`,
    },
  ]
}

/** Its ids may be others than those of the files it is shown. */
function mayShift({ uid_map, gid_map }: ContainerAttributes): boolean {
  return [uid_map, gid_map].some((map) =>
    Array.isArray(map) ? map.some(({ container, host }) => container !== host) : map.orLess !== true,
  )
}

/** Folders of the host that `image: host` shows as overlays; links among them lead to these. HOST_FOLDERS of rootfs.ts */
const LOWER = /^\/(usr|etc|opt|bin|sbin|lib[^/]*)\//

function ownText(ranges: HostFacts["subordinateIds"]["uid"]): string {
  const list = ranges.map(({ host, count }) => `${host}-${host + count - 1}`).join(", ")
  return `for an ordinary user the host's ids of a map are numbered in its own user namespace, where it has ${list || "none"} (by /etc/subuid)`
}

function outside(map: ContainerAttributes["uid_map"], own: HostFacts["subordinateIds"]["uid"]): string[] {
  if (!Array.isArray(map)) return []
  // 0 is the user itself.
  const holds = (first: number, last: number) => last === 0 || own.some(({ host, count }) => host <= first && last < host + count)
  return map.filter(({ host, count }) => !holds(host, host + count - 1)).map(({ host, count }) => `${host}-${host + count - 1}`)
}
