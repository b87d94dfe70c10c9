import { DiagnosticError, error, hasErrors } from "../base/diagnostic.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import { givensIn } from "../kinds/container/spec-given.ts"
import type { WireGuardSpec } from "../kinds/interface/spec-wireguard.ts"
import { wireGuardKeys } from "../kinds/interface/spec-wireguard.ts"
import type { Desired } from "../model/resource.ts"
import type { Beside } from "../stackfile/build.ts"
import type { LoadedStack, LoadOptions } from "../stackfile/load.ts"
import { loadStack } from "../stackfile/load.ts"
import type { Context } from "./context.ts"
import { report } from "./context.ts"
import { UsageError } from "./exit.ts"
import { readInput } from "./output.ts"

/** The options that say which stack, and with which values. */
export interface FileOptions {
  file?: string
  name?: string
  var: readonly string[]
  varFile: readonly string[]
  profile: readonly string[]
}

export const STACK_NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/

/** Loads the stack file without judging it. */
export function readStack(options: FileOptions, context: Context, how: Pick<LoadOptions, "beside" | "nameIsEnough"> = {}): LoadedStack {
  if (options.name !== undefined) checkName(options.name)
  const loaded = loadStack({
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.name === undefined ? {} : { name: options.name }),
    cwd: context.cwd,
    vars: assignments(options.var),
    varFiles: options.varFile,
    environment: context.environment,
    profiles: options.profile,
    stdin: readInput,
    ...how,
  })
  if (loaded.desired !== undefined) loaded.desired = withVariables(loaded.desired, context)
  for (const [file, text] of loaded.sources) context.sources.set(file, text)
  return loaded
}

/** With the variables that its secrets and configs come from: no file holds what is in them, so it is taken anew for each command. */
export function withVariables(desired: Desired, { environment }: Context): Desired {
  const names = desired.resources.flatMap(({ kind, attributes }) => {
    if (kind === "interface" && attributes.wireguard !== undefined)
      return wireGuardKeys(attributes.wireguard as unknown as WireGuardSpec).flatMap((key) => key.environment ?? [])
    return kind === "container"
      ? givensIn(attributes as unknown as ContainerAttributes).flatMap(([, given]) => given.environment ?? [])
      : []
  })
  const found = names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]] as const]))
  return found.length === 0 ? desired : { ...desired, variables: Object.fromEntries(found) }
}

/** Loads the stack file and tells its warnings; its errors end the command. */
export function loadFile(options: FileOptions, context: Context, beside?: Beside): LoadedStack & { desired: Desired } {
  const loaded = readStack(options, context, beside === undefined ? {} : { beside })
  if (loaded.desired === undefined || hasErrors(loaded.diagnostics)) throw new DiagnosticError(...loaded.diagnostics)
  report(context, loaded.diagnostics)
  return { ...loaded, desired: loaded.desired }
}

/**
 * The stack a command about live things means. With `-p NAME` and no `-f` no file is read; otherwise the file's name
 * counts, even if the rest of the file is wrong. `desired` is empty where there is no valid file.
 */
export function liveStack(options: FileOptions, context: Context): Desired {
  return readLive(options, context).desired
}

/** Its name alone: the rest of the file is not looked through. */
export function liveStackName(options: FileOptions, context: Context): string {
  return readLive(options, context, { nameIsEnough: () => true }).desired.stack
}

/** The same as `liveStack`, and whether there is a file that could not be read to its end. */
export function readLive(
  options: FileOptions,
  context: Context,
  how: Pick<LoadOptions, "beside" | "nameIsEnough"> = {},
): { desired: Desired; broken: boolean } {
  if (options.name !== undefined && options.file === undefined) {
    checkName(options.name)
    return { desired: { stack: options.name, resources: [] }, broken: false }
  }
  const loaded = readStack(options, context, how)
  if (loaded.desired !== undefined) return { desired: loaded.desired, broken: false }
  if (loaded.name !== undefined) return { desired: { stack: loaded.name, resources: [] }, broken: hasErrors(loaded.diagnostics) }
  const hint = "name the stack with -p NAME, or its file with -f FILE"
  const [first] = loaded.diagnostics
  if (first?.code === "no-stack-file") throw new DiagnosticError({ ...first, hint })
  throw new DiagnosticError(...loaded.diagnostics, error("no-stack", "which stack?", { hint }))
}

function checkName(name: string): void {
  if (!STACK_NAME.test(name)) throw new UsageError(`"${name}" cannot be a stack's name: [a-z0-9][a-z0-9_-]{0,31}`)
}

function assignments(pairs: readonly string[]): { [name: string]: string } {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=")
      if (at < 1) throw new UsageError(`--var ${pair}: write it as NAME=VALUE`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
