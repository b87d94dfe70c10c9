import type { Tried } from "../kernel/tries.ts"
import type { Unloaded } from "../observe/modules.ts"
import type { Check } from "./check.ts"
import { check } from "./check.ts"
import type { Feature } from "./features.ts"
import { FEATURES } from "./features.ts"

/** What is to be tried of the kernel itself. */
export function kernelRequests(unloaded: Unloaded): string[] {
  return FEATURES.filter((feature) => missingModules(feature, unloaded).length === 0).map(({ id }) => id)
}

export function kernelChecks(tried: ReadonlyMap<string, Tried>, unloaded: Unloaded): Check[] {
  return FEATURES.map((feature) => {
    const { subject, id, what } = feature
    const modules = missingModules(feature, unloaded)
    if (modules.length > 0) return check(subject, id, what, "loads", { detail: `module ${modules.join(", ")}, at its first use` })
    return triedCheck(subject, id, what, tried.get(id), (outcome) => fixOf(feature, outcome))
  })
}

function missingModules({ modules = [] }: Feature, unloaded: Unloaded): string[] {
  return modules.filter((name) => unloaded.has(name))
}

/** The answer that a try comes to. */
export function triedCheck(
  subject: Check["subject"],
  id: string,
  what: string,
  outcome: Tried | undefined,
  fix: (outcome: Tried) => string,
): Check {
  if (outcome === undefined) return check(subject, id, what, "no", { detail: "it could not be tried", fix: "run stack doctor again" })
  const { errno, text, inUserNamespace } = outcome
  if (errno !== "") return check(subject, id, what, "no", { errno, detail: text === "" ? errno : `${errno}: ${text}`, fix: fix(outcome) })
  return check(subject, id, what, inUserNamespace && !id.endsWith(":user") ? "user" : "yes", { detail: text })
}

/** Words for each errno: what is not there, not allowed, or used up. */
function fixOf({ id, modules, options, bound }: Feature, { errno, inUserNamespace }: Tried): string {
  if (errno === "ENOSPC" && bound !== undefined) return `sysctl -w user.max_${bound}_namespaces=15000`
  if (id === "link:tap" && errno !== "EINVAL") return tapFix(errno)
  if (errno === "EPERM" || errno === "EACCES")
    return inUserNamespace
      ? "run it as root, or allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)"
      : "run it as root, outside a container that forbids it"
  const own = modules?.at(-1)
  return own === undefined ? `a kernel with ${options}` : `a kernel with ${options}, or the package that holds its module ${own}`
}

/** tap devices are made through a file. */
function tapFix(errno: string): string {
  return errno === "EACCES" || errno === "EPERM"
    ? "chmod 666 /dev/net/tun"
    : "modprobe tun, or a kernel with CONFIG_TUN; mknod /dev/net/tun c 10 200"
}
