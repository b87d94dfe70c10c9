import type { ScalarTag } from "yaml"
import { escapeRisky, isRisky } from "../../base/risky.ts"
import { jsonText } from "../../render/printable.ts"
import { WrittenNumber } from "../../stackfile/written-number.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import type { FileOptions } from "../stack-file.ts"
import { loadFile } from "../stack-file.ts"

const WRITTEN_NUMBER: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof WrittenNumber,
  resolve: Number,
  stringify: ({ value }) => (value as WrittenNumber).source,
}

/** The resolved document. */
export async function config(options: FileOptions & { format: "yaml" | "json" }, context: Context): Promise<number> {
  const document = loadFile(options, context).document()
  if (options.format === "json") {
    context.out.write(`${jsonText(document, 2)}\n`)
    return EXIT.ok
  }
  const { Document, visit } = await import("yaml")
  const written = new Document(document, { customTags: (tags) => [WRITTEN_NUMBER, ...tags] })
  visit(written, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && isRisky(node.value)) node.type = "QUOTE_DOUBLE"
    },
  })
  context.out.write(escapeRisky(written.toString({ lineWidth: 0 })))
  return EXIT.ok
}
