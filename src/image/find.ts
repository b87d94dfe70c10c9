import type { Kernel } from "../kernel/kernel.ts"
import type { ImageSource, RegistryRef } from "../kinds/image/spec.ts"
import { ROOTLESS } from "../model/ownership.ts"
import { findInArchive } from "./archive-source.ts"
import { findTemplate } from "./debootstrap.ts"
import type { FoundImage } from "./found.ts"
import { imageError } from "./found.ts"
import { findInLayout } from "./layout-source.ts"
import { outsideOf } from "./outside.ts"
import type { RegistryClient } from "./registry-client.ts"
import { openRegistry } from "./registry-client.ts"
import type { Environment } from "./registry-credentials.ts"
import { credentialsFor } from "./registry-credentials.ts"
import { findInRegistry } from "./registry-source.ts"
import { findTar } from "./tar-source.ts"

/** Looks at where an image comes from, and changes nothing. Throws a DiagnosticError where it is not there or not sound. */
export async function findImage(kernel: Kernel, source: ImageSource, environment: Environment): Promise<FoundImage> {
  if (ROOTLESS) requireNoRoot(source)
  switch (source.type) {
    case "tar":
      return findTar(kernel, source.path)
    case "oci":
      return findInLayout(kernel, source.path, source.tag, process.arch)
    case "docker-archive":
      return findInArchive(kernel, source.path, source.ref)
    case "debootstrap":
      return findTemplate(kernel, source.suite, process.arch)
    case "docker":
      return findInRegistry(registryOf(kernel, source, environment), source, process.arch)
  }
}

/** What an ordinary user has no right to. */
function requireNoRoot({ type }: ImageSource): void {
  if (type === "debootstrap")
    throw imageError("needs-root", "debootstrap needs root", {
      detail: "it makes device nodes",
      hint: `name a folder or an archive that it has made (dir:, tar:), or run it as root`,
    })
}

/** With what the caller is known by there. */
export function registryOf(kernel: Kernel, ref: RegistryRef, environment: Environment): RegistryClient {
  const ask = outsideOf(kernel, environment)
  const ways = { environment, ...(ask === undefined ? {} : { ask }) }
  return openRegistry(ref, credentialsFor(kernel, ref.registry, ref.repository, environment), ways)
}
