import { sharedWith } from "../kinds/container/expand.ts"
import { KEPT_NAMESPACES } from "../kinds/container/relations.ts"
import type { NamespaceMode } from "../kinds/container/spec.ts"
import { isRestarted } from "../kinds/container/spec-life.ts"
import type { DraftContainer } from "./resolve.ts"

/**
 * A command that is started again gets another mount, pid and cgroup namespace: who shares them would be left in the ones before, and who shares
 * another's could not be started in them once they are gone. To be asked when the modes of all namespaces are known.
 */
export function checkRestarts(containers: readonly DraftContainer[]): void {
  const restarted = new Set(containers.filter(({ attributes }) => isRestarted(attributes)).map(({ name }) => name))
  if (restarted.size === 0) return
  for (const { name, attributes, entry } of containers) {
    for (const [kind, mode] of Object.entries(attributes.namespaces) as [string, NamespaceMode][]) {
      const owner = KEPT_NAMESPACES.has(kind) ? undefined : sharedWith(mode)
      if (owner === undefined || !(restarted.has(name) || restarted.has(owner))) continue
      const who = restarted.has(owner) ? owner : name
      entry.report(
        ["namespaces", kind],
        "restart-shared",
        `the ${kind} namespace of container.${owner} lasts no longer than its command: with \`restart: ${policyOf(containers, who)}\` of container.${who} it cannot be shared`,
        {
          hint: `share net, ipc, uts or user, which stay, or take \`restart\` out of container.${who}`,
        },
      )
    }
  }
}

function policyOf(containers: readonly DraftContainer[], name: string): string {
  return containers.find((one) => one.name === name)?.attributes.restart ?? ""
}
