import type { Diagnostic } from "../base/diagnostic.ts"
import { warning } from "../base/diagnostic.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"
import type { Resource } from "../model/resource.ts"

/**
 * Folders in which an image's makers meant data to outlast the container, and on which the file mounts nothing: what is written there goes with the
 * container's layer. Of one whose layer is to be forgotten anyway (`ephemeral`) nothing is told.
 */
export function unmountedVolumes(resource: Resource, { volumes = [] }: ImageConfig): Diagnostic[] {
  const { mounts, ephemeral, read_only } = resource.attributes as unknown as ContainerAttributes
  const bare = ephemeral ? [] : volumes.filter((folder) => !Object.keys(mounts).some((target) => `${folder}/`.startsWith(`${target}/`)))
  const [first] = bare
  if (first === undefined) return []
  const range = resource.range("image") ?? resource.range()
  const loss = read_only
    ? "nothing can be written there: the container is read_only"
    : "what is written there goes when the container is replaced"
  return [
    warning("image-volume", `the image of ${resource.address} keeps data in ${bare.join(", ")}, where no volume is mounted`, {
      address: resource.address,
      detail: loss,
      hint: `mount one: \`volumes: ["data:${first}"]\`, and \`volumes: { data: {} }\` at the top; or a tmpfs: \`tmpfs: [${first}]\``,
      ...(range === undefined ? {} : { range }),
    }),
  ]
}
