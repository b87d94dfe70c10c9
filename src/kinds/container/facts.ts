import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { layerFolderOf, namesLayerOf, volumesFolderOf } from "../../model/ownership.ts"
import type { Resource } from "../../model/resource.ts"
import { hostNodes } from "./devices.ts"
import { requiredTops } from "./image-tops.ts"
import { targetDiagnostic } from "./kind-mounts.ts"
import { namedFiles } from "./names.ts"
import { etcOf } from "./root-hostname.ts"
import type { RootFacts } from "./rootfs.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { TargetFault } from "./spec-mounts.ts"
import { volumesIn } from "./spec-mounts.ts"
import { hasTargets, targetFaultsReader } from "./target-faults.ts"
import { volumeOwners } from "./volume-owners.ts"

/** `resource`: as the file has it, where it does, for what is wrong with it. */
export type RootFactsReader = (name: string, attributes: ContainerAttributes, resource?: Resource) => RootFacts

/** Looks at the machine once for a whole batch of launches. */
export function rootFactsReader(kernel: Kernel, stack: string): RootFactsReader {
  const systemNames = { proc: kernel.list("/proc").filter((name) => !/^\d/.test(name)), sys: kernel.list("/sys") }
  let systemFolders: RootFacts["systemFolders"] | undefined
  const images = new Map<string, ImageFacts>()
  const faultsOf = targetFaultsReader(kernel)
  return (name, attributes, resource) => {
    const { image, devices } = attributes
    if (image === "host") systemFolders ??= readSystemFolders(kernel)
    const facts = images.get(image) ?? imageFacts(kernel, image)
    images.set(image, facts)
    if (hasTargets(attributes)) requireNone(faultsOf(attributes, requiredTops(kernel, image)), resource)
    const nodes = hostNodes(kernel, devices)
    const folders = { layer: layerFolderOf(stack, name), volumes: volumesFolderOf(stack), names: namesLayerOf(stack) }
    const owners = volumesIn(attributes.mounts).length === 0 ? [] : volumeOwners(kernel, attributes, facts.image, folders.volumes)
    return {
      ...folders,
      ...facts,
      owners,
      named: namedFiles(stack, name, attributes),
      systemNames,
      nodes,
      systemFolders: systemFolders ?? [],
    }
  }
}

/** Of an image that was yet to be unpacked the plan could not tell. */
function requireNone(faults: readonly TargetFault[], resource: Resource | undefined): void {
  if (faults.length > 0) throw new DiagnosticError(...faults.map((fault) => targetDiagnostic(fault, resource)))
}

type ImageFacts = Pick<RootFacts, "image" | "closed" | "etc">

/** Nobody but root may pass into the store. */
function imageFacts(kernel: Kernel, image: string): ImageFacts {
  const tops = requiredTops(kernel, image)
  const folders = tops.map(({ path }) => path)
  if (image === "host") return { image: folders, closed: false }
  return { image: folders, closed: !image.startsWith("dir:") || isClosed(kernel, folders[0] as string), ...etcOf(kernel, tops) }
}

function readSystemFolders(kernel: Kernel): RootFacts["systemFolders"] {
  const present = new Set(kernel.list("/"))
  return HOST_FOLDERS.filter((name) => present.has(name)).map((name) => ({ name, link: kernel.readLink(`/${name}`) }))
}

/**
 * True where some folder on the way, or the image itself, does not let others in: a container's root is one of the others. Behind
 * a symbolic link there may be such a folder as well.
 */
function isClosed(kernel: Kernel, image: string): boolean {
  const parts = image.split("/").filter(Boolean)
  let closed = false
  for (let i = 1; i <= parts.length; i++) {
    const path = `/${parts.slice(0, i).join("/")}`
    const status = kernel.stat(path)
    if (status === null || status.type !== "folder") {
      throw new DiagnosticError(
        error("no-image", `image dir:${image} is ${status === null ? "not there" : "not a folder"}`, {
          detail: `${path} ${status === null ? "does not exist" : "is not a folder"}`,
          hint: "name a folder that holds a root filesystem",
        }),
      )
    }
    closed ||= (status.mode & 0o001) === 0 || kernel.readLink(path) !== null
  }
  return closed
}
