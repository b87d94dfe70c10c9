import { warning } from "../../base/diagnostic.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { printable } from "../../render/printable.ts"
import { yamlText } from "../../stackfile/spell/yaml-text.ts"
import type { Context } from "../context.ts"
import { report } from "../context.ts"
import { EXIT, UsageError } from "../exit.ts"
import { differences, spellLive } from "../live-file.ts"
import { writeNewFile } from "../new-file.ts"
import { openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStackName } from "../stack-file.ts"

export interface ImportOptions extends FileOptions {
  live: boolean
  foreign: boolean
  out?: string
}

/** Writes a stack file of what is live. It is planned with at once, and what that plan would change is told in it. */
export async function importLive(options: ImportOptions, context: Context): Promise<number> {
  if (!options.live) throw new UsageError("say from where: `stack import --live` writes a stack file of what is live")
  const stack = liveStackName(options, context)
  const session = openSession(stack, context)
  const { document, left } = spellLive(session, options.foreign)
  const notes = [
    ...left.map(({ address, why }) => `${address}: ${why}`),
    ...(await differences(yamlText(document, []), session, context.cwd)),
  ]
  const text = yamlText(document, heading(document, notes))
  if (options.out === undefined || options.out === "-") context.out.write(text)
  else writeNewFile(options.out, text, context)
  if (notes.length > 0) report(context, [notAll(notes)])
  return EXIT.ok
}

/** Where it came from, what is to be kept secret, and what is not in it. */
function heading(document: SpeltMap, notes: readonly string[]): string[] {
  return [
    `What was live of stack ${document.name} on ${new Date().toISOString().slice(0, 10)}, written by \`stack import --live\`.`,
    ...(document.import === undefined
      ? []
      : ["`import` is of what bears no mark of a stack: an apply adopts it. Take out what shall stay as it is, resource and entry."]),
    ...(holdsEnvironment(document) ? ["The environment of its containers is in it as it is, with whatever secrets that holds."] : []),
    ...(notes.length === 0 ? [] : ["What this file does not say as it is:", ...notes.map((note) => `- ${printable(note)}`)]),
  ]
}

function holdsEnvironment({ containers = {} }: { readonly [key: string]: Spelt }): boolean {
  return Object.values(containers as SpeltMap).some((one) => (one as SpeltMap).environment !== undefined)
}

function notAll(notes: readonly string[]) {
  const [first = "", ...others] = notes
  return warning("not-all-imported", `the file does not say all as it is: ${first}`, {
    ...(others.length === 0 ? {} : { detail: others.join("\n") }),
    hint: "the file begins with these lines, too",
  })
}
