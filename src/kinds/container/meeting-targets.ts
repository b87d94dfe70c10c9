import type { Kernel } from "../../kernel/kernel.ts"
import { linkOfImage } from "./image-file.ts"
import type { ImageTop } from "./image-tops.ts"
import { realNames } from "./real-path.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import { givensIn } from "./spec-given.ts"
import type { Meeting } from "./spec-mounts.ts"
import { inMountOrder } from "./spec-mounts.ts"

interface Place {
  target: string
  names: readonly string[]
  /** The folder of the host that is there; undefined: something without links. */
  source: string | undefined
}

type Mounted = Pick<ContainerAttributes, "image" | "mounts" | "secrets" | "configs">

/** What the symbolic link at a place of the container's image says; null where there is none. */
type LinkOf = (names: readonly string[]) => string | null

/**
 * What the symbolic links of an image, and of a folder of the host that is mounted over it read-only, make of targets that differ as they are written: a later
 * mount hides one that it is laid over. They are followed as at the launch, in its order. What containers write, in their own layer or in a volume,
 * has no word in it. Links of an image are read once, however many containers are of it.
 */
export function meetingsReader(kernel: Kernel): (attributes: Mounted, tops: readonly ImageTop[]) => Meeting[] {
  const links = new Map<string, string | null>()
  return (attributes, tops) => {
    const { image } = attributes
    return meetings(kernel, attributes, (names) => {
      if (image === "host" && !HOST_FOLDERS.some((folder) => folder === names[0])) return null
      const key = [image, ...names].join("/")
      const known = links.get(key)
      const link = known === undefined ? linkOfImage(kernel, tops, names) : known
      links.set(key, link)
      return link
    })
  }
}

function meetings(kernel: Kernel, attributes: Mounted, linkOf: LinkOf): Meeting[] {
  const places: Place[] = []
  return targetsOf(attributes).flatMap(({ field, target, source }): Meeting[] => {
    const names = realNames(target, (some) => linkAt(kernel, places, some, linkOf))
    if (names === undefined) return []
    const hidden = places.find((one) => isWithin(one.names, names))
    places.push({ target, names, source })
    if (hidden === undefined) return []
    return [{ field, earlier: { target: hidden.target, place: pathOf(hidden.names) }, later: { target, place: pathOf(names) } }]
  })
}

/** Only two can meet: of others nothing is looked at. */
export function hasSeveralTargets({ mounts, secrets, configs }: Mounted): boolean {
  return Object.keys(mounts).length + Object.keys(secrets).length + Object.keys(configs).length > 1
}

/** As the launch mounts them. */
function targetsOf({ mounts, secrets, configs }: Mounted): { field: Meeting["field"]; target: string; source: string | undefined }[] {
  return [
    ...inMountOrder(mounts).map(([target, mount]) => ({
      field: "mounts" as const,
      target,
      source: mount.type === "bind" && mount.read_only ? mount.source : undefined,
    })),
    ...givensIn({ secrets, configs }).map(([target]) => ({
      field: target in secrets ? ("secrets" as const) : ("configs" as const),
      target,
      source: undefined,
    })),
  ]
}

/** What the symbolic link at a place says: of the mount that it lies in, else of the image. */
function linkAt(kernel: Kernel, places: readonly Place[], names: readonly string[], linkOf: LinkOf): string | null {
  const above = places.filter((one) => isWithin(names, one.names)).at(-1)
  if (above === undefined) return linkOf(names)
  const below = names.slice(above.names.length)
  return above.source === undefined || below.length === 0 ? null : kernel.readLink([above.source, ...below].join("/"))
}

function isWithin(names: readonly string[], folder: readonly string[]): boolean {
  return folder.length <= names.length && folder.every((name, i) => name === names[i])
}

function pathOf(names: readonly string[]): string {
  return `/${names.join("/")}`
}
