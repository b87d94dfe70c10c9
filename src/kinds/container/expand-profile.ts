import type { Entry } from "../../model/entry.ts"
import type { Power, ProfileName } from "./spec-profile.ts"
import { PRIVILEGED, PROFILES } from "./spec-profile.ts"

export interface ProfileEntry {
  profile?: ProfileName
  privileged?: boolean
}

/** What `profile` and compose's `privileged` come to; what the file says of each goes on from there. */
export function powerOf({ profile, privileged }: ProfileEntry, entry: Entry): Power {
  if (privileged !== true) return PROFILES[profile ?? "default"]
  if (profile === "strict" || profile === "system") {
    const hint = `take \`privileged\` out, or \`profile\`: a privileged container is held by nothing but its namespaces`
    entry.reportKey(["privileged"], "contradicting-profile", `\`privileged\` contradicts \`profile: ${profile}\``, { hint })
  }
  return PRIVILEGED
}
