import { LINK_NAME_HINT, whyNoLinkName } from "../../base/link-name.ts"
import type { Entry } from "../../model/entry.ts"
import type { MapEntry, Path } from "../node.ts"
import type { Draft } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"
import type { Spot } from "./spots.ts"

/** Names of links that the kernel refuses, and two links of one name in one namespace. */
export function checkLinkNames(draft: Draft): void {
  const finders = new Map<string, ReturnType<typeof finder>>()
  const take = (holder: string, name: string, spot: Spot & { onKey: boolean }) => {
    const found = finders.get(holder) ?? finder(holder)
    finders.set(holder, found)
    if (isUsable(name, spot)) found(name, spot)
  }
  for (const { attributes, entry, source } of draft.bridges) {
    take("host", attributes.interface, {
      who: entry.address,
      entry,
      source,
      path: entry.has(["interface"]) ? ["interface"] : [],
      onKey: false,
    })
  }
  for (const { attributes, entry, source } of draft.interfaces) {
    take(attributes.container, attributes.interface, spotOf(entry, source, [], true))
    if (attributes.host_interface !== undefined) take("host", attributes.host_interface, spotOf(entry, source, [], true))
  }
  for (const { attributes, entry, source, value } of draft.veths) {
    for (const [i, end] of attributes.endpoints.entries()) {
      const path = typeof value.endpoints?.[i] === "string" ? ["endpoints", i] : ["endpoints", i, "interface"]
      // What is no name is told of each end by itself, whatever else is the matter with the pair.
      if (whyNoLinkName(end.interface) === undefined) take(end.container, end.interface, spotOf(entry, source, path, false))
    }
  }
}

function spotOf(entry: Entry, source: MapEntry, path: Path, onKey: boolean): Spot & { onKey: boolean } {
  return { who: entry.address, entry, source, path, onKey }
}

function finder(holder: string) {
  const where = holder === "host" ? "on the host" : `in ${holder}`
  return clashFinder({
    code: "name-clash",
    what: (name) => `link name ${name} ${where}`,
    hint: "give one of the two another name",
    replicasHint: "name a container without `replicas`",
  })
}

/** What the kernel takes as the name of a new link. net/core/dev.c, dev_valid_name; devinet.c, sysctl_dev_name_is_allowed */
function isUsable(name: string, { entry, path, onKey }: Spot & { onKey: boolean }): boolean {
  const why = whyNoLinkName(name)
  if (why === undefined) return true
  const report = onKey ? entry.reportKey : entry.report
  report(path, "bad-link-name", `\`${name}\` cannot be the name of an interface: ${why}`, {
    hint: LINK_NAME_HINT,
  })
  return false
}
