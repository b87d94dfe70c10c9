import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { GivenFile, Kernel, SetupOp } from "../../kernel/kernel.ts"
import { PLAIN_MOUNT } from "../../kernel/mount-flags.ts"
import type { ContainerAttributes } from "./spec.ts"
import type { GivenSource } from "./spec-given.ts"
import { givensIn } from "./spec-given.ts"

/** Variables of the caller's environment that secrets and configs come from. */
export type Variables = { readonly [name: string]: string } | undefined

/** More is not taken: the kernel keeps all of it in memory, once for each container. */
export const MOST_BYTES = 1 << 20

/** What a secret or a config holds now; undefined where its source is not there. */
export function contentOf(kernel: Kernel, { file, environment, text }: GivenSource, variables: Variables): Uint8Array | undefined {
  if (file !== undefined) return kernel.readBytes(file, 0, MOST_BYTES + 1) ?? undefined
  const value = environment === undefined ? text : variables?.[environment]
  return value === undefined ? undefined : Buffer.from(value)
}

/** For a launch: read as late as can be, and kept nowhere. */
export function givenFiles(kernel: Kernel, attributes: ContainerAttributes, variables: Variables): GivenFile[] {
  return givensIn(attributes).map(([, { name, uid, gid, mode, ...source }]) => {
    const bytes = contentOf(kernel, source, variables)
    if (bytes === undefined) {
      const from = source.file ?? `the variable ${source.environment}`
      throw new DiagnosticError(error("no-source", `${from}, which ${name} comes from, is not there`, { hint: "make it, or set it" }))
    }
    if (bytes.length > MOST_BYTES) {
      const hint = "bind it: `volumes: [./FILE:/target:ro]`"
      throw new DiagnosticError(error("too-large", `${source.file ?? name} is larger than 1 MiB, which is kept in memory`, { hint }))
    }
    return { uid, gid, mode: Number.parseInt(mode, 8), readOnly: true, bytes }
  })
}

/** Where they lie until each is mounted at its place: on a tmpfs that is taken off again. */
const FOLDER = "/dev/.given"

/** In the order of `givenFiles`. */
export function givePlan(attributes: ContainerAttributes): SetupOp[] {
  const givens = givensIn(attributes)
  if (givens.length === 0) return []
  return [
    { op: "mkdir", target: FOLDER, mode: 0o700 },
    { op: "tmpfs", target: FOLDER, flags: PLAIN_MOUNT, data: "mode=700" },
    ...givens.map(([target], file): SetupOp => ({ op: "give", file, folder: FOLDER, target })),
    { op: "unmount", target: FOLDER },
  ]
}
