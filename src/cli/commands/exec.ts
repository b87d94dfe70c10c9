import { DiagnosticError, error } from "../../base/diagnostic.ts"
import type { NamespaceKind, ProcessId } from "../../kernel/kernel.ts"
import type { ExecRecord } from "../../kernel/launch/exec.ts"
import type { LinuxKernel } from "../../kernel/linux.ts"
import { outsideId, parseMap } from "../../kinds/container/id-map.ts"
import type { Ids, Who } from "../../kinds/container/identity.ts"
import { lookupUser } from "../../kinds/container/identity.ts"
import { groupIn, holdingPathIn } from "../../kinds/container/kind-group-path.ts"
import { confinementOf, launchEnvironment } from "../../kinds/container/launch.ts"
import { NAMESPACE_FILES } from "../../kinds/container/namespaces.ts"
import type { ContainerRecord } from "../../kinds/container/record.ts"
import { bootId, parseRecord, recordPath } from "../../kinds/container/record.ts"
import type { IdRange } from "../../kinds/container/spec.ts"
import type { Desired, Observed } from "../../model/resource.ts"
import type { Context } from "../context.ts"
import { UsageError } from "../exit.ts"
import { containerName, liveName, noContainer, requireThawed } from "../live-container.ts"
import { requireEntering } from "../privileges.ts"
import type { Session } from "../session.ts"
import { observeStack, openSession } from "../session.ts"
import type { FileOptions } from "../stack-file.ts"
import { liveStack } from "../stack-file.ts"

export interface ExecOptions extends FileOptions {
  container: string
  argv: readonly string[]
  tty: boolean
  env: readonly string[]
  user?: string
  workdir?: string
}

/**
 * A second process like the container's first: in its namespaces and cgroups, with its ids, capabilities, seccomp filter and limits. This
 * process becomes it, so that input, output and exit status are the command's own.
 */
export async function exec(options: ExecOptions, context: Context): Promise<number> {
  const wrong = options.env.find((entry) => entry.indexOf("=") < 1)
  if (wrong !== undefined) throw new UsageError(`-e ${wrong}: write it as NAME=VALUE`)
  const desired = liveStack(options, context)
  const session = openSession(desired.stack, context)
  requireEntering(session.kernel, "exec enters the container's namespaces and cgroup with its ids")
  const observed = liveContainer(session, desired, options.container)
  const record = parseRecord(session.kernel.read(recordPath(session.stack, observed.name)), bootId(session.kernel))
  if (record === undefined) throw noRecord(observed.address)
  return session.kernel.become(execRecord(session, observed, record, options, context))
}

function liveContainer(session: Session, desired: Desired, written: string): Observed {
  const { resources } = observeStack(session, { stack: session.stack, resources: [] })
  const known = [...resources.values()].filter((r) => r.kind === "container").map((r) => r.name)
  const observed = resources.get(`container.${liveName(written, desired, known)}`)
  if (observed === undefined) throw noContainer(containerName(written), session.stack, known)
  if (observed.live.init === undefined || observed.attributes.state !== "running") throw notRunning(observed)
  requireThawed(session, observed.name, observed.live.cgroup as string, (observed.live.init as unknown as ProcessId).pid)
  return observed
}

/** One that has completed is as the stack wants it: an apply finds nothing to do. */
function notRunning({ address, name, attributes: { state } }: Observed): DiagnosticError {
  const start = state === "completed" ? `\`stack apply --replace ${address}\` runs it again` : "`stack apply` starts it"
  return new DiagnosticError(
    error("not-running", `${address} is not running: its state is ${String(state)}`, {
      hint: `${start}, \`stack logs ${name}\` shows what it has printed`,
    }),
  )
}

function noRecord(address: string): DiagnosticError {
  const hint = "`stack apply` puts it right"
  return new DiagnosticError(error("no-record", `${address} has no record of what it was started with`, { hint }))
}

function execRecord(session: Session, observed: Observed, record: ContainerRecord, options: ExecOptions, context: Context): ExecRecord {
  const { kernel, cgroups } = session
  const { attributes } = record
  const process = observed.live.init as unknown as ProcessId
  const ids = options.user === undefined ? record.ids : wantedIds(kernel, observed, { ...attributes, user: options.user })
  const groups = cgroups.foldersOf(observed.live.cgroup as string, attributes.limits)
  const group2 = attributes.init === "systemd" ? groupInside(session, process, groups.cgroup2) : groups.cgroup2
  return {
    process,
    namespaces: otherNamespaces(kernel, process),
    tty: options.tty,
    cgroupFiles: [...(group2 === "" ? [] : [`${group2}/cgroup.procs`]), ...groups.cgroups1.map((f) => `${f}/tasks`)],
    ...ids,
    ...confinementOf(attributes),
    cwd: options.workdir ?? attributes.working_dir,
    argv: options.argv,
    env: environmentOf(launchEnvironment(attributes, ids), options, context),
  }
}

/** A system's own group has no members any more once it gives controllers to those below: that of its process 1 is as good. cgroups(7) */
function groupInside({ kernel, cgroups, stack }: Session, { pid }: ProcessId, own: string): string {
  const place = cgroups.holdingFolder(groupIn(stack, holdingPathIn(cgroups, kernel.read(`/proc/${pid}/cgroup`))))
  return own !== "" && place.startsWith(`${own}/`) ? place : own
}

/** The kernel says no more of an id that is not mapped than EINVAL. */
function wantedIds(kernel: LinuxKernel, { address, live }: Observed, who: Who): Ids {
  const ids = lookupUser(kernel, who)
  const { pid } = live.init as unknown as ProcessId
  for (const [what, numbers, file] of [
    ["user", [ids.uid], "uid_map"],
    ["group", [ids.gid, ...ids.groups], "gid_map"],
  ] as const) {
    const map = parseMap(kernel.read(`/proc/${pid}/${file}`))
    const wrong = numbers.find((id) => outsideId(map, id) === undefined)
    if (wrong !== undefined) throw unmapped(`${what} id ${wrong} is in no range of ${address}'s idmap`, map)
  }
  return ids
}

function unmapped(summary: string, map: readonly IdRange[]): DiagnosticError {
  const ranges = map.map(({ container, count }) => `${container} to ${container + count - 1}`).join(", ")
  return new DiagnosticError(error("unmapped-user", summary, { hint: `it has ${ranges}: choose one of these, or map more` }))
}

/** The namespaces that are not this process's own: only these can, and need, be joined. */
function otherNamespaces(kernel: LinuxKernel, { pid }: ProcessId): NamespaceKind[] {
  const differs = (file: string) => kernel.readLink(`/proc/${pid}/ns/${file}`) !== kernel.readLink(`/proc/self/ns/${file}`)
  return NAMESPACE_FILES.filter(([, file]) => differs(file)).map(([kind]) => kind)
}

/** The container's, then the terminal's kind, then what `-e` says. */
function environmentOf(container: { readonly [name: string]: string }, { tty, env }: ExecOptions, { environment }: Context): string[] {
  const terminal = tty && environment.TERM !== undefined ? { TERM: environment.TERM } : {}
  const given = Object.fromEntries(env.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]))
  return Object.entries({ ...terminal, ...container, ...given }).map(([name, value]) => `${name}=${value}`)
}
