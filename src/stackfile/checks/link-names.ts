import type { Entry } from "../../model/entry.ts"
import type { MapEntry, Path } from "../node.ts"
import type { Draft } from "../resolve.ts"
import { clashFinder } from "./clashes.ts"
import type { Spot } from "./spots.ts"

/** The longest name of a link in bytes. <linux/if.h> IFNAMSIZ, less the NUL */
const LONGEST = 15

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
      take(end.container, end.interface, spotOf(entry, source, path, false))
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
    hint: `at most ${LONGEST} bytes without blanks, \`/\`, \`:\` and \`%\`, such as eth0`,
  })
  return false
}

/** Why the kernel takes no new link of that name, in words. */
export function whyNoLinkName(name: string): string | undefined {
  const bytes = Buffer.byteLength(name)
  if (name === "") return "it is empty"
  if (bytes > LONGEST) return `it has ${bytes} bytes`
  if (/[\s/:%]/.test(name)) return "it has a character that the kernel refuses"
  if (name === "." || name === "..") return "it is a folder's"
  if (name === "lo") return "it is the loopback interface's"
  return name === "all" || name === "default" ? "it is a word of the kernel's" : undefined
}
