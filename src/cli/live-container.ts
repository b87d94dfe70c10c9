import { DiagnosticError, error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"
import { destination, movesOf } from "../model/moves.ts"
import type { Desired } from "../model/resource.ts"
import type { Session } from "./session.ts"

/** The container's name in what a person wrote: `web`, `web[0]` or `container.web`. */
export function containerName(written: string): string {
  return written.startsWith("container.") ? written.slice("container.".length) : written
}

/** The container that is meant by a name: where the file moves it, the one that is live, be it by its former name or its next. */
export function liveName(written: string, { moved }: Pick<Desired, "moved">, known: readonly string[]): string {
  const name = containerName(written)
  if (known.includes(name) || moved === undefined) return name
  const moves = movesOf({ moved })
  const end = destination(moves, `container.${name}`)
  return known.find((other) => destination(moves, `container.${other}`) === end) ?? name
}

/** No container of that name: which ones there are, and the nearest. */
export function noContainer(name: string, stack: string, known: readonly string[]): DiagnosticError {
  const replicas = replicasOf(name, known)
  if (replicas.length > 0) {
    const hint = `name one of them: ${list(replicas)}`
    return new DiagnosticError(error("ambiguous-container", `container.${name} has replicas: which one is meant?`, { hint }))
  }
  // As compose counts them: `web-1`, `web_1`.
  const base = name.replace(/([-_.]\d+|\[\d*\])$/, "")
  const meant = base === name ? [] : replicasOf(base, known)
  const near = nearest(name, known)
  const others =
    near === undefined ? (known.length === 0 ? "`stack apply` starts the stack" : `there is ${list(known)}`) : `did you mean ${near}?`
  const hint = meant.length === 0 ? others : `the replicas of ${base} are called ${list(meant)}`
  return new DiagnosticError(error("no-container", `stack ${stack} has no live container ${name === "" ? '""' : name}`, { hint }))
}

/** All of a name, by their numbers. */
export function replicasOf(name: string, known: readonly string[]): string[] {
  const number = (replica: string) => Number.parseInt(replica.slice(name.length + 1), 10)
  return known.filter((other) => other.startsWith(`${name}[`)).sort((a, b) => number(a) - number(b))
}

/** What comes into a frozen group does not begin before that is thawed, and what is in it does not answer. */
export function requireThawed({ cgroups, stack }: Session, name: string, group: string, pid: number): void {
  const by = cgroups.frozenAt(group, pid)
  if (by === undefined) return
  const own = by.endsWith("freezer.state") || by.includes(`/stack/${stack}/`)
  const hint = own ? "`stack apply` thaws it: it is drift that it is frozen" : `this thaws it, and all else that is below: echo 0 > ${by}`
  throw new DiagnosticError(error("frozen", `container.${name} is frozen: nothing in its cgroup runs`, { detail: `by ${by}`, hint }))
}

function list(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and ${names.length - 8} more`
}
