import { splitAddress } from "../base/address.ts"
import type { Range } from "../base/diagnostic.ts"
import { sysctlSpellings } from "../base/sysctl-name.ts"
import { HOSTS_ADDRESS, HOSTS_NAME } from "../kinds/hosts/spec.ts"
import { imageAddress, isKept } from "../kinds/image/spec.ts"
import { LINK_KINDS } from "../kinds/interface/spec-link-kinds.ts"
import type { Attributes, Desired, KindName, Resource } from "../model/resource.ts"
import { absolutePath } from "./files.ts"
import type { ListNode, MapEntry, Node, Path } from "./node.ts"
import { nodeAt, rangeOfPath, spotRange } from "./node.ts"
import type { Draft, Drafted } from "./resolve.ts"

/** What an interface is stands below the key of its kind, or is that key's value. */
const LINK_KEYS = { link: Object.keys(LINK_KINDS) }

/** Attributes that the file writes under another key. */
const WRITTEN: { readonly [K in KindName]?: { readonly [attribute: string]: readonly string[] } } = {
  container: {
    ...{ argv: ["command", "entrypoint"], uid_map: ["idmap"], gid_map: ["idmap"] },
    mounts: ["volumes", "tmpfs"],
    ...{ capabilities: ["cap_add", "cap_drop", "privileged", "profile"], seccomp: ["security_opt", "privileged", "profile"] },
    ...{ no_new_privileges: ["security_opt", "privileged", "profile"], unmask: ["security_opt", "privileged", "profile"] },
    all_devices: ["privileged", "profile"],
  },
  interface: { master: ["bridge"], ...LINK_KEYS },
}

/** The draft as the wanted state, in the order of the file: sections, and a container's interfaces behind it. */
export function desiredOf(draft: Draft, sections: readonly string[]): Desired {
  const bySection: { [section: string]: () => Resource[] } = {
    bridges: () => [...draft.bridges.map(resourceOf), ...draft.nats.map(natOf)],
    cgroups: () => draft.cgroups.map(resourceOf),
    veths: () => draft.veths.map(resourceOf),
    volumes: () => draft.volumes.map(resourceOf),
    containers: () => [
      ...imagesOf(draft),
      ...hostsOf(draft),
      ...draft.containers.flatMap((c) => [resourceOf(c), ...c.interfaces.map(resourceOf)]),
    ],
  }
  return {
    stack: draft.stack,
    ...movedOf(draft),
    resources: withContainers(sections, draft).flatMap((section) =>
      Object.hasOwn(bySection, section) ? (bySection[section]?.() ?? []) : [],
    ),
  }
}

/** Also where all of them are resolvers. */
function withContainers(sections: readonly string[], { containers }: Draft): readonly string[] {
  return containers.length === 0 || sections.includes("containers") ? sections : [...sections, "containers"]
}

/** Each image that is kept in the store, once; it is where its first container names it. */
function imagesOf({ containers }: Draft): Resource[] {
  const found = new Map<string, Resource>()
  for (const { attributes, source } of containers) {
    const address = imageAddress(attributes.image)
    if (!isKept(attributes.image) || found.has(address)) continue
    const range = () => fieldRange("container", source, "image")
    found.set(address, { kind: "image", address, name: attributes.image, attributes: {}, references: [], range })
  }
  return [...found.values()]
}

/** The file has no entry for them: they are of its containers. */
function hostsOf({ hosts, containers: [first] }: Draft): Resource[] {
  if (hosts === undefined || first === undefined) return []
  const attributes = hosts as unknown as Attributes
  return [{ kind: "hosts", address: HOSTS_ADDRESS, name: HOSTS_NAME, attributes, references: [], range: () => spotRange(first.source.key) }]
}

/** An idmap is a value: nothing in the kernel has its name. */
function movedOf({ moved }: Draft): Pick<Desired, "moved"> {
  const ofObjects = moved.filter(({ to }) => splitAddress(to).kind !== "idmap")
  return ofObjects.length === 0 ? {} : { moved: ofObjects.map(({ from, to }) => ({ from, to })) }
}

function resourceOf<A>({ kind, name, entry, source, value, attributes, references, partOf }: Drafted<A, unknown>): Resource {
  return {
    kind,
    address: entry.address,
    name,
    attributes: attributes as Attributes,
    references,
    ...(partOf === undefined ? {} : { partOf }),
    ...lifecycleOf(value as LifecycleEntry),
    range: (path) => (path === undefined || path === "" ? spotRange(source.key) : fieldRange(kind, source, path)),
  }
}

/** A port is written by its container; of the entry of a bridge, all the rest stands at one key. What that says of its own life is the bridge's. */
function natOf(nat: Draft["nats"][number]): Resource {
  const { source, value, spots } = nat
  const key = (["nat", "internal", "isolated"] as const).find((one) => value[one] === true)
  const [first] = spots.values()
  const whole = () =>
    key !== undefined ? rangeOfPath(source, [key]) : first === undefined ? spotRange(source.key) : rangeOfPath(first.source, first.path)
  const range = (path?: string) => {
    const spot = path?.startsWith("ports.") ? spots.get(path.slice("ports.".length)) : undefined
    return spot === undefined ? whole() : rangeOfPath(spot.source, spot.path)
  }
  return { ...resourceOf({ ...nat, value: {} }), range }
}

/** What any resource may say of how changes of it are taken. */
export interface LifecycleEntry {
  ignore_drift?: string[] | null
  prevent_destroy?: boolean
}

function lifecycleOf({ ignore_drift, prevent_destroy }: LifecycleEntry): Pick<Resource, "ignoreDrift" | "preventDestroy"> {
  return {
    ...(ignore_drift === undefined || ignore_drift === null || ignore_drift.length === 0 ? {} : { ignoreDrift: ignore_drift }),
    ...(prevent_destroy === true ? { preventDestroy: true } : {}),
  }
}

/** Where a field is written; of a default, the resource. Keys with dots in them (`sysctls.net.ipv4.ip_forward`) are found too. */
function fieldRange(kind: KindName, source: MapEntry, path: string): Range {
  if (kind === "container" && path.startsWith("mounts.")) return mountRange(source, path.slice("mounts.".length))
  const dot = path.indexOf(".")
  const head = dot < 0 ? path : path.slice(0, dot)
  const keys = WRITTEN[kind]?.[head] ?? [head]
  if (kind === "container" && head === "sysctls" && dot > 0) return sysctlRange(source, path.slice(dot + 1))
  const key = keys.find((k) => nodeAt(source.value, [k]) !== undefined)
  if (key === undefined) return spotRange(source.key)
  return rangeOfPath(source, [key, ...(dot < 0 ? [] : stepsBelow(source, key, path.slice(dot + 1)))])
}

/** The parameter in whichever spelling the file has it. */
function sysctlRange(source: MapEntry, name: string): Range {
  const ways = sysctlSpellings(name).map((spelling): Path => ["sysctls", ...stepsBelow(source, "sysctls", spelling)])
  return rangeOfPath(source, ways.find((way) => nodeAt(source.value, way) !== undefined) ?? ["sysctls"])
}

/** Parts of a dotted path, the longest key first. */
function stepsBelow(source: MapEntry, key: string, rest: string): Path {
  const path: (string | number)[] = [key]
  let left = rest.split(".")
  while (left.length > 0) {
    const node = nodeAt(source.value, path)
    if (node?.kind === "list") {
      const at = itemOf(node, left.join("."))
      if (typeof at === "number" || left.length === 1) return [...path.slice(1), at]
      path.push(Number(left.shift()))
      continue
    }
    let taken = left.length
    while (taken > 1 && !(node?.kind === "map" && node.entries.has(left.slice(0, taken).join(".")))) taken--
    path.push(left.slice(0, taken).join("."))
    left = left.slice(taken)
  }
  return path.slice(1)
}

/** The place in a list of the item that begins with a text, as `HOST:CONTAINER` and `NAME=value` do, or has it as its source; an index as it is. */
function itemOf({ items }: ListNode, text: string): string | number {
  const found = items.findIndex((item) => {
    const first = item.kind === "map" ? item.entries.get("source")?.value : item
    return first?.kind === "scalar" && (`${first.source}:`.startsWith(`${text}:`) || first.source.startsWith(`${text}=`))
  })
  return found < 0 ? text : found
}

/** The item of `volumes` or `tmpfs` that names a target. */
function mountRange(source: MapEntry, target: string): Range {
  for (const key of ["volumes", "tmpfs"]) {
    const node = nodeAt(source.value, [key])
    const items = node?.kind === "list" ? node.items : []
    const at = items.findIndex((item) => targetIn(item) === target)
    if (at >= 0) return rangeOfPath(source, [key, at])
  }
  return rangeOfPath(source, ["volumes"])
}

function targetIn(item: Node): string | undefined {
  const long = nodeAt(item, ["target"])
  const text = item.kind === "scalar" ? String(item.value) : long?.kind === "scalar" ? String(long.value) : ""
  const target = item.kind === "scalar" ? text.split(":").find((part, i) => part.startsWith("/") && (i > 0 || !text.includes(":/"))) : text
  return target === undefined ? undefined : absolutePath("/", target)
}
