import { splitAddress } from "../base/address.ts"
import { error } from "../base/diagnostic.ts"
import { whyNoLinkName } from "../base/link-name.ts"
import type { Import } from "../model/imports.ts"
import type { MapEntry, MapNode } from "./node.ts"
import { rangeOfPath } from "./node.ts"
import type { Draft } from "./resolve.ts"
import { namesIn } from "./resolve.ts"

interface ImportEntry {
  to?: string
  name?: string
  path?: string
}

/** What can be adopted: the section it stands in, and the key of an entry that says which one it is. */
const ADOPTABLE: { readonly [kind: string]: { section: "bridges" | "veths" | "cgroups"; key: "name" | "path" } } = {
  bridge: { section: "bridges", key: "name" },
  veth: { section: "veths", key: "name" },
  cgroup: { section: "cgroups", key: "path" },
}

/** An entry on its way, and how a mistake in it is told: at one of its keys, or at all of it. */
interface Draftlike {
  entry: ImportEntry
  index: number
  tell(key: string | undefined, code: string, summary: string, hint: string): void
}

/** The entries of `import:` whose resources are wanted; mistakes go into the draft's diagnostics. */
export function importsOf(draft: Draft, root: MapNode, plain: { [key: string]: unknown }): Import[] {
  const source = root.entries.get("import")
  const entries = (plain.import ?? []) as ImportEntry[]
  if (source === undefined || entries.length === 0) return []
  const seen = new Set<string>()
  return entries.flatMap((entry, index) => {
    const one: Draftlike = {
      entry,
      index,
      tell: (key, code, summary, hint) =>
        void draft.diagnostics.push(error(code, summary, { hint, range: rangeOfPath(source, key === undefined ? [index] : [index, key]) })),
    }
    const id = nameOf(one)
    if (id === undefined || !isResource(draft, root, one) || isRepeated(seen, one, id)) return []
    return isWanted(draft, entry.to) ? [{ to: entry.to as string, id, range: () => rangeAt(source, index) }] : []
  })
}

function rangeAt(source: MapEntry, index: number) {
  return rangeOfPath(source, [index])
}

/** What it is called in the kernel; undefined where that is mistaken, or `to` is, which is told. */
function nameOf({ entry, tell }: Draftlike): string | undefined {
  const { to } = entry
  if (to === undefined) return undefined
  const { kind } = splitAddress(to)
  const known = Object.hasOwn(ADOPTABLE, kind) ? ADOPTABLE[kind] : undefined
  if (known === undefined) {
    const hint = "bridges (bridge.NAME), veth pairs on the host (veth.NAME) and cgroups (cgroup.NAME) can"
    tell("to", "cannot-import", `\`${to}\` cannot be adopted`, hint)
    return undefined
  }
  const other = known.key === "name" ? "path" : "name"
  const id = entry[known.key]
  const example = known.key === "name" ? "name: br0" : "path: /my/group"
  if (entry[other] !== undefined) tell(other, "cannot-import", `a ${kind} has no \`${other}\``, `write \`${example}\``)
  else if (id === undefined) tell(undefined, "missing-key", `what is to become ${to} is not said`, `add its ${known.key}: \`${example}\``)
  else return known.key === "name" ? linkName(id, tell) : groupPath(id, tell)
  return undefined
}

function linkName(name: string, tell: Draftlike["tell"]): string | undefined {
  const why = whyNoLinkName(name)
  if (why === undefined) return name
  tell("name", "bad-link-name", `\`${name}\` cannot be the name of a link: ${why}`, "`ip link` shows their names")
  return undefined
}

/** From the top of the hierarchy: never a stack's own, which bears its mark by being there. */
function groupPath(path: string, tell: Draftlike["tell"]): string | undefined {
  const parts = path.split("/").filter(Boolean)
  const wrong = !path.startsWith("/") || parts.length === 0 || parts.some((part) => part === "." || part === "..") || /[\n\r]/.test(path)
  if (wrong) tell("path", "bad-path", `\`${path}\` is no path of a cgroup`, "write it from the top of the hierarchy: /my/group")
  else if (parts[0] === "stack") tell("path", "bad-path", `\`${path}\` is a stack's own group`, "what is a stack's is never adopted")
  else return `/${parts.join("/")}`
  return undefined
}

function isResource({ suggest }: Draft, root: MapNode, { entry, tell }: Draftlike): boolean {
  const to = entry.to as string
  const { kind, name } = splitAddress(to)
  const section = ADOPTABLE[kind]?.section ?? ""
  const names = namesIn(root, section)
  if (names.includes(name)) return true
  const near = suggest(
    to,
    names.map((one) => `${kind}.${one}`),
  )
  const hint = near === undefined ? `declare it under \`${section}:\`, as it shall be` : `did you mean \`${near}\`?`
  tell("to", "unknown-reference", `no ${kind} is called \`${name}\``, hint)
  return false
}

function isRepeated(seen: Set<string>, { entry, tell }: Draftlike, id: string): boolean {
  const to = entry.to as string
  const [key, what] = seen.has(to) ? ["to", to] : [ADOPTABLE[splitAddress(to).kind]?.key, id]
  const repeated = seen.has(what)
  if (repeated) tell(key, "duplicate-import", `${what} stands twice in \`import\``, "one object becomes one resource: take one entry out")
  seen.add(to).add(id)
  return repeated
}

/** A pair whose container is left out by its profiles is left out too; a resource that is mistaken is told so elsewhere. */
function isWanted({ bridges, veths, cgroups }: Draft, to: string | undefined): boolean {
  return [...bridges, ...veths, ...cgroups].some(({ entry }) => entry.address === to)
}
