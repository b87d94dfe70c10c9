import type { Resource } from "../../model/resource.ts"
import { IMPLIED } from "../../model/resource.ts"
import type { Context } from "../context.ts"
import { EXIT } from "../exit.ts"
import type { FileOptions } from "../stack-file.ts"
import { loadFile } from "../stack-file.ts"

/** Schema, references, address clashes; asks no kernel. */
export async function validate(options: FileOptions, context: Context): Promise<number> {
  const { desired } = loadFile(options, context)
  context.out.write(`The stack ${desired.stack} is valid: ${countKinds(desired.resources)}.\n`)
  return EXIT.ok
}

/** `1 bridge, 2 containers`, in the order of the file. */
function countKinds(resources: readonly Resource[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of resources) if (!IMPLIED.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  const parts = [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`)
  return parts.length === 0 ? "nothing in it" : parts.join(", ")
}
