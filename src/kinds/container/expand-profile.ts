import type { Entry } from "../../model/entry.ts"
import type { LifeEntry } from "./expand-life.ts"
import { isSystem } from "./expand-life.ts"
import type { Power, ProfileName } from "./spec-profile.ts"
import { PRIVILEGED, PROFILES, SYSTEM } from "./spec-profile.ts"

export interface ProfileEntry extends Pick<LifeEntry, "init"> {
  profile?: ProfileName
  privileged?: boolean
}

/** What `profile` and compose's `privileged` come to; what the file says of each goes on from there. */
export function powerOf(value: ProfileEntry, entry: Entry): Power {
  const { profile, privileged } = value
  if (privileged !== true) return profile === undefined && isSystem(value) ? SYSTEM : PROFILES[profile ?? "default"]
  if (profile === "strict" || profile === "system") {
    const hint = `take \`privileged\` out, or \`profile\`: a privileged container is held by nothing but its namespaces`
    entry.reportKey(["privileged"], "contradicting-profile", `\`privileged\` contradicts \`profile: ${profile}\``, { hint })
  }
  return PRIVILEGED
}
