import { withArticle } from "../../base/article.ts"
import { kinds } from "../../kinds/catalog.ts"
import { CONTROLLERS } from "../../kinds/cgroup/problems.ts"
import { ULIMIT_NAMES } from "../../kinds/container/spec-ulimits.ts"
import type { KindName } from "../../model/resource.ts"
import type { LifecycleEntry } from "../desired.ts"
import type { Draft, Drafted } from "../resolve.ts"

/** `ignore_drift` names attributes that there are, and that can be changed in place. */
export function checkLifecycle(draft: Draft): void {
  const { bridges, cgroups, veths, containers, interfaces, volumes } = draft
  for (const one of [...bridges, ...cgroups, ...veths, ...containers, ...interfaces, ...volumes]) checkPaths(draft, one)
}

function checkPaths({ suggest }: Draft, { kind, entry, value }: Drafted<unknown, unknown>): void {
  const paths = (value as LifecycleEntry).ignore_drift ?? []
  for (const [i, path] of paths.entries()) {
    const members = membersOf(path)
    const rule = members === undefined || members.includes(path) ? ruleFor(kind, path) : undefined
    if (rule?.change === "update") continue
    const known =
      members ??
      rulesOf(kind)
        .filter((r) => r.change === "update")
        .map((r) => r.path.replace(/\.\*.*$/, ""))
    const near = suggest(path, known)
    const hint = near === undefined ? `there is ${[...new Set(known)].join(", ")}` : `did you mean \`${near}\`?`
    const why = NEEDED.has(path)
      ? "is what others know it by"
      : rule === undefined
        ? `is no attribute of ${withArticle(kind)}`
        : "cannot be changed in place"
    entry.report(["ignore_drift", i], "unknown-attribute", `\`${path}\` ${why}`, { hint })
  }
}

/** Without its mark a link is nobody's, and by a name that nobody knows nothing finds it. */
const NEEDED: ReadonlySet<string> = new Set(["alias", "interface", "host_interface", "cgroup"])

/** All that a path may be that goes into an attribute whose parts have names that are known: `limits.memory`. */
function membersOf(path: string): string[] | undefined {
  const [attribute, name] = path.split(".")
  if (name === undefined || name === "*" || (attribute === "limits" && (name === "unified" || name === "io"))) return undefined
  const names = attribute === "limits" ? Object.keys(CONTROLLERS) : attribute === "ulimits" ? ULIMIT_NAMES : undefined
  return names?.map((one) => `${attribute}.${one}`)
}

function rulesOf(kind: KindName) {
  return kinds[kind].rules.filter(({ path }) => !NEEDED.has(path))
}

/** The rule that a path falls under, or that falls under it: `limits` and `limits.memory` meet `limits.*`. */
function ruleFor(kind: KindName, path: string) {
  const parts = path.split(".")
  return rulesOf(kind).find((rule) => {
    const segments = rule.path.split(".")
    // The last `*` stands for all that is left: keys of sysctls hold dots themselves.
    if (parts.length > segments.length && segments.at(-1) !== "*") return false
    return segments.every((segment, i) => segment === "*" || parts[i] === undefined || segment === parts[i])
  })
}
