import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { layerFolderOf, volumesFolderOf } from "../../model/ownership.ts"
import type { RootFacts } from "./rootfs.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"

/** Looks at the machine once for a whole batch of launches. */
export function rootFactsReader(kernel: Kernel, stack: string): (name: string, attributes: ContainerAttributes) => RootFacts {
  const procNames = kernel.list("/proc")
  let systemFolders: RootFacts["systemFolders"] | undefined
  const closedFolders = new Map<string, boolean>()
  return (name, attributes) => {
    const image = imageFolder(attributes.image)
    if (image === "/") systemFolders ??= readSystemFolders(kernel)
    else if (!closedFolders.has(image)) closedFolders.set(image, isClosed(kernel, image))
    return {
      layer: layerFolderOf(stack, name),
      image,
      volumes: volumesFolderOf(stack),
      closed: closedFolders.get(image) ?? false,
      procNames,
      systemFolders: systemFolders ?? [],
    }
  }
}

/** Top folder of an image: `/` for `host`. */
export function imageFolder(image: string): string {
  return image === "host" ? "/" : image.slice("dir:".length)
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
