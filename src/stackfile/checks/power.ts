import { sharedWith } from "../../kinds/container/expand.ts"
import type { Draft, DraftContainer } from "../resolve.ts"

/** Any of these over the host's own user namespace is the whole host: its mounts, its modules, its memory. capabilities(7) */
const RULES_THE_HOST = ["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"]

/** Power over the host that nobody has asked for by its name. */
export function checkPower(draft: Draft): void {
  const byName = new Map(draft.containers.map((container) => [container.name, container]))
  for (const container of draft.containers) {
    const { attributes, entry, value } = container
    const ruling = attributes.capabilities.filter((name) => RULES_THE_HOST.includes(name))
    if (ruling.length === 0 || value.profile === "unsafe" || !hasHostIds(container, byName)) continue
    const key = ["cap_add", "privileged", "profile"].find((one) => entry.has([one])) ?? "cap_add"
    entry.report([key], "power-over-the-host", `${ruling.join(", ")} over the host's own ids give ${entry.address} the whole host`, {
      detail: "Its user namespace is the host's: with this it mounts, loads and writes what it likes.",
      hint: "give it a user namespace of its own, or say `profile: unsafe`",
    })
  }
}

/** By as many hops as there are containers at most: a circle is told elsewhere. */
function hasHostIds(container: DraftContainer, byName: ReadonlyMap<string, DraftContainer>): boolean {
  let at: DraftContainer | undefined = container
  for (let hops = 0; at !== undefined && hops <= byName.size; hops++) {
    const { user }: DraftContainer["attributes"]["namespaces"] = at.attributes.namespaces
    if (user === "host") return true
    at = byName.get(sharedWith(user) ?? "")
  }
  return false
}
