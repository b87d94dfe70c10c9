import type { Kernel } from "../../kernel/kernel.ts"
import type { LiveMonitor, Scope } from "../../model/driver.ts"
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
 * The links that `observedNamespaces` goes by: our own first. They are those of the thread that reads: /proc/self is the main
 * thread, which may be visiting a container's network namespace at that very moment. proc_thread-self(5)
 */
export function namespacePaths({ kernel, monitors }: Pick<Scope, "kernel" | "monitors">): string[] {
  return [...processLinks("thread-self"), ...[...monitors.values()].flatMap((monitor) => linksOf(kernel, monitor))]
}

/**
 * For every container with a living process, which namespaces are its own, the host's, or another container's. Of
 * two that share one, the owner is the one whose monitor was asked for a new one: the records tell which, else the
 * desired stack. One whose command has ended still has what its monitor holds. What is shared with one that is `completed` is what it was:
 * that one is not started again, and its namespace lives on in those who have joined it.
 */
export function observedNamespaces(
  scope: Scope,
  recorded: ReadonlyMap<string, Modes>,
  texts: readonly (string | null)[],
  completed: ReadonlySet<string>,
): Map<string, Modes> {
  const all = [...scope.monitors.values()]
  const [host = [], ...read] = inRows(texts)
  const links = new Map(all.map(({ container }, i) => [container, read[i] as string[]]))
  const holders = NAMESPACE_FILES.map((_, i) => holdersOf(links, i))
  const asked = [recorded, wantedModes(scope)]
  return new Map(
    [...links]
      .filter(([name]) => scope.monitors.get(name)?.init !== undefined)
      .map(([name, own]) => {
        const modes = NAMESPACE_FILES.map(([kind], i): [Kind, NamespaceMode] => {
          const link = own[i] ?? ""
          if (link === host[i]) return [kind, "host"]
          const joined = recorded.get(name)?.[kind] ?? "new"
          if (completed.has(joined.slice("container:".length)) && isGone(links, joined, i)) return [kind, joined]
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

/** Whether a container that is joined holds no such namespace any more. */
function isGone(links: ReadonlyMap<string, string[]>, joined: NamespaceMode, index: number): boolean {
  return joined.startsWith("container:") && links.get(joined.slice("container:".length))?.[index] === ""
}

/** Paths, in the order of NAMESPACE_FILES; "" where there is none. */
function linksOf(kernel: Kernel, monitor: LiveMonitor): string[] {
  if (monitor.init !== undefined) return processLinks(`${monitor.init.pid}`)
  const held: { readonly [kind: string]: string } = kernel.heldNamespaces(monitor)
  return NAMESPACE_FILES.map(([kind]) => (held[kind] === undefined ? "" : `@${held[kind]}`))
}

function processLinks(process: string): string[] {
  return NAMESPACE_FILES.map(([, file]) => `@/proc/${process}/ns/${file}`)
}

/** "" for what there is not. */
function inRows(texts: readonly (string | null)[]): string[][] {
  const count = NAMESPACE_FILES.length
  return Array.from({ length: texts.length / count }, (_, i) => texts.slice(count * i, count * (i + 1)).map((text) => text ?? ""))
}

function holdersOf(links: ReadonlyMap<string, string[]>, index: number): Map<string, string[]> {
  const holders = new Map<string, string[]>()
  for (const [name, own] of links) {
    const link = own[index] ?? ""
    if (link === "") continue
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

/** The files by which a monitor holds those that stay without a process. */
export function heldFiles({ netns, utsns, ipcns }: LiveMonitor): Pick<LiveMonitor, "netns" | "utsns" | "ipcns"> {
  return {
    ...(netns === undefined ? {} : { netns }),
    ...(utsns === undefined ? {} : { utsns }),
    ...(ipcns === undefined ? {} : { ipcns }),
  }
}
