import type { Group } from "./cgroups.ts"
import type { Machine } from "./machine.ts"
import type { Network } from "./network.ts"
import { dumpNetwork, dumpRouting } from "./network.ts"
import type { Folder, Node } from "./tree.ts"

/** Folders whose content is someone's doing; the rest of the tree never changes. */
const KEPT = ["/run", "/var/lib", "/tmp"]

/** Links, addresses and routes of every network namespace, processes, groups with their values, files: without numbers that only count. */
export function describeMachine(machine: Machine): string {
  return [...networks(machine).sort(), ...ruleLines(machine), ...processes(machine), ...groups(machine), ...files(machine)].join("\n")
}

/** Namespaces by who is in them: an inode says nothing. */
function networks(machine: Machine): string[] {
  const spaces = [...machine.namespaces.values()].filter((n) => n.network !== undefined)
  return spaces.flatMap((space) => {
    const users = [...machine.processes.values()].filter((p) => p.namespaces.net === space && p.pid !== machine.running)
    const names = users.map((p) => p.cmdline.replaceAll("\0", " ").trim()).sort()
    return space.network === undefined ? [] : networkLines(space.network).map((line) => `net of ${names.join(", ")}: ${line}`)
  })
}

function ruleLines(machine: Machine): string[] {
  const sets = [...machine.namespaces.values()].flatMap(({ rules }) => rules ?? [])
  return sets.flatMap(({ tables, chains, inner, rules }) =>
    [...tables, ...chains, ...inner, ...rules].map((one) => `nft ${JSON.stringify(one)}`).sort(),
  )
}

/** A mac that the kernel made up, and the address it makes of it, are as good as any other. */
function networkLines(network: Network): string[] {
  const [{ links, addresses, routes }, others] = [dumpNetwork(network), dumpRouting(network)]
  const nameOf = (index: number) => network.links.get(index)?.name ?? index
  const madeUp = (index: number) => network.links.get(index)?.macGiven === false
  const shown = links.map(({ index, peerIndex: _peer, master, mac, ...link }) => ({
    ...link,
    mac: madeUp(index) ? "made up" : mac,
    master: nameOf(master),
  }))
  return [
    ...shown.map((link) => `link ${JSON.stringify(link)}`),
    ...addresses.map(({ index, address, scope, protocol }) =>
      scope === "link" && madeUp(index) ? `address ${nameOf(index)} link` : `address ${nameOf(index)} ${address} ${scope} ${protocol}`,
    ),
    ...[...routes, ...others.routes].map(({ dev, ...route }) => `route ${nameOf(dev)} ${JSON.stringify(route)}`),
    ...others.rules.map((rule) => `rule ${JSON.stringify(rule)}`),
    ...others.neighbours.map(({ dev, ...one }) => `neighbour ${nameOf(dev)} ${JSON.stringify(one)}`),
  ].sort()
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
      .map((group) => `group ${hierarchy.mount}${group.path} ${JSON.stringify([...group.values].sort())} ${group.program ?? ""}`.trimEnd())
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
      // What a lock says is the pid of whoever held it last.
      if (name === "lock") return [line]
      return [child.type === "file" ? `${line} ${JSON.stringify(child.text)}` : `${line} ${child.to}`]
    })
}
