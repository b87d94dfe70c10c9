import { USUAL_NODES } from "../../devices/rule.ts"
import type { LaunchRecord, SetupOp } from "../../kernel/kernel.ts"
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import { RESOLVER_IMAGE } from "../image/spec.ts"
import type { HostNode } from "./devices.ts"
import { givePlan } from "./given.ts"
import type { SystemNames } from "./masks.ts"
import { maskOps } from "./masks.ts"
import type { NamedFile } from "./names.ts"
import { namePlan } from "./names.ts"
import type { ImageEtc } from "./root-hostname.ts"
import { aboveEtc, belowImage, ownHostname } from "./root-hostname.ts"
import { mountPlan } from "./root-mounts.ts"
import { overlayData } from "./root-overlay.ts"
import { systemMounts } from "./root-system.ts"
import { closedRoot, ephemeralLayer, mappedCopy } from "./root-writing.ts"
import type { ContainerAttributes, IdRange } from "./spec.ts"
import { ALL_PATHS } from "./spec-security.ts"
import type { VolumeOwner } from "./volume-owners.ts"

/** How a container's root filesystem is made: folders made beforehand, folders opened beforehand, and the child's list. */
export type RootPlan = Pick<LaunchRecord, "prepare" | "openPaths" | "setup" | "mounts">

/** What must be known of the machine: of the image, and what stands at the root of the host. */
export interface RootFacts {
  /** Folder that keeps the writable layer. */
  layer: string
  /** The image's folders that lie over each other, the highest first: one, or one for each layer. `/` for `host`. */
  image: readonly string[]
  /** Files of its run folder that it is to see, by their targets. */
  named: readonly NamedFile[]
  /** Folder of the stack's volumes. */
  volumes: string
  /** What volumes become before they are mounted. */
  owners: readonly VolumeOwner[]
  /** A folder above the image is closed to others, so the child cannot walk there by itself. */
  closed: boolean
  /** Which of what is to be masked this kernel has. */
  systemNames: SystemNames
  /** Nodes that it has beside the usual ones. */
  nodes: readonly HostNode[]
  /** Absent where an image has none, or no folder. */
  etc?: ImageEtc
  /** Folder that the containers of the stack share for the sake of their names. */
  names: string
  /** Of `host`: its system folders as they are, folder or symbolic link. */
  systemFolders: readonly { name: string; link: string | null }[]
}

/** The folders of the host that `image: host` shows; what else it has at its root is not there. */
export const HOST_FOLDERS = ["usr", "etc", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] as const
/** Empty, and the container's own. */
const OWN_FOLDERS: readonly [string, number][] = [
  ["home", 0o755],
  ["root", 0o700],
  ["var", 0o755],
  ["srv", 0o755],
  ["tmp", 0o1777],
  ["run", 0o755],
  ["mnt", 0o755],
  ["proc", 0o555],
  ["sys", 0o555],
  ["dev", 0o755],
]

/**
 * Everything up to and including pivot_root(2), in order. `inside` is what must be done in the new root before its
 * kernel filesystems are closed to writing (hostname, sysctls).
 */
export function planRoot(attributes: ContainerAttributes, facts: RootFacts, inside: readonly SetupOp[]): RootPlan {
  const owner = hostIdsOfRoot(attributes)
  const kept = attributes.image === "host" ? hostRoot(attributes, facts, owner) : folderRoot(attributes, facts, owner)
  const base = attributes.ephemeral ? ephemeralLayer(kept, facts.layer) : kept
  const masks = maskOps(attributes, facts.systemNames)
  const { mounts, setup } = mountPlan(attributes.mounts, facts, hasShiftedIds(attributes), base)
  const named = namePlan(facts, mounts)
  const closed = attributes.read_only ? closedRoot(attributes, facts) : []
  const owners = facts.owners.map((one) => ({ ...one, mode: 0o755 }))
  return {
    ...base,
    prepare: [...base.prepare, ...owners],
    mounts: named.mounts,
    setup: [
      ...base.setup,
      ...kernelFilesystems(attributes, facts.nodes),
      ...setup,
      ...givePlan(attributes),
      ...named.setup,
      ...inside,
      ...masks,
      ...closed,
      { op: "pivot" },
    ],
  }
}

/** The host's ids of the container's root: what its writable layer belongs to. */
export function hostIdsOfRoot({ uid_map, gid_map }: ContainerAttributes): { uid: number; gid: number } {
  return { uid: hostIdOfRoot(uid_map), gid: hostIdOfRoot(gid_map) }
}

function hostIdOfRoot(map: IdRange[] | { auto: number }): number {
  if (!Array.isArray(map)) throw new Error("an automatic id range has not been chosen")
  return map.find((r) => r.container === 0)?.host ?? 0
}

/**
 * No device nodes of an image; nor its set-user-id bits and file capabilities, which no_new_privs makes void anyway. A
 * program with a capability that the container may not have (`ping`: NET_RAW) would not even start: EPERM, capabilities(7).
 */
const IMAGE_FLAGS = MS_NOSUID | MS_NODEV

/** In a system container they are what makes `su` and `ping` work: it has all the capabilities that files have. */
function imageFlags({ init }: ContainerAttributes): number {
  return init === "systemd" ? MS_NODEV : IMAGE_FLAGS
}

/** Where the child finds `openPaths`: native/README.md. */
const FIRST_OPEN_PATH = 100

type Ids = { uid: number; gid: number }

/**
 * Only the container's root passes: a set-user-id program that a container has made in its layer must not be run from
 * outside, where nothing makes that bit void.
 */
function layerFolder(path: string, owner: Ids): RootPlan["prepare"][number] {
  return { path, mode: 0o710, uid: 0, gid: owner.gid }
}

/**
 * One overlay of the folder, mounted over the layer's own: its parts are only reached before. Every folder less is a tenth of a
 * millisecond of ext4's. https://docs.kernel.org/filesystems/overlayfs.html
 */
function folderRoot(attributes: ContainerAttributes, facts: RootFacts, owner: Ids): RootPlan {
  const root = facts.layer
  // Of a program that all may run nothing is the container's: whose it is does not matter, nor what its file system can show.
  const mapped = hasShiftedIds(attributes) && attributes.image !== RESOLVER_IMAGE
  const opened = facts.closed && !mapped
  const copies = mapped ? facts.image.map((_, n) => `${facts.layer}/lower${n === 0 ? "" : n}`) : []
  const lower = mapped ? copies : facts.image.map((path, n) => (opened ? `/proc/self/fd/${FIRST_OPEN_PATH + n}` : path))
  return {
    prepare: [
      layerFolder(facts.layer, owner),
      { path: `${facts.layer}/upper`, mode: 0o755, ...owner },
      ...ownHostname(attributes, facts, owner),
      { path: `${facts.layer}/work`, mode: 0o755, ...owner },
      ...copies.map((path) => ({ path, mode: 0o755, ...owner })),
    ],
    openPaths: opened ? facts.image : [],
    mounts: mapped ? facts.image.map(mappedCopy) : [],
    setup: [
      ...copies.map((path, mount) => ({ op: "attach-root", mount, path }) as const),
      {
        op: "mount-root",
        source: "overlay",
        path: root,
        type: "overlay",
        flags: imageFlags(attributes),
        data: overlayData([...lower, ...belowImage(attributes, facts)], `${facts.layer}/upper`, `${facts.layer}/work`, attributes),
      },
      { op: "root", path: root },
    ],
  }
}

/** A folder of the container's own, with an overlay of each of the host's system folders in it. */
function hostRoot(attributes: ContainerAttributes, facts: RootFacts, owner: Ids): RootPlan {
  const root = `${facts.layer}/root`
  const prepare = [
    layerFolder(facts.layer, owner),
    { path: root, mode: 0o755, ...owner },
    ...OWN_FOLDERS.map(([name, mode]) => ({ path: `${root}/${name}`, mode, ...owner })),
  ]
  const setup: SetupOp[] = [
    { op: "mount-root", source: root, path: root, type: "bind", flags: 0, data: "" },
    { op: "root", path: root },
  ]
  for (const { name, link } of facts.systemFolders) {
    if (link !== null) {
      setup.push({ op: "symlink", target: `/${name}`, to: link })
      continue
    }
    const [upper, work] = [`${facts.layer}/${name}.upper`, `${facts.layer}/${name}.work`]
    prepare.push({ path: upper, mode: 0o755, ...owner }, { path: work, mode: 0o755, ...owner })
    prepare.push({ path: `${root}/${name}`, mode: 0o755, ...owner })
    setup.push({
      op: "mount",
      source: "overlay",
      target: `/${name}`,
      type: "overlay",
      flags: imageFlags(attributes),
      data: overlayData([...(name === "etc" ? aboveEtc(attributes, facts) : []), `/${name}`], upper, work, attributes),
    })
  }
  return { prepare, openPaths: [], mounts: [], setup }
}

/** Its ids are others than those of the files that it is shown. */
export function hasShiftedIds({ uid_map, gid_map }: ContainerAttributes): boolean {
  return [uid_map, gid_map].some((map) => Array.isArray(map) && map.some(({ container, host }) => container !== host))
}

/** /proc, /sys and /dev of its own. */
function kernelFilesystems(attributes: ContainerAttributes, nodes: RootFacts["nodes"]): SetupOp[] {
  return [...procfs(attributes), ...sysfs(attributes), ...ownDevices(attributes, nodes), ...systemMounts(attributes)]
}

function procfs({ namespaces }: ContainerAttributes): SetupOp[] {
  const mount: SetupOp =
    namespaces.pid === "host"
      ? { op: "bind", source: "/proc", target: "/proc", flags: MS_REC }
      : { op: "mount", source: "proc", target: "/proc", type: "proc", flags: PLAIN_MOUNT, data: "" }
  return [{ op: "mkdir", target: "/proc", mode: 0o555 }, mount]
}

/** A fresh sysfs belongs to the network namespace; with the host's network it can only be the host's, read-only. */
function sysfs({ namespaces, unmask }: ContainerAttributes): SetupOp[] {
  const flags = unmask.includes(ALL_PATHS) ? PLAIN_MOUNT : PLAIN_MOUNT | MS_RDONLY
  const mount: SetupOp =
    namespaces.net === "new"
      ? { op: "mount", source: "sysfs", target: "/sys", type: "sysfs", flags, data: "" }
      : { op: "bind", source: "/sys", target: "/sys", flags: MS_REC | flags }
  return [{ op: "mkdir", target: "/sys", mode: 0o555 }, mount]
}

function ownDevices(attributes: ContainerAttributes, nodes: RootFacts["nodes"]): SetupOp[] {
  const ptsGroup = mapsGroup5(attributes) ? ",gid=5" : ""
  return [
    { op: "mkdir", target: "/dev", mode: 0o755 },
    { op: "mount", source: "tmpfs", target: "/dev", type: "tmpfs", flags: MS_NOSUID, data: "mode=755,size=64k" },
    ...usualNodes().flatMap(nodeOps),
    { op: "mkdir", target: "/dev/pts", mode: 0o755 },
    {
      op: "mount",
      source: "devpts",
      target: "/dev/pts",
      type: "devpts",
      flags: MS_NOSUID | MS_NOEXEC,
      data: `newinstance,ptmxmode=0666,mode=0620${ptsGroup}`,
    },
    { op: "mkdir", target: "/dev/shm", mode: 0o1777 },
    { op: "mount", source: "shm", target: "/dev/shm", type: "tmpfs", flags: PLAIN_MOUNT, data: "mode=1777,size=64m" },
    { op: "symlink", target: "/dev/ptmx", to: "pts/ptmx" },
    { op: "symlink", target: "/dev/fd", to: "/proc/self/fd" },
    { op: "symlink", target: "/dev/stdin", to: "/proc/self/fd/0" },
    { op: "symlink", target: "/dev/stdout", to: "/proc/self/fd/1" },
    { op: "symlink", target: "/dev/stderr", to: "/proc/self/fd/2" },
    ...nodes.flatMap((node) => [...foldersAbove(node.target), ...nodeOps(node)]),
  ]
}

/** The host's node with the number that is meant: none that something else has put in its place. */
function nodeOps(node: HostNode): SetupOp[] {
  return [
    { op: "file", target: node.target, mode: 0o666 },
    { op: "device", ...node },
  ]
}

function usualNodes(): HostNode[] {
  const path = (name: string) => `/dev/${name}`
  return Object.entries(USUAL_NODES).map(([name, [major, minor]]) => ({
    source: path(name),
    target: path(name),
    type: "char",
    major,
    minor,
  }))
}

/** Of `/dev/net/tun`: /dev/net. */
function foldersAbove(target: string): SetupOp[] {
  const parts = target.split("/").slice(2, -1)
  return parts.map((_, i) => ({ op: "mkdir", target: `/dev/${parts.slice(0, i + 1).join("/")}`, mode: 0o755 }))
}

/** Group `tty`, which devpts gives terminals to, where the map knows it. */
function mapsGroup5({ gid_map }: ContainerAttributes): boolean {
  if (!Array.isArray(gid_map)) return false
  return gid_map.length === 0 || gid_map.some((r) => r.container <= 5 && 5 < r.container + r.count)
}
