import { DiagnosticError, error } from "../base/diagnostic.ts"
import { nearest } from "../base/nearest.ts"

/** The container's name in what a person wrote: `web`, `web[0]` or `container.web`. */
export function containerName(written: string): string {
  return written.startsWith("container.") ? written.slice("container.".length) : written
}

/** No container of that name: which ones there are, and the nearest. */
export function noContainer(name: string, stack: string, known: readonly string[]): DiagnosticError {
  const replicas = known.filter((other) => other.startsWith(`${name}[`))
  const near = replicas[0] ?? nearest(name, known)
  const hint =
    near !== undefined ? `did you mean ${near}?` : known.length === 0 ? "`stack apply` starts the stack" : `there is ${list(known)}`
  return new DiagnosticError(error("no-container", `stack ${stack} has no live container ${name === "" ? '""' : name}`, { hint }))
}

function list(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and ${names.length - 8} more`
}
