import type { Diagnostic } from "../base/diagnostic.ts"
import { DiagnosticError, error, warning } from "../base/diagnostic.ts"
import type { Kernel } from "../kernel/kernel.ts"
import { KernelError } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import { CAPABILITIES } from "../kinds/container/spec-capabilities.ts"
import type { Plan } from "../model/plan.ts"
import type { Snapshot } from "../model/resource.ts"
import { missingCapabilities, missingToRead } from "../observe/host.ts"

const HINT =
  "run it as root, or with these capabilities (capabilities(7)); a user with subordinate ids (usermod --add-subuids, --add-subgids) has stacks in namespaces of its own"

/** Applying needs what this process may not do: told before anything is changed. */
export function requireCapabilities(kernel: Kernel): void {
  const names = missingCapabilities(kernel)
  if (names.length > 0) throw new DiagnosticError(lacking(names, "this changes the kernel"))
}

/**
 * What single launches need beside. In a user namespace of its own a container's process has every capability; where it is the
 * host's, it gives up those of this process (PR_CAPBSET_DROP). To join a mount namespace is setns(2).
 */
const TO_LAUNCH: readonly (readonly [name: string, needs: (spaces: ContainerAttributes["namespaces"]) => boolean])[] = [
  ["CAP_SETPCAP", ({ user }) => user === "host"],
  ["CAP_SYS_CHROOT", ({ mount }) => mount.startsWith("container:")],
]

/** Host id 0 is mapped only by who has CAP_SETFCAP, since Linux 5.12. user_namespaces(7) */
function toMap({ namespaces, uid_map }: ContainerAttributes): string[] {
  return namespaces.user === "new" && Array.isArray(uid_map) && uid_map.some(({ host }) => host === 0) ? ["CAP_SETFCAP"] : []
}

/** In a user namespace of its own a container's root has all there are; in the host's no more than this process can give. */
function toGive({ namespaces, capabilities }: ContainerAttributes): string[] {
  return namespaces.user === "host" ? capabilities.map((name) => `CAP_${name}`) : []
}

/** Of a plan, the launches for which this process lacks a capability. */
export function launchProblems(kernel: Kernel, { changes }: Plan): Diagnostic[] {
  const made = changes.filter(
    ({ kind, action, fields }) =>
      kind === "container" && (action === "create" || action === "replace" || fields.some(({ path }) => path === "state")),
  )
  const missing = new Set(
    made.length === 0
      ? []
      : missingCapabilities(
          kernel,
          CAPABILITIES.map((name, bit) => [`CAP_${name}`, bit]),
        ),
  )
  return made.flatMap(({ address, after, resource }) => {
    const attributes = after as unknown as ContainerAttributes
    const names = TO_LAUNCH.filter(([name, needs]) => missing.has(name) && needs(attributes.namespaces)).map(([name]) => name)
    const ungiven = toGive(attributes).filter((name) => missing.has(name) && !names.includes(name))
    const at = (path: string) => {
      const range = resource?.range(path) ?? resource?.range()
      return { address, ...(range === undefined ? {} : { range }) }
    }
    const where = at("namespaces")
    const unmapped = toMap(attributes).filter((name) => missing.has(name))
    return [
      ...(unmapped.length === 0 ? [] : [{ ...lacking(unmapped, "its idmap maps host id 0"), ...at("uid_map") }]),
      ...(names.length === 0 ? [] : [{ ...lacking(names, "the container shares namespaces"), ...where }]),
      ...(ungiven.length === 0 ? [] : [{ ...lacking(ungiven, "the container is to have it, with the ids of the host"), ...where }]),
    ]
  })
}

/** What it takes to enter a container: its run folder, its namespaces (setns(2)), its cgroup, its ids. */
const TO_ENTER: ReadonlySet<string> = new Set(["CAP_DAC_OVERRIDE", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_PTRACE", "CAP_SYS_ADMIN"])

/** The same for a second process in a container, and for a link in one. */
export function requireEntering(kernel: Kernel, why: string): void {
  const names = missingCapabilities(kernel).filter((name) => TO_ENTER.has(name))
  if (names.length > 0) throw new DiagnosticError(lacking(names, why))
}

/** What is live of a stack cannot be read whole without privilege, and a wrong plan is worse than none. */
export function requireWholeReading({ host, resources }: Snapshot): void {
  if (host.missingToRead.length > 0 && resources.size > 0)
    throw new DiagnosticError(lacking(host.missingToRead, "what is live cannot be read whole"))
}

/** A listing without privilege is still worth something, but not whole. */
export function incompleteReading({ host, resources }: Snapshot): Diagnostic[] {
  if (host.missingToRead.length === 0 || resources.size === 0) return []
  const detail = `this process lacks ${host.missingToRead.join(", ")}`
  return [warning("missing-capability", "what is live cannot be read whole", { detail, hint: HINT })]
}

/** The kernel said no while it was only being read. */
export function refusedReading(failure: unknown, kernel: Kernel, what = "what is live"): unknown {
  if (!(failure instanceof KernelError) || (failure.errno !== "EPERM" && failure.errno !== "EACCES")) return failure
  const names = missingToRead(kernel)
  return names.length === 0 ? failure : new DiagnosticError(lacking(names, `${what} cannot be read whole`))
}

function lacking(names: readonly string[], why: string): Diagnostic {
  const [one] = names
  return error("missing-capability", `this needs ${names.length === 1 ? one : names.join(", ")}`, {
    detail: `${why}, and this process lacks ${names.length === 1 ? "it" : "them"}`,
    hint: HINT,
  })
}
