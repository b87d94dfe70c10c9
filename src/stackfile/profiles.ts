import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { MapNode, Node } from "./node.ts"
import { child, isFailed, toPlain } from "./node.ts"
import type { Suggest } from "./suggest.ts"

/** Stands for all of them. */
const ALL = "*"

/** True where one of an entry's own profiles is active, or where it has none. */
export function isActive(own: unknown, active: readonly string[]): boolean {
  if (!Array.isArray(own) || own.length === 0 || active.includes(ALL)) return true
  return own.some((profile) => active.includes(String(profile)))
}

/** Profiles that are wished for and that no container has: most likely a slip of the pen. */
export function unknownProfiles(root: MapNode, wished: readonly string[], suggest: Suggest): Diagnostic[] {
  const known = wished.length === 0 ? [] : knownProfiles(child(root, "containers"))
  if (known === undefined) return []
  return [...new Set(wished)]
    .filter((profile) => profile !== ALL && !known.includes(profile))
    .map((profile) => {
      const near = suggest(profile, known)
      const others = known.length === 0 ? "no container has any: leave it out" : `there is ${known.join(", ")}`
      const hint = near === undefined ? others : `did you mean \`${near}\`?`
      return error("unknown-profile", `--profile: no container has the profile \`${profile}\``, { hint })
    })
}

/** Undefined where some are mistaken, which has been told: one of these may be meant. */
function knownProfiles(containers: Node | undefined): string[] | undefined {
  if (containers?.kind !== "map") return containers === undefined ? [] : undefined
  const found = new Set<string>()
  for (const { value } of containers.entries.values()) {
    const node = value.kind === "map" ? child(value, "profiles") : undefined
    const plain = node === undefined ? [] : toPlain(node)
    if (!Array.isArray(plain) || isFailed(value)) return undefined
    for (const profile of plain) found.add(String(profile))
  }
  return [...found].sort()
}
