import { closeSync } from "node:fs"
import { DiagnosticError, error } from "../base/diagnostic.ts"
import type { ProcessId } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { LinuxKernel } from "../kernel/linux.ts"
import { DATA_PLACE, enterRootless } from "../kernel/rootless.ts"
import { isStackGroup, RUN_ROOT, useRootlessFolders } from "../model/ownership.ts"
import { missingCapabilities } from "../observe/host.ts"
import { ownRange, whoIs } from "../observe/whose.ts"
import type { Context } from "./context.ts"

type Environment = Context["environment"]

/** `PID START-TIME DESCRIPTOR`, as native/rootless/main.c tells it: who holds the namespaces, and the file that says that a command is in them. */
const MARK = "STACK_ROOTLESS"

/** Files of all this user's stacks, beside the stacks' own folders. */
const [HOLDER, COMMANDS] = [".holder", ".commands"]

/** The run folder and the data folder of an ordinary user's stacks. https://specifications.freedesktop.org/basedir-spec */
export function ownFolders({ XDG_RUNTIME_DIR, XDG_DATA_HOME, HOME }: Environment): { run: string; data: string } | undefined {
  const data = XDG_DATA_HOME?.startsWith("/") ? XDG_DATA_HOME : HOME?.startsWith("/") ? `${HOME}/.local/share` : undefined
  if (!XDG_RUNTIME_DIR?.startsWith("/") || data === undefined) return undefined
  return { run: `${XDG_RUNTIME_DIR}/stack`, data: `${data}/stack` }
}

/**
 * An ordinary user's command goes on in the namespaces of its stacks, in which it is root: this process becomes it. Comes back where it is
 * there already, where it needs no such thing (root, or somebody with capabilities), or where the user has no ids to hand on: then what
 * cannot be done is told as it comes. `keep`: it may make what outlives it.
 */
export function enterNamespaces(context: Context, keep: boolean): void {
  const { environment } = context
  if (environment[MARK] !== undefined) return
  const kernel = context.kernel()
  if (!missingCapabilities(kernel).includes("CAP_SYS_ADMIN")) return
  const who = whoIs(kernel)
  const [uids, gids] = [ownRange(kernel.read("/etc/subuid"), who), ownRange(kernel.read("/etc/subgid"), who)]
  if (uids === undefined || gids === undefined) return
  const folders = ownFolders(environment)
  if (folders === undefined) throw noFolders()
  enterRootless({ ...folders, keep, uids, gids, command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)], environment })
}

function noFolders(): DiagnosticError {
  return new DiagnosticError(
    error("no-runtime-folder", "XDG_RUNTIME_DIR is not set, or HOME is not", {
      detail: "what is known of an ordinary user's running containers is kept there, until the machine is turned off",
      hint: "log in (pam_systemd sets it), or set it to a folder of yours on a tmpfs, mode 700",
    }),
  )
}

/** In there: where things are kept. */
export function useOwnFolders(environment: Environment): void {
  const folders = environment[MARK] === undefined ? undefined : ownFolders(environment)
  if (folders !== undefined) useRootlessFolders(folders.run, DATA_PLACE)
}

/**
 * The last command that is in the namespaces, where no stack is left in them, ends the process that holds them. Whoever comes in waits
 * meanwhile, and then finds none.
 */
export async function leaveNamespaces({ environment, kernel: open }: Context): Promise<void> {
  const [pid = 0, startTime = "", descriptor = -1] = (environment[MARK] ?? "").split(" ").map((word, i) => (i === 1 ? word : Number(word)))
  if (Number(descriptor) < 0) return
  closeSync(Number(descriptor))
  const kernel = open()
  try {
    const alone = kernel.lock(`${RUN_ROOT}/${COMMANDS}`)
    if (alone === null) return
    try {
      if (isEmpty(kernel)) await endNamespaces(kernel, { pid: Number(pid), startTime: String(startTime) }, environment)
    } finally {
      alone.release()
    }
  } catch (failure) {
    // Another one that left at the same moment has taken the folder away, or is about to: it does the rest.
    if (!(failure instanceof KernelError && (failure.errno === "ENOENT" || failure.errno === "ENOTEMPTY"))) throw failure
  }
}

async function endNamespaces(kernel: LinuxKernel, holder: ProcessId, environment: Environment): Promise<void> {
  await endHolder(kernel, holder)
  const data = ownFolders(environment)?.data
  if (data !== undefined && kernel.list(data).length === 0) kernel.rmdir(data)
  for (const name of [HOLDER, COMMANDS]) kernel.removeTree(`${RUN_ROOT}/${name}`)
  kernel.rmdir(RUN_ROOT)
}

async function endHolder(kernel: LinuxKernel, holder: ProcessId): Promise<void> {
  const SIGKILL = 9
  if (holder.pid > 0 && kernel.signal(holder, SIGKILL)) await kernel.gone(holder, 5000)
}

/** No folder of a stack, and no link of one. */
function isEmpty(kernel: LinuxKernel): boolean {
  const left = kernel.list(RUN_ROOT).filter((name) => name !== HOLDER && name !== COMMANDS)
  return left.length === 0 && !kernel.dump("host").links.some(({ group }) => isStackGroup(group))
}
