import type { Kernel, PreparedEntry } from "../../kernel/kernel.ts"
import type { Run } from "../../model/driver.ts"
import { namesLayerOf } from "../../model/ownership.ts"
import type { ImageTop } from "./image-tops.ts"
import type { RootFacts } from "./rootfs.ts"
import type { ContainerAttributes, IdRange } from "./spec.ts"

/**
 * /etc/hostname is a link to what the kernel says, the same for all containers of a stack: it lies in a folder that they share, below the
 * layers of an image, or above the host's /etc. Only where an image has a file of its own there is one in the container's upper layer: each
 * inode that a container needs is a third of a millisecond of ext4's. docs/decisions/0030
 */
const ETC_HOSTNAME = "/etc/hostname"
/**
 * Of the addresses of a name glibc takes but the first line's, unless this file says otherwise: one that may be on a bridge that the asker is not on. An
 * image's own hides it. docs/decisions/0036
 */
const ETC_HOST_CONF = "/etc/host.conf"
const ALL_LINES = "multi on\n"
/** Whoever reads it reads the name of the uts namespace that he is in, with a line's end: what hostname(5) wants. */
const LIVE_NAME = "/proc/sys/kernel/hostname"

/** What an image has there: an /etc, as its numbers say, and in it something in the way. */
export interface ImageEtc {
  mode: number
  uid: number
  gid: number
  named: boolean
}

/** Not whose name is the host's, which nobody is to change by writing to a file; and nothing is mounted on a link to procfs. */
export function showsHostname({ namespaces, mounts, secrets, configs }: ContainerAttributes): boolean {
  const isTaken = (some: object) => Object.hasOwn(some, ETC_HOSTNAME) || Object.hasOwn(some, "/etc")
  return namespaces.mount === "new" && namespaces.uts !== "host" && ![mounts, secrets, configs].some(isTaken)
}

/** Before the first of these containers is launched. */
export function prepareNamesLayer({ kernel, stack }: Run, containers: readonly ContainerAttributes[]): void {
  const folder = namesLayerOf(stack)
  const below = imageLayer(folder)
  // Written last: with it, all is there.
  if (!containers.some(showsHostname) || kernel.lstat(`${below}${ETC_HOST_CONF}`) !== null) return
  for (const path of [folder, `${folder}/etc`, below, `${below}/etc`]) kernel.mkdir(path, 0o755)
  for (const layer of [folder, below]) kernel.symlink(`${layer}${ETC_HOSTNAME}`, LIVE_NAME)
  kernel.rewriteFile(`${below}${ETC_HOST_CONF}`, ALL_LINES)
}

/** The part of the folder that lies below images: the host's /etc needs less. */
function imageLayer(names: string): string {
  return `${names}/image`
}

/** What lies over the host's /etc. */
export function aboveEtc(attributes: ContainerAttributes, { names }: RootFacts): string[] {
  return showsHostname(attributes) ? [`${names}/etc`] : []
}

/** What lies under an image, whose /etc stays as it is: what it has itself, hides that. */
export function belowImage(attributes: ContainerAttributes, { names, etc }: RootFacts): string[] {
  return etc !== undefined && showsHostname(attributes) ? [imageLayer(names)] : []
}

/** In an upper layer that was just made: later, what is there is the container's own. Its /etc is as the image's. */
export function ownHostname(
  attributes: ContainerAttributes,
  { layer, etc }: RootFacts,
  owner: { uid: number; gid: number },
): PreparedEntry[] {
  if (etc?.named !== true || !showsHostname(attributes)) return []
  const path = `${layer}/upper/etc`
  const { uid_map, gid_map } = attributes
  const its = { uid: onHost(uid_map, etc.uid) ?? owner.uid, gid: onHost(gid_map, etc.gid) ?? owner.gid }
  return [
    { path, mode: etc.mode, ...its, fresh: true },
    { path: `${path}/hostname`, mode: 0, ...owner, link: LIVE_NAME, fresh: true },
  ]
}

function onHost(map: ContainerAttributes["uid_map"], id: number): number | undefined {
  if (!Array.isArray(map)) return undefined
  if (map.length === 0) return id
  const range = (map as IdRange[]).find(({ container, count }) => container <= id && id < container + count)
  return range === undefined ? undefined : range.host + id - range.container
}

/** The /etc of the highest layer that has one; what is no folder there hides all below. */
export function etcOf(kernel: Kernel, tops: readonly ImageTop[]): { etc?: ImageEtc } {
  const etcs = tops.flatMap(({ path, opaque }) => {
    const etc = `${path}/etc`
    const type = kernel.lstat(etc)?.type
    return type === undefined ? [] : [{ etc, type, isOpaque: opaque.has("etc") }]
  })
  const [first] = etcs
  if (first === undefined || first.type !== "folder") return {}
  const status = kernel.stat(first.etc)
  if (status === null) return {}
  const named = etcs.some(({ etc, type, isOpaque }) => isOpaque || type !== "folder" || kernel.lstat(`${etc}/hostname`) !== null)
  return { etc: { mode: status.mode & 0o7777, uid: status.uid, gid: status.gid, named } }
}
