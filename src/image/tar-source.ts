import type { Kernel } from "../kernel/kernel.ts"
import type { FoundImage } from "./found.ts"
import { imageError } from "./found.ts"
import { readRef } from "./store.ts"

/** A tarball is known by what it holds: it is read to its end, unless it is the file that was unpacked before. */
export async function findTar(kernel: Kernel, path: string): Promise<FoundImage> {
  const fingerprint = kernel.stat(path)?.type === "file" ? kernel.fingerprint(path) : null
  if (fingerprint === null)
    throw imageError("no-image", `image tar:${path} is not there, or is no file`, {
      hint: "name a tarball of a root filesystem; a path is taken from the stack file's folder",
    })
  const ref = readRef(kernel, `tar:${path}`)
  const digest = ref?.fingerprint === fingerprint.text ? ref.digest : `sha256:${await kernel.sha256(path)}`
  const archive = digest.slice("sha256:".length)
  return {
    digest,
    fingerprint: fingerprint.text,
    config: {},
    layers: [{ id: `root-${archive}`, form: "root", expected: { archive }, size: fingerprint.size, from: { path } }],
  }
}
