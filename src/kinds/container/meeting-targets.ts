import type { Kernel } from "../../kernel/kernel.ts"
import { volumeFolderOf } from "../../model/ownership.ts"
import { linkOfImage } from "./image-file.ts"
import type { ImageTop } from "./image-tops.ts"
import { realNames } from "./real-path.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import { givensIn } from "./spec-given.ts"
import type { Meeting, Mount } from "./spec-mounts.ts"
import { inMountOrder } from "./spec-mounts.ts"

interface Place {
  target: string
  names: readonly string[]
  /** Where what is there lies on the host; undefined: it has no links yet. */
  source: string | undefined
}

type Mounted = Pick<ContainerAttributes, "image" | "mounts" | "secrets" | "configs">

/**
 * What the symbolic links of an image, and of what is mounted over it, make of targets that differ as they are written: a later mount hides one
 * that it is laid over. They are followed as at the launch, in its order; what the container has linked itself is not known.
 */
export function meetingTargets(kernel: Kernel, stack: string, attributes: Mounted, tops: readonly ImageTop[]): Meeting[] {
  const places: Place[] = []
  return targetsOf(stack, attributes).flatMap(({ field, target, source }): Meeting[] => {
    const names = realNames(target, (some) => linkAt(kernel, attributes.image, tops, places, some))
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
function targetsOf(
  stack: string,
  { mounts, secrets, configs }: Mounted,
): { field: Meeting["field"]; target: string; source: string | undefined }[] {
  return [
    ...inMountOrder(mounts).map(([target, mount]) => ({ field: "mounts" as const, target, source: sourceOf(stack, mount) })),
    ...givensIn({ secrets, configs }).map(([target]) => ({
      field: target in secrets ? ("secrets" as const) : ("configs" as const),
      target,
      source: undefined,
    })),
  ]
}

function sourceOf(stack: string, mount: Mount): string | undefined {
  if (mount.type === "tmpfs") return undefined
  return mount.type === "volume" ? volumeFolderOf(stack, mount.source) : mount.source
}

/** What the symbolic link at a place says: of the mount that it lies in, else of the image. */
function linkAt(
  kernel: Kernel,
  image: string,
  tops: readonly ImageTop[],
  places: readonly Place[],
  names: readonly string[],
): string | null {
  const above = places.filter((one) => isWithin(names, one.names)).at(-1)
  if (above !== undefined) {
    const below = names.slice(above.names.length)
    return above.source === undefined || below.length === 0 ? null : kernel.readLink([above.source, ...below].join("/"))
  }
  if (image === "host" && !HOST_FOLDERS.some((folder) => folder === names[0])) return null
  return linkOfImage(kernel, tops, names)
}

function isWithin(names: readonly string[], folder: readonly string[]): boolean {
  return folder.length <= names.length && folder.every((name, i) => name === names[i])
}

function pathOf(names: readonly string[]): string {
  return `/${names.join("/")}`
}
