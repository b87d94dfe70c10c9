import type { Scope } from "../../model/driver.ts"
import type { ContainerAttributes, NamespaceMode } from "./spec.ts"

type Modes = ContainerAttributes["namespaces"]
type Kind = keyof Modes

/** Our word for a namespace, and its file below /proc/PID/ns. namespaces(7) */
export const NAMESPACE_FILES: readonly (readonly [Kind, string])[] = [
  ["user", "user"],
  ["mount", "mnt"],
  ["pid", "pid"],
  ["net", "net"],
  ["ipc", "ipc"],
  ["uts", "uts"],
  ["cgroup", "cgroup"],
]

/**
 * For every container with a living process, which namespaces are its own, the host's, or another container's. Of
 * two that share one, the owner is the one whose monitor was asked for a new one: the records tell which, else the
 * desired stack.
 */
export function observedNamespaces(scope: Scope, recorded: ReadonlyMap<string, Modes>): Map<string, Modes> {
  const living = [...scope.monitors].flatMap(([name, { init }]) => (init === undefined ? [] : [{ name, pid: init.pid }]))
  const [host = [], ...read] = readLinks(scope, ["self", ...living.map(({ pid }) => `${pid}`)])
  const links = new Map(living.map(({ name }, i) => [name, read[i] as string[]]))
  const holders = NAMESPACE_FILES.map((_, i) => holdersOf(links, i))
  const asked = [recorded, wantedModes(scope)]
  return new Map(
    [...links].map(([name, own]) => {
      const modes = NAMESPACE_FILES.map(([kind], i): [Kind, NamespaceMode] => {
        const link = own[i] ?? ""
        if (link === host[i]) return [kind, "host"]
        const others = (holders[i]?.get(link) ?? []).filter((n) => n !== name)
        return [
          kind,
          sharedMode(
            others,
            asked.flatMap((modes) => modes.get(name)?.[kind] ?? []),
          ),
        ]
      })
      return [name, Object.fromEntries(modes) as Modes]
    }),
  )
}

/** For each name below /proc, what its links to namespaces say. */
function readLinks(scope: Scope, processes: readonly string[]): string[][] {
  const texts = scope.kernel.readMany(processes.flatMap((process) => NAMESPACE_FILES.map(([, file]) => `@/proc/${process}/ns/${file}`)))
  const count = NAMESPACE_FILES.length
  return processes.map((_, i) => texts.slice(count * i, count * (i + 1)).map((text) => text ?? ""))
}

function holdersOf(links: ReadonlyMap<string, string[]>, index: number): Map<string, string[]> {
  const holders = new Map<string, string[]>()
  for (const [name, own] of links) {
    const link = own[index] ?? ""
    const known = holders.get(link)
    if (known === undefined) holders.set(link, [name])
    else known.push(name)
  }
  return holders
}

function wantedModes(scope: Scope): Map<string, Modes> {
  const containers = scope.desired.resources.filter((r) => r.kind === "container")
  return new Map(containers.map((r) => [r.name, (r.attributes as unknown as ContainerAttributes).namespaces]))
}

/** `asked`: by the record, then by the file, as one of them may call another container by a name that it has not now. */
function sharedMode(others: readonly string[], asked: readonly NamespaceMode[]): NamespaceMode {
  if (others.length === 0) return "new"
  if (asked[0] === "new") return "new"
  const named = asked.find((mode) => mode.startsWith("container:") && others.includes(mode.slice("container:".length)))
  return named ?? `container:${others[0]}`
}
