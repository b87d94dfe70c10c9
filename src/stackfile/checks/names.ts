import type { Draft } from "../resolve.ts"

/** Files that a run folder or a cgroup folder has by itself, and the host, which pairs name like a container. */
const RESERVED: { readonly [name: string]: string } = {
  host: "`host:NAME` is the host's end of a veth pair",
  lock: "the stack's lock is called so",
  tasks: "a file of every cgroup is called so",
  notify_on_release: "a file of every cgroup is called so",
  release_agent: "a file of every cgroup is called so",
}

/** Names that stand for something else, and replicas that would be called like another container. */
export function checkNames(draft: Draft): void {
  for (const { name, entry } of [...draft.containers, ...draft.cgroups]) {
    const why = Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined
    if (why !== undefined)
      entry.reportKey([], "bad-name", `${entry.address.split(".")[0]} cannot be called \`${name}\`: ${why}`, {
        hint: "give it another name",
      })
  }
  const told = new Set<string>()
  for (const { instance, name, entry } of draft.containers) {
    const dashed = name.replace(/\[(\d+)\]$/, "-$1")
    if (dashed === name || !draft.names.has(dashed) || told.has(instance.base)) continue
    told.add(instance.base)
    entry.reportKey([], "name-clash", `a replica of \`${instance.base}\` has the host name of container.${dashed}`, {
      hint: "rename one of the two containers",
    })
  }
}
