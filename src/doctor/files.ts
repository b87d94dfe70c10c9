import type { MountLine } from "../base/mountinfo.ts"
import { mountAbove, parseMountinfo } from "../base/mountinfo.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Tried } from "../kernel/tries.ts"
import { legible } from "../observe/legible.ts"
import type { Check } from "./check.ts"
import { check } from "./check.ts"
import { triedCheck } from "./kernel.ts"

/** Where a folder that is not there yet would be made. */
function nearest(kernel: Kernel, path: string): string {
  let folder = path
  while (folder !== "" && kernel.stat(folder) === null) folder = folder.slice(0, folder.lastIndexOf("/"))
  return folder === "" ? "/" : folder
}

/** The folders whose file systems images and volumes lie on. */
export interface Folders {
  data: string
  /** Root filesystems of the stack file: `dir:` images. */
  images: readonly string[]
}

function places(kernel: Kernel, { data, images }: Folders): { id: string; what: string; folder: string }[] {
  return [
    { id: "idmapped:data", what: data, folder: nearest(kernel, data) },
    { id: "idmapped:/", what: "/", folder: "/" },
    ...images
      .filter((folder) => folder !== "/")
      .map((folder) => ({ id: `idmapped:${folder}`, what: folder, folder: nearest(kernel, folder) })),
  ]
}

export function fileRequests(kernel: Kernel, folders: Folders): string[] {
  return places(kernel, folders).map(({ folder }) => `idmapped:${folder}`)
}

export function fileChecks(kernel: Kernel, folders: Folders, tried: ReadonlyMap<string, Tried>): Check[] {
  const mounts = parseMountinfo(legible(kernel, "/proc/self/mountinfo") ?? "")
  return [
    ...places(kernel, folders).map(({ id, what, folder }) => {
      const type = typeAt(mounts, folder)
      const found = triedCheck("files", id, `idmapped mounts of ${what}`, tried.get(`idmapped:${folder}`), idmapFix)
      return { ...found, detail: [type, found.detail].filter((part) => part !== "").join(": ") }
    }),
    upperCheck(mounts, nearest(kernel, folders.data), folders.data),
  ]
}

function idmapFix({ errno }: Tried): string {
  if (errno === "EPERM") return "run it as root; a user namespace may do so with file systems that it has mounted itself alone"
  return "a file system that knows them: ext4, xfs, btrfs, tmpfs (Linux 6.3), overlay (6.8)"
}

/** These take no upper layer of an overlay. https://docs.kernel.org/filesystems/overlayfs.html */
const NO_UPPER = /^(overlay|nfs4?|cifs|smb3|9p|vfat|exfat|fuse.*)$/

/** To try it would leave a folder there for a moment, and one that is in use already shows it better: so the file system's type tells. */
function upperCheck(mounts: readonly MountLine[], folder: string, data: string): Check {
  const type = typeAt(mounts, folder)
  const what = `writable layers in ${data}`
  if (!NO_UPPER.test(type)) return check("files", "layers", what, "yes", { detail: type })
  return check("files", "layers", what, "no", {
    detail: `${type} takes no upper layer`,
    fix: `mount another file system at ${data}: a disk's or a volume`,
  })
}

function typeAt(mounts: readonly MountLine[], path: string): string {
  return mountAbove(mounts, path)?.type ?? "?"
}
