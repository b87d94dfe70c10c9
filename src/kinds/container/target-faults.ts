import type { Kernel } from "../../kernel/kernel.ts"
import type { Ids } from "./closed-folder.ts"
import { closedFolder } from "./closed-folder.ts"
import { linkOfImage, typeInImage } from "./image-file.ts"
import type { ImageTop } from "./image-tops.ts"
import { realNames } from "./real-path.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import { givensIn } from "./spec-given.ts"
import type { Mount, TargetFault } from "./spec-mounts.ts"
import { inMountOrder } from "./spec-mounts.ts"

/** Where something is mounted, and what. */
interface Wanted {
  field: TargetFault["field"]
  target: string
  /** Undefined: not told, as of a bind whose source is not there. */
  brings: "file" | "folder" | undefined
  /** The folder of the host that is there; undefined: something without links. */
  source: string | undefined
}

interface Place extends Wanted {
  names: readonly string[]
}

type Mounted = Pick<ContainerAttributes, "image" | "mounts" | "secrets" | "configs"> & Ids

/** What an image has at names below its root. */
interface Image {
  /** What the symbolic link there says; null where there is none. */
  linkAt(names: readonly string[]): string | null
  /** Undefined where there is neither. */
  typeAt(names: readonly string[]): "file" | "folder" | undefined
}

/**
 * What only an image tells of the targets of its containers: that a folder is to be mounted on a file, or a file on a folder; and that symbolic links of the
 * image, or of a folder of the host that is mounted over it read-only, bring two together, of which the later mount hides the earlier one.
 * Of `host` also that there is nothing at a target, in a folder where the container's root may make nothing. They are followed as at the launch, in its order. What containers write, in their own layer or in a volume, has no word in it. An image is
 * looked at once, however many containers are of it.
 */
export function targetFaultsReader(kernel: Kernel): (attributes: Mounted, tops: readonly ImageTop[]) => TargetFault[] {
  const images = new Map<string, Image>()
  return (attributes, tops) => {
    const image = images.get(attributes.image) ?? remembered(imageAt(kernel, attributes.image, tops))
    images.set(attributes.image, image)
    return faults(kernel, attributes, image)
  }
}

export function hasTargets({ mounts, secrets, configs }: Omit<Mounted, keyof Ids>): boolean {
  return [mounts, secrets, configs].some((some) => Object.keys(some).length > 0)
}

/** Of `host` nothing but some folders is there; what the kernel has of its own is not the image's. */
function imageAt(kernel: Kernel, image: string, tops: readonly ImageTop[]): Image {
  const isThere = ([first = ""]: readonly string[]) =>
    image === "host" ? HOST_FOLDERS.some((folder) => folder === first) : !["proc", "sys", "dev"].includes(first)
  return {
    linkAt: (names) => (isThere(names) ? linkOfImage(kernel, tops, names) : null),
    typeAt: (names) => (isThere(names) ? typeInImage(kernel, tops, names) : undefined),
  }
}

function remembered({ linkAt, typeAt }: Image): Image {
  return { linkAt: once(linkAt), typeAt: once(typeAt) }
}

function once<T>(ask: (names: readonly string[]) => T): (names: readonly string[]) => T {
  const known = new Map<string, T>()
  return (names) => {
    const key = names.join("/")
    if (!known.has(key)) known.set(key, ask(names))
    return known.get(key) as T
  }
}

function faults(kernel: Kernel, attributes: Mounted, image: Image): TargetFault[] {
  const places: Place[] = []
  return wantedIn(kernel, attributes).flatMap((wanted): TargetFault[] => {
    const names = realNames(wanted.target, (some) => linkAt(kernel, places, some, image))
    if (names === undefined) return []
    const [hidden, over] = [places.find((one) => isWithin(one.names, names)), places.some((one) => isWithin(names, one.names))]
    places.push({ ...wanted, names })
    const { field, target, brings } = wanted
    const later = { target, place: pathOf(names) }
    if (hidden !== undefined) return [{ field, later, earlier: { target: hidden.target, place: pathOf(hidden.names) } }]
    if (over) return []
    const there = image.typeAt(names)
    const closed = there === undefined && attributes.image === "host" ? closedFolder(kernel, names, attributes) : undefined
    if (closed !== undefined) return [{ field, later, closed }]
    return brings === undefined || there === undefined || there === brings ? [] : [{ field, later, there }]
  })
}

/** As the launch mounts them. */
function wantedIn(kernel: Kernel, { mounts, secrets, configs }: Mounted): Wanted[] {
  return [
    ...inMountOrder(mounts).map(([target, mount]): Wanted => {
      const source = mount.type === "bind" && mount.read_only ? mount.source : undefined
      return { field: "mounts", target, brings: broughtBy(kernel, mount), source }
    }),
    ...givensIn({ secrets, configs }).map(
      ([target]): Wanted => ({ field: target in secrets ? "secrets" : "configs", target, brings: "file", source: undefined }),
    ),
  ]
}

function broughtBy(kernel: Kernel, mount: Mount): Wanted["brings"] {
  if (mount.type !== "bind") return "folder"
  const type = kernel.stat(mount.source)?.type
  return type === "folder" || type === undefined ? type : "file"
}

/** What the symbolic link at a place says: of the mount that it lies in, else of the image. */
function linkAt(kernel: Kernel, places: readonly Place[], names: readonly string[], image: Image): string | null {
  const above = places.filter((one) => isWithin(names, one.names)).at(-1)
  if (above === undefined) return image.linkAt(names)
  const below = names.slice(above.names.length)
  return above.source === undefined || below.length === 0 ? null : kernel.readLink([above.source, ...below].join("/"))
}

function isWithin(names: readonly string[], folder: readonly string[]): boolean {
  return folder.length <= names.length && folder.every((name, i) => name === names[i])
}

function pathOf(names: readonly string[]): string {
  return `/${names.join("/")}`
}
