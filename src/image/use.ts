import type { Kernel } from "../kernel/kernel.ts"
import { splitImage } from "../kinds/image/spec.ts"
import { RUN_ROOT } from "../model/ownership.ts"

/** Which containers, of any stack, are of which image: digest → `STACK container.NAME`. By their records in the run folders. */
export function imagesInUse(kernel: Pick<Kernel, "list" | "readMany">): Map<string, string[]> {
  const stacks = kernel.list(RUN_ROOT).filter((name) => !name.startsWith("."))
  const containers = stacks.flatMap((stack) => kernel.list(`${RUN_ROOT}/${stack}`).map((name) => ({ stack, name })))
  const texts = kernel.readMany(containers.map(({ stack, name }) => `${RUN_ROOT}/${stack}/${name}/spec.json`))
  const found = new Map<string, string[]>()
  for (const [i, { stack, name }] of containers.entries()) {
    const digest = digestIn(texts[i] ?? null)
    if (digest !== undefined) found.set(digest, [...(found.get(digest) ?? []), `${stack} container.${name}`])
  }
  return found
}

function digestIn(text: string | null): string | undefined {
  try {
    const { attributes } = JSON.parse(text ?? "{}") as { attributes?: { image?: unknown } }
    return typeof attributes?.image === "string" ? splitImage(attributes.image).digest : undefined
  } catch {
    return undefined
  }
}
