import { DiagnosticError, error } from "../../base/diagnostic.ts"
import { findImage } from "../../image/find.ts"
import type { Kept } from "../../image/inventory.ts"
import { keptImages, named, prune, removeImages } from "../../image/inventory.ts"
import { bringImage } from "../../image/unpack-step.ts"
import { now } from "../../kernel/clock.ts"
import type { Kernel } from "../../kernel/kernel.ts"
import { imageText, isKept, parseImage, withAbsolutePath } from "../../kinds/image/spec.ts"
import type { Step } from "../../model/step.ts"
import { imagesText } from "../../render/images.ts"
import { jsonText } from "../../render/printable.ts"
import { roundedSize } from "../../render/progress.ts"
import { absolutePath } from "../../stackfile/files.ts"
import type { Context } from "../context.ts"
import { columnsOf } from "../context.ts"
import { openDisplay } from "../display.ts"
import { EXIT, UsageError } from "../exit.ts"
import { refusedReading, requireCapabilities } from "../privileges.ts"

/** `image ls`: what is in the store. */
export async function list({ json }: { json: boolean }, context: Context): Promise<number> {
  const images = inStore(context.kernel())
  if (json) context.out.write(`${jsonText({ images })}\n`)
  else if (images.length === 0) context.err.write("There are no images in the store.\n")
  else context.out.write(imagesText(images, columnsOf(context.out).columns))
  return EXIT.ok
}

function inStore(kernel: Kernel): Kept[] {
  try {
    return keptImages(kernel)
  } catch (failure) {
    throw refusedReading(failure, kernel, "the store of images, which is root's,")
  }
}

/** `image inspect`: all that is known of one. */
export async function inspect(name: string, context: Context): Promise<number> {
  context.out.write(`${jsonText(one(inStore(context.kernel()), canonical(name, context)), 2)}\n`)
  return EXIT.ok
}

/** `image pull`: looks where it comes from again, and brings what is there now. */
export async function pull(written: string, context: Context): Promise<number> {
  const name = canonical(written, context)
  const source = parseImage(name)
  if (source === undefined || !isKept(name))
    throw new UsageError(`${written}: write tar:PATH, oci:PATH[:TAG], docker-archive:PATH or docker://REGISTRY/REPOSITORY[:TAG]`)
  const kernel = context.kernel()
  requireCapabilities(kernel)
  const { digest } = await findImage(kernel, source, context.environment)
  const display = await openDisplay(false, context)
  const step = pullStep(name)
  const at = now()
  display.emit({
    type: "plan",
    plan: {
      stack: "",
      changes: [step.change],
      steps: [step],
      summary: { add: 1, change: 0, destroy: 0 },
      hasChanges: true,
      desired: { stack: "", resources: [] },
    },
  })
  display.emit({ type: "step-start", step, at })
  try {
    await bringImage(kernel, name, digest, context.environment, (done, total) =>
      display.emit({ type: "step-progress", step, at: now(), done, total }),
    )
    display.emit({ type: "step-done", step, at: now(), took: now() - at })
  } finally {
    await display.end()
  }
  context.out.write(`${digest}\n`)
  return EXIT.ok
}

/** As a display wants to be told of it. */
function pullStep(name: string): Step {
  const address = `image.${name}`
  const change = { address, kind: "image", name, action: "create", cause: "", fields: [], drift: false, before: null, after: null } as const
  return { id: `${address}:unpack`, op: "unpack", address, cause: "", after: [], change }
}

/** `image rm`: what no container is of. */
export async function remove(names: readonly string[], context: Context): Promise<number> {
  const kernel = context.kernel()
  requireCapabilities(kernel)
  const images = keptImages(kernel)
  const chosen = [...new Set(names.map((name) => one(images, canonical(name, context))))]
  const problems = chosen.filter(({ used }) => used.length > 0).map(inUse)
  if (problems.length > 0) throw new DiagnosticError(...problems)
  gone(chosen, await removeImages(kernel, chosen), context)
  return EXIT.ok
}

/** `image prune`: all that no container is of. */
export async function pruneAll({ autoApprove }: { autoApprove: boolean }, context: Context): Promise<number> {
  const kernel = context.kernel()
  requireCapabilities(kernel)
  if (!autoApprove) {
    const { ask } = await import("../ask.ts")
    const answer = await ask("Remove all images that no container is of, and what downloads have left?", context)
    if (answer !== "yes") return answer === "interrupted" ? EXIT.interrupted : EXIT.error
  }
  const { images, bytes } = await prune(kernel)
  gone(images, bytes, context)
  return EXIT.ok
}

function gone(images: readonly Kept[], bytes: number, context: Context): void {
  for (const { sources, digest } of images)
    for (const name of sources.length === 0 ? [digest] : sources) context.out.write(`${name}: removed\n`)
  context.err.write(`${images.length} removed, ${roundedSize(bytes)} of files gone.\n`)
}

/** As the store knows it: paths from here. */
function canonical(name: string, { cwd }: Context): string {
  const source = isKept(name) ? parseImage(name) : undefined
  return source === undefined ? name : withAbsolutePath(imageText(source), (path) => absolutePath(cwd, path))
}

function one(images: readonly Kept[], name: string): Kept {
  const [found, other] = named(images, name)
  if (found === undefined)
    throw new DiagnosticError(error("no-image", `the store has no image ${name}`, { hint: "`stack image ls` lists them" }))
  if (other !== undefined)
    throw new DiagnosticError(error("no-image", `several images begin with ${name}`, { hint: "write more of the digest" }))
  return found
}

function inUse({ sources, digest, used }: Kept) {
  const detail = used.map((one) => `stack ${one}`).join("\n")
  return error("image-in-use", `image ${sources[0] ?? digest} has containers`, {
    detail,
    hint: "destroy them, or replace them by others, first",
  })
}
