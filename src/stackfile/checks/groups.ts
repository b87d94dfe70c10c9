import type { Draft } from "../resolve.ts"
import { placeText } from "./spots.ts"

/** A cgroup and a container of one name: both would be one folder of the cgroup tree. */
export function checkGroups(draft: Draft): void {
  const containers = new Map(draft.containers.map((c) => [c.name, c]))
  for (const { name, entry } of draft.cgroups) {
    const container = containers.get(name)
    if (container === undefined) continue
    entry.reportKey(
      [],
      "name-clash",
      `cgroup.${name} and container.${name} (${placeText({ source: container.source, path: ["image"] })}) would be one group`,
      {
        hint: "rename one of the two",
      },
    )
  }
}
