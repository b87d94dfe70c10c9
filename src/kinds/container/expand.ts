import type { Entry, Expanded, IdMaps } from "../../model/entry.ts"
import type { LimitsEntry } from "../cgroup/expand.ts"
import { expandLimits } from "../cgroup/expand.ts"
import type { IdmapEntry } from "../idmap/expand.ts"
import { AUTOMATIC, expandIdmap } from "../idmap/expand.ts"
import { hasConfig, imageText, isKept, parseImage, RESOLVER_IMAGE } from "../image/spec.ts"
import type { PortEntry } from "../nat/expand-ports.ts"
import { capabilitiesOf } from "./expand-capabilities.ts"
import type { DeviceEntry } from "./expand-devices.ts"
import { devicesOf } from "./expand-devices.ts"
import type { DnsEntry } from "./expand-dns.ts"
import { checkNamed, dnsOf } from "./expand-dns.ts"
import type { ExtraHostsEntry } from "./expand-extra-hosts.ts"
import type { GivenEntry } from "./expand-given.ts"
import { givensOf } from "./expand-given.ts"
import type { DependencyEntry, HealthcheckEntry } from "./expand-health.ts"
import { healthcheckOf } from "./expand-health.ts"
import type { LifeEntry } from "./expand-life.ts"
import { isSystem, lifeOf } from "./expand-life.ts"
import type { MountsEntry } from "./expand-mounts.ts"
import { mountsOf } from "./expand-mounts.ts"
import { powerOf } from "./expand-profile.ts"
import { checkRestart } from "./expand-restart.ts"
import type { RouteEntry } from "./expand-routes.ts"
import { routesOf } from "./expand-routes.ts"
import type { NeighbourEntry, RuleEntry } from "./expand-rules.ts"
import { neighboursOf, rulesOf } from "./expand-rules.ts"
import { securityOf } from "./expand-security.ts"
import type { TextsEntry } from "./expand-texts.ts"
import { environmentOf, labelsOf, sysctlsOf, wordsOf } from "./expand-texts.ts"
import type { UlimitsEntry } from "./expand-ulimits.ts"
import { ulimitsOf } from "./expand-ulimits.ts"
import type { ContainerAttributes, NamespaceMode, OfFile } from "./spec.ts"
import { wholeHealthcheck } from "./spec-health.ts"
import { SYSTEM_COMMAND } from "./spec-life.ts"
import type { ProfileName } from "./spec-profile.ts"

type Word = string | number | boolean
type Namespaces = ContainerAttributes["namespaces"]

/** A container as the file writes it, without its interfaces, replicas and profiles. */
export interface ContainerEntry extends LifeEntry, DnsEntry, MountsEntry, GivenEntry {
  image?: string
  command?: string | Word[]
  entrypoint?: string | Word[]
  environment?: TextsEntry
  env_file?: string | string[]
  working_dir?: string
  user?: string | number
  group_add?: (string | number)[]
  hostname?: string
  extra_hosts?: ExtraHostsEntry
  idmap?: string | IdmapEntry
  cgroup?: string
  limits?: LimitsEntry
  routes?: RouteEntry[]
  ports?: PortEntry[]
  rules?: RuleEntry[]
  neighbours?: NeighbourEntry[]
  sysctls?: TextsEntry
  namespaces?: { [kind: string]: string }
  profile?: ProfileName
  privileged?: boolean
  cap_add?: string[]
  cap_drop?: string[]
  security_opt?: string[]
  devices?: DeviceEntry[]
  ulimits?: UlimitsEntry
  oom_score_adj?: number
  depends_on?: string[] | { [name: string]: DependencyEntry }
  healthcheck?: HealthcheckEntry
  labels?: TextsEntry
}

/** Of who has none of its own, and of who has one that is mistaken. */
const NO_MAPS: IdMaps = { uid: [], gid: [] }

const NAMESPACES = ["user", "mount", "pid", "net", "ipc", "uts", "cgroup"] as const

/** A part of a host name. RFC 1123, section 2.1 */
const MOST_IN_PART = 63

/** Its name, of which `web[0]` is `web-0`: only so can it be too long. */
function usualHostname(entry: Entry): string {
  const name = entry.name.replace(/\[(\d+)\]$/, "-$1")
  const summary = `the host names of its replicas would be longer than ${MOST_IN_PART} characters`
  if (name.length > MOST_IN_PART)
    entry.reportKey([], "bad-host-name", summary, { hint: `give it shorter ones: \`hostname: "web-$\{index}"\`` })
  return name
}

/** Modes `container:NAME` and names in `depends_on` are looked at when all containers are known: here they stand as written. */
export function expandContainer(value: ContainerEntry, entry: Entry): Expanded<ContainerAttributes> {
  const namespaces = Object.fromEntries(NAMESPACES.map((kind) => [kind, value.namespaces?.[kind] ?? "new"])) as Namespaces
  const hostname = namespaces.uts === "new" ? (value.hostname ?? usualHostname(entry)) : ""
  if (isSystem(value)) requireOwnNamespaces(namespaces, entry)
  const maps = namespaces.user === "new" ? (mapsOf(value.idmap, entry) ?? NO_MAPS) : NO_MAPS
  const cgroup = value.cgroup === undefined || entry.cgroup(value.cgroup, ["cgroup"]) === undefined ? "" : value.cgroup
  const power = powerOf(value, entry)
  const mounted = mountedOf(value, namespaces.mount, entry)
  checkNamed(value, { ...mounted, namespaces }, entry)
  const capabilities = capabilitiesOf(value, entry, power.capabilities)
  const { image, argv, healthcheck, ...configured } = imageOf(value, entry)
  const { no_new_privileges, seccomp, unmask, ...filtered } = securityOf(value.security_opt, capabilities, entry, power)
  const { routes, ...routed } = routingOf(value, entry)
  const { dns, dns_search, dns_opt } = dnsOf(value, entry)
  const { init, stop_signal, stop_grace_period, restart } = lifeOf(value, entry)
  checkRestart({ image, healthcheck, restart }, entry)
  // By name, and what most have not at the end: each spread in the midst costs V8 as much as twenty of these.
  const attributes: ContainerAttributes = {
    image,
    argv,
    ephemeral: value.ephemeral ?? false,
    read_only: value.read_only ?? false,
    mounts: mounted.mounts,
    secrets: mounted.secrets,
    configs: mounted.configs,
    environment: environmentOf(value, entry),
    working_dir: folderOf(value.working_dir ?? "/"),
    user: userOf(value.user),
    group_add: [...new Set((value.group_add ?? []).map(String))].sort(),
    hostname,
    hosts: "image",
    dns,
    dns_search,
    dns_opt,
    uid_map: maps.uid,
    gid_map: maps.gid,
    cgroup,
    limits: expandLimits(entry, value.limits ?? {}),
    routes,
    sysctls: sysctlsOf(entry, value.sysctls),
    namespaces,
    capabilities,
    no_new_privileges,
    seccomp,
    unmask,
    all_devices: power.all_devices,
    devices: devicesOf(value.devices, entry),
    ulimits: ulimitsOf(value.ulimits, entry),
    oom_score_adj: value.oom_score_adj ?? 0,
    init,
    stop_signal,
    stop_grace_period,
    restart,
    labels: labelsOf(entry, value.labels),
    depends_on: dependenciesOf(value.depends_on),
    conditions: {},
    healthcheck,
    state: "running",
    ...configured,
    ...routed,
    ...filtered,
  }
  // What it hangs on is known when the names of other containers in it are addresses: connect.ts.
  return { attributes, references: [] }
}

/** Rules and neighbours only where there are some. */
function routingOf(value: ContainerEntry, entry: Entry): Pick<ContainerAttributes, "routes" | "rules" | "neighbours"> {
  const [rules, neighbours] = [rulesOf(entry, value.rules ?? []), neighboursOf(entry, value.neighbours ?? [])]
  return {
    routes: routesOf(entry, value.routes ?? []),
    ...(rules.length === 0 ? {} : { rules }),
    ...(neighbours.length === 0 ? {} : { neighbours }),
  }
}

/** A system container is a machine of its own: what it manages must be its own. */
function requireOwnNamespaces(namespaces: Namespaces, entry: Entry): void {
  for (const kind of NAMESPACES) {
    if (namespaces[kind] === "new" || kind === "net") continue
    entry.report(["namespaces", kind], "no-own-namespace", `a system container (\`init: systemd\`) needs a ${kind} namespace of its own`, {
      hint: `take \`${kind}: ${namespaces[kind]}\` out`,
    })
  }
}

/** No two things lie at one place. */
function mountedOf(value: ContainerEntry, mode: NamespaceMode, entry: Entry): Pick<ContainerAttributes, "mounts" | "secrets" | "configs"> {
  const mounts = mountsOf(value, mode, entry)
  const secrets = givensOf("secrets", value, mounts, entry)
  return { mounts, secrets, configs: givensOf("configs", value, { ...mounts, ...secrets }, entry) }
}

/** The image with an absolute path without `.` and `..`, and what is run. */
function imageOf(value: ContainerEntry, entry: Entry): Pick<ContainerAttributes, "image" | "argv" | "of_file" | "healthcheck"> {
  const image = imageTextOf(value.image, entry)
  const healthcheck = healthcheckOf(value.healthcheck, hasConfig(image), entry)
  if (!hasConfig(image)) return { image, argv: argvOf(value, entry), healthcheck: wholeHealthcheck(healthcheck) }
  const { argv, of_file } = ownWords(value, entry)
  const asked = value.healthcheck === undefined ? {} : { healthcheck }
  return { image, argv, of_file: { ...of_file, ...asked }, healthcheck: {} }
}

function imageTextOf(image: string | undefined, entry: Entry): string {
  if (image?.startsWith("dir:")) return `dir:${entry.absolute(["image"], image.slice("dir:".length))}`
  if (image === RESOLVER_IMAGE) return image
  if (image === undefined || !isKept(image)) return "host"
  const source = parseImage(image)
  if (source !== undefined) return imageText("path" in source ? { ...source, path: entry.absolute(["image"], source.path) } : source)
  entry.report(["image"], "bad-image", `\`${image}\` names no image`, {
    hint: image.startsWith("docker:")
      ? "write docker://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST], in small letters"
      : "write debootstrap:SUITE, such as debootstrap:bookworm",
  })
  return "host"
}

/** entrypoint and command; one of the two is needed, as an image here has none of its own. */
function argvOf(value: ContainerEntry, entry: Entry): string[] {
  const { entrypoint, command } = value
  const first = wordsOf(entry, ["entrypoint"], entrypoint)
  const rest = wordsOf(entry, ["command"], command)
  if (first === undefined || rest === undefined) return []
  const words = [...first, ...rest]
  if (isSystem(value) && !entry.has(["entrypoint"]) && !entry.has(["command"])) return [SYSTEM_COMMAND]
  const key = entrypoint === undefined ? "command" : "entrypoint"
  const written = entry.has(["entrypoint"]) || entry.has(["command"])
  const hint = "say what it runs: `command: [sleep, infinity]`"
  if (words.length === 0 && !written && !entry.misspelt("command") && !entry.misspelt("entrypoint")) {
    entry.reportKey([], "missing-key", `container.${entry.name} has no command`, { hint })
  } else if (words.length === 0 && (entrypoint !== undefined || command !== undefined)) {
    entry.report([key], "no-command", "the command is empty", { hint })
  } else if (words[0] === "")
    entry.report([key], "no-command", "the command's first word is empty", { hint: "the first word is the program" })
  return words
}

/** Where an image may have a command of its own: what the file says of it. */
function ownWords(value: ContainerEntry, entry: Entry): Pick<ContainerAttributes, "argv" | "of_file"> {
  const { entrypoint, command } = value
  const [first, rest] = [wordsOf(entry, ["entrypoint"], entrypoint), wordsOf(entry, ["command"], command)]
  // What an image for one program runs is not what boots a system.
  const boots = isSystem(value) && entrypoint === undefined && command === undefined
  const of_file: OfFile = {
    ...(entrypoint === undefined && !boots ? {} : { entrypoint: boots ? [SYSTEM_COMMAND] : (first ?? []) }),
    ...(command === undefined ? {} : { command: rest ?? [] }),
    ...(value.working_dir === undefined ? {} : { working_dir: true }),
    ...(value.user === undefined ? {} : { user: true }),
    ...(value.stop_signal === undefined && !isSystem(value) ? {} : { stop_signal: true }),
  }
  return { argv: [...(first ?? []), ...(rest ?? [])], of_file }
}

/** One spelling of a path: no empty part and no `.`. A `..` stays: behind a symbolic link it leads elsewhere than the text tells. */
function folderOf(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return `/${parts.join("/")}`
}

/** As written; what means root in every image is "". */
function userOf(user: string | number | undefined): string {
  const text = user === undefined ? "" : String(user)
  return text === "0" || text === "0:0" ? "" : text
}

function mapsOf(idmap: string | IdmapEntry | undefined, entry: Entry): IdMaps | undefined {
  if (idmap === undefined) return entry.has(["idmap"]) ? undefined : AUTOMATIC
  return typeof idmap === "string" ? entry.idmap(idmap, ["idmap"]) : expandIdmap(idmap, entry, ["idmap"])
}

function dependenciesOf(value: ContainerEntry["depends_on"]): string[] {
  const names = Array.isArray(value) ? value : Object.keys(value ?? {})
  return [...new Set(names)].sort().map((name) => `container.${name}`)
}

/** The container that a namespace mode names, if it names one. */
export function sharedWith(mode: NamespaceMode): string | undefined {
  return mode.startsWith("container:") ? mode.slice("container:".length) : undefined
}
