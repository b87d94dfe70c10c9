import type { Address } from "../base/address.ts"
import type { Kernel, Link } from "../kernel/kernel.ts"
import { ownerProblem } from "../kinds/link/adoptable.ts"
import type { StackGroups } from "../model/driver.ts"
import type { Import } from "../model/imports.ts"

/** What bears no mark of any stack, as entries of `import:`; and what no file can ask for, each with the reason. */
export interface Unmarked {
  entries: Import[]
  left: { address: string; why: string }[]
}

/** Links and cgroups of the host that are nobody's. `taken`: addresses that are in use. */
export function unmarkedObjects(kernel: Kernel, cgroups: StackGroups, stack: string, taken: Iterable<Address>): Unmarked {
  const { links } = kernel.dump("host")
  const free = links.filter((link) => link.name !== "lo" && ownerProblem(stack, link) === undefined)
  const names = new Names(taken)
  const entry = (kind: string, id: string) => ({ to: names.address(kind, id), id })
  const groups = cgroups.unmarked()
  const reasons = new Map(free.map((link) => [link, whyNot(link, links)]))
  const wanted = free.filter((link) => reasons.get(link) === undefined && !isSecondEnd(link, links))
  return {
    entries: [...wanted.map(({ kind, name }) => entry(kind, name)), ...groups.paths.map((path) => entry("cgroup", path))],
    left: [
      ...free.flatMap((link) => {
        const why = reasons.get(link)
        return why === undefined ? [] : [{ address: `link ${link.name}`, why }]
      }),
      ...counted(groups.inner, "of them have others below them, and cannot be adopted"),
      ...counted(groups.units, "of them are units of systemd's, and are left to it, with what is below them"),
    ],
  }
}

function counted(count: number, what: string): Unmarked["left"] {
  return count === 0 ? [] : [{ address: "cgroups", why: `${count} ${what}` }]
}

/** Why a link is nothing that a stack file can ask for; undefined of bridges, and of pairs that are no ports. */
function whyNot(link: Link, links: readonly Link[]): string | undefined {
  if (link.kind === "bridge") return undefined
  if (link.kind !== "veth") return `it is a ${link.kind || "device"}, which a stack file cannot describe`
  const peer = peerOf(link, links)
  if (peer === undefined) return "its other end is in another network namespace"
  const port = [link, peer].find(({ master }) => master !== 0)
  return port === undefined ? undefined : `${port.name} is a port of ${nameOf(links, port.master)}, which a file cannot say of a pair`
}

function nameOf(links: readonly Link[], wanted: number): string {
  return links.find(({ index }) => index === wanted)?.name ?? "another link"
}

function peerOf({ index, peerIndex }: Link, links: readonly Link[]): Link | undefined {
  return links.find((link) => link.index === peerIndex && link.peerIndex === index)
}

/** Of a pair the first end stands for both. */
function isSecondEnd(link: Link, links: readonly Link[]): boolean {
  return link.kind === "veth" && peerOf(link, links) !== undefined && link.index > link.peerIndex
}

/** Words that a cgroup cannot be called by, as files of a group are. */
const RESERVED = new Set(["lock", "tasks", "notify_on_release", "release_agent", "host"])

/** Names of resources, out of whatever things are called in the kernel: each once, whatever its kind. */
class Names {
  readonly #taken: Set<string>

  constructor(taken: Iterable<Address>) {
    this.#taken = new Set([...taken].map((address) => address.slice(address.indexOf(".") + 1)))
    for (const word of RESERVED) this.#taken.add(word)
  }

  address(kind: string, called: string): Address {
    const base =
      called
        .replace(/[^a-zA-Z0-9_-]+/g, "-")
        .replace(/^[^a-zA-Z0-9]+/, "")
        .slice(0, 56) || kind
    let name = base
    for (let i = 2; this.#taken.has(name); i++) name = `${base}-${i}`
    this.#taken.add(name)
    return `${kind}.${name}`
  }
}
