import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { Part } from "../kernel/archives.ts"
import type { ImageConfig } from "../kinds/image/spec.ts"

/** An image as its source has it: all that there is to know before it is unpacked. */
export interface FoundImage {
  digest: string
  config: ImageConfig
  /** The lowest first. */
  layers: LayerSource[]
  /** Of a file: what tells whether it is still the same. */
  fingerprint?: string
}

/** One archive that is to become a folder of the store. */
export interface LayerSource {
  /** What it is called there. */
  id: string
  form: "layer" | "root"
  expected: { archive?: string; contents?: string }
  /** Bytes of the archive. */
  size: number
  from: { path: string; part?: Part } | { digest: string } | { recipe: Recipe }
}

/** What a template is made by. */
export interface Recipe {
  suite: string
  mirror: string
  architecture: string
}

/** An image that is not there, or not what it should be: one diagnostic, told at the key that names it. */
export function imageError(
  code: "no-image" | "bad-image" | "image-registry" | "needs-root",
  summary: string,
  rest: Pick<Diagnostic, "detail" | "hint"> = {},
): DiagnosticError {
  return new DiagnosticError(error(code, summary, rest))
}
