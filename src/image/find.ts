import type { Kernel } from "../kernel/kernel.ts"
import type { ImageSource } from "../kinds/image/spec.ts"
import { imageText } from "../kinds/image/spec.ts"
import { findInArchive } from "./archive-source.ts"
import type { FoundImage } from "./found.ts"
import { findInLayout } from "./layout-source.ts"
import { findTar } from "./tar-source.ts"

/** Looks at where an image comes from, and changes nothing. Throws a DiagnosticError where it is not there or not sound. */
export async function findImage(kernel: Kernel, source: ImageSource): Promise<FoundImage> {
  switch (source.type) {
    case "tar":
      return findTar(kernel, source.path)
    case "oci":
      return findInLayout(kernel, source.path, source.tag, process.arch)
    case "docker-archive":
      return findInArchive(kernel, source.path, source.ref)
    case "docker":
      throw new Error(`nobody fetches ${imageText(source)} yet`)
  }
}
