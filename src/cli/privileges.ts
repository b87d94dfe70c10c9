import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error, warning } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { Snapshot } from "../model/resource.ts"
import { missingCapabilities, missingToRead } from "../observe/host.ts"

const HINT = "run it as root, or with these capabilities (capabilities(7))"

/** Applying needs what this process may not do: told before anything is changed. */
export function requireCapabilities(kernel: Kernel): void {
  const names = missingCapabilities(kernel)
  if (names.length > 0) throw new DiagnosticError(missing(names, "this changes the kernel"))
}

/** What it takes to enter a container: its run folder, its namespaces (setns(2)), its cgroup, its ids. */
const TO_ENTER: ReadonlySet<string> = new Set(["CAP_DAC_OVERRIDE", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN"])

/** The same for a second process in a container. */
export function requireEntering(kernel: Kernel): void {
  const names = missingCapabilities(kernel).filter((name) => TO_ENTER.has(name))
  if (names.length > 0) throw new DiagnosticError(missing(names, "exec enters the container's namespaces and cgroup with its ids"))
}

/** What is live of a stack cannot be read whole without privilege, and a wrong plan is worse than none. */
export function requireWholeReading({ host, resources }: Snapshot): void {
  if (host.missingToRead.length > 0 && resources.size > 0)
    throw new DiagnosticError(missing(host.missingToRead, "what is live cannot be read whole"))
}

/** A listing without privilege is still worth something, but not whole. */
export function incompleteReading({ host, resources }: Snapshot): Diagnostic[] {
  if (host.missingToRead.length === 0 || resources.size === 0) return []
  const detail = `this process lacks ${host.missingToRead.join(", ")}`
  return [warning("missing-capability", "what is live cannot be read whole", { detail, hint: HINT })]
}

/** The kernel said no while it was only being read. */
export function refusedReading(failure: unknown, kernel: Kernel): unknown {
  if (!(failure instanceof KernelError) || (failure.errno !== "EPERM" && failure.errno !== "EACCES")) return failure
  const names = missingToRead(kernel)
  return names.length === 0 ? failure : new DiagnosticError(missing(names, "what is live cannot be read whole"))
}

function missing(names: readonly string[], why: string): Diagnostic {
  const [one] = names
  return error("missing-capability", `this needs ${names.length === 1 ? one : names.join(", ")}`, {
    detail: `${why}, and this process lacks ${names.length === 1 ? "it" : "them"}`,
    hint: HINT,
  })
}
