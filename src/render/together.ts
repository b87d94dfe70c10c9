import type { Diagnostic } from "../base/diagnostic.ts"
import { grouped } from "../base/grouped.ts"

/** How many names a person is willing to read. */
const SHOWN = 8

/**
 * What is said of several resources in the same words at the same place, as of every replica of a container, is said once and
 * names the others.
 */
export function together(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const groups = grouped(diagnostics, (diagnostic) => sameness(diagnostic) ?? diagnostic)
  return [...groups.values()].map((group) => withOthers(group.sort(byNumber)))
}

/** Steps fail in the order of chance. */
function byNumber({ address: a = "" }: Diagnostic, { address: b = "" }: Diagnostic): number {
  return a.localeCompare(b, "en", { numeric: true })
}

/** All that is said, with the resource's own name left out; undefined where there is no place or no resource. */
function sameness({ address, range, ...rest }: Diagnostic): string | undefined {
  if (address === undefined || range === undefined) return undefined
  const name = address.slice(address.indexOf(".") + 1)
  const words = JSON.stringify(rest, (_, value) => (typeof value === "string" ? value.replaceAll(name, "\0") : value))
  return JSON.stringify([address.slice(0, -name.length), range, words])
}

function withOthers([first, ...others]: readonly Diagnostic[]): Diagnostic {
  const told = first as Diagnostic
  const names = [...new Set(others.map(({ address }) => address))].filter((address) => address !== told.address)
  if (names.length === 0) return told
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ""
  const line = `the same of ${names.slice(0, SHOWN).join(", ")}${more}`
  return { ...told, detail: told.detail === undefined ? line : `${told.detail}\n${line}` }
}
