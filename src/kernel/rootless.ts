import { join } from "node:path"
import { errnoName } from "./errno.ts"
import { nativeFolder, openFfi } from "./ffi.ts"
import { KernelError } from "./kernel.ts"

/** How a command comes into the namespaces of an ordinary user's stacks. */
export interface Entrance {
  /** The run folder and the data folder of all its stacks. */
  run: string
  data: string
  /** The namespaces are made where they are not, and stay when the command has ended. */
  keep: boolean
  /** Subordinate ids: the first, and how many. */
  uids: { first: string; count: string }
  gids: { first: string; count: string }
  /** What is run in there. */
  command: readonly string[]
  environment: { readonly [name: string]: string | undefined }
}

/** Where the data folder is found in there: native/rootless/rootless.h. */
export const DATA_PLACE = "/.stack"

/** This process becomes `stack-rootless`, which becomes the command. Throws a KernelError where it could not even begin. */
export function enterRootless({ run, data, keep, uids, gids, command, environment }: Entrance): never {
  const program = join(nativeFolder(), "stack-rootless")
  const argv = [program, run, data, keep ? "1" : "0", uids.first, uids.count, gids.first, gids.count, ...command]
  const variables = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  throw new KernelError(`run ${program}`, errnoName(openFfi().exec(program, words(argv), words(variables))))
}

function words(list: readonly string[]): Buffer {
  return Buffer.from(list.map((word) => `${word}\0`).join(""))
}
