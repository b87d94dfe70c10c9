import { hasErrors } from "../../base/diagnostic.ts"
import { examine } from "../../doctor/examine.ts"
import { FOLDER, unmetNeeds } from "../../doctor/needs.ts"
import { packetProblems } from "../../doctor/packets.ts"
import { tryAll } from "../../kernel/tries.ts"
import { KEPT_ROOT } from "../../model/ownership.ts"
import type { Desired } from "../../model/resource.ts"
import { doctorJson, doctorText } from "../../render/doctor.ts"
import { jsonText } from "../../render/printable.ts"
import type { Context } from "../context.ts"
import { report } from "../context.ts"
import { EXIT } from "../exit.ts"
import { ownFolders } from "../rootless.ts"
import type { FileOptions } from "../stack-file.ts"
import { loadFile } from "../stack-file.ts"

/** Once each. */
function imagesOf(desired: Desired | undefined): string[] {
  const images = (desired?.resources ?? []).flatMap(({ attributes: { image } }) => (typeof image === "string" ? image : []))
  return [...new Set(images.filter((image) => image.startsWith(FOLDER)).map((image) => image.slice(FOLDER.length)))]
}

/** An ordinary user's own, where it has one. */
function dataFolder({ ordinary, environment }: Context): string {
  return (ordinary === true ? ownFolders(environment)?.data : undefined) ?? KEPT_ROOT
}

/** What this kernel, this user and this host can do; with a stack file also whether that is enough for it. */
export async function doctor(options: FileOptions & { json: boolean }, context: Context): Promise<number> {
  const desired = options.file === undefined ? undefined : loadFile(options, context).desired
  const examination = examine(context.kernel(), { data: dataFolder(context), images: imagesOf(desired) }, tryAll)
  const unmet = desired === undefined ? [] : [...unmetNeeds(desired, examination), ...packetProblems(context.kernel(), desired)]
  context.out.write(
    options.json ? `${jsonText({ ...doctorJson(examination.checks), unmet }, 2)}\n` : doctorText(examination.checks, context.out.color),
  )
  report(context, unmet)
  return hasErrors(unmet) ? EXIT.error : EXIT.ok
}
