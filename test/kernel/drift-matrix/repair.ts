import { kinds } from "../../../src/kinds/catalog.ts"
import type { KindName } from "../../../src/model/resource.ts"

/** How a kind's own rules repair these fields of one of its resources. */
export function repairOf(address: string, paths: readonly string[]): "update" | "replace" {
  const { rules } = kinds[address.slice(0, address.indexOf(".")) as KindName]
  const replaces = (path: string) => rules.some((rule) => rule.change === "replace" && isOfRule(rule.path, path))
  return paths.some(replaces) ? "replace" : "update"
}

/** Whether a rule's path, with `*` for any key, is that of an attribute. Keys of a map may hold dots: the last `*` stands for all that is left. */
export function isOfRule(rule: string, path: string): boolean {
  const [segments, parts] = [rule.split("."), path.split(".")]
  if (segments.at(-1) !== "*" && segments.length !== parts.length) return false
  return parts.length >= segments.length && segments.every((segment, i) => segment === "*" || segment === parts[i])
}
