import type { Group } from "./cgroups.ts"
import type { Machine } from "./machine.ts"
import { dumpNetwork } from "./network.ts"
import type { Folder, Node } from "./tree.ts"

/** Folders whose content is someone's doing; the rest of the tree never changes. */
const KEPT = ["/run", "/var/lib", "/tmp"]

/** Links, addresses and routes of every network namespace, processes, groups with their values, files: without numbers that only count. */
export function describeMachine(machine: Machine): string {
  return [...networks(machine), ...processes(machine), ...groups(machine), ...files(machine)].join("\n")
}

/** Namespaces by who is in them: an inode says nothing. */
function networks(machine: Machine): string[] {
  const spaces = [...machine.namespaces.values()].filter((n) => n.network !== undefined)
  return spaces.flatMap((space) => {
    if (space.network === undefined) return []
    const users = [...machine.processes.values()].filter((p) => p.namespaces.net === space && p.pid !== machine.running)
    const { links, addresses, routes } = dumpNetwork(space.network)
    const nameOf = (index: number) => links.find((link) => link.index === index)?.name ?? index
    const lines = [
      ...links.map(
        ({ index: _index, peerIndex: _peer, stats: _stats, master, ...link }) =>
          `link ${JSON.stringify({ ...link, master: nameOf(master) })}`,
      ),
      ...addresses.map(({ index, ...address }) => `address ${nameOf(index)} ${JSON.stringify(address)}`),
      ...routes.map(({ dev, ...route }) => `route ${nameOf(dev)} ${JSON.stringify(route)}`),
    ]
    return lines.sort().map(
      (line) =>
        `net of ${users
          .map((p) => p.cmdline.replaceAll("\0", " ").trim())
          .sort()
          .join(", ")}: ${line}`,
    )
  })
}

function processes(machine: Machine): string[] {
  const others = [...machine.processes.values()].filter((p) => p.pid !== machine.running)
  return others
    .map((p) => {
      const places = [...p.groups.values()].map((g) => g.path).filter(Boolean)
      return `process ${p.cmdline.replaceAll("\0", " ").trim()} maps ${p.uidMap.trim()} / ${p.gidMap.trim()} in ${[...new Set(places)].sort().join(" ")}`
    })
    .sort()
}

function groups(machine: Machine): string[] {
  const below = (group: Group): Group[] => [...group.groups.values()].flatMap((child) => [child, ...below(child)])
  return machine.hierarchies.flatMap((hierarchy) =>
    below(hierarchy.root)
      .map((group) => `group ${hierarchy.mount}${group.path} ${JSON.stringify([...group.values].sort())}`)
      .sort(),
  )
}

function files(machine: Machine): string[] {
  return KEPT.flatMap((path) => {
    const node = path
      .split("/")
      .filter(Boolean)
      .reduce<Node | undefined>((at, name) => (at?.type === "folder" ? at.children.get(name) : undefined), machine.root)
    return node?.type === "folder" ? filesBelow(path, node) : []
  })
}

function filesBelow(path: string, node: Folder): string[] {
  return [...node.children]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, child]) => {
      const here = `${path}/${name}`
      const line = `${child.type} ${here} ${child.mode.toString(8)} ${child.uid}:${child.gid}`
      if (child.type === "folder") return [line, ...filesBelow(here, child)]
      return [child.type === "file" ? `${line} ${JSON.stringify(child.text)}` : `${line} ${child.to}`]
    })
}
