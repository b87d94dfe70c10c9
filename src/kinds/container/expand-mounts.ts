import { parseSize } from "../../base/size.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { NamespaceMode } from "./spec.ts"
import type { BindMount, Mount, Mounts } from "./spec-mounts.ts"

/** A mount in compose's long form. */
export interface LongMount {
  type: Mount["type"]
  source?: string
  target: string
  read_only?: boolean
  bind?: { propagation?: string; idmap?: boolean }
  tmpfs?: { size?: string | number; mode?: string | number }
  size?: string | number
  mode?: string | number
}

/** The keys of a container that say what is mounted in it. */
export interface MountsEntry {
  volumes?: (string | LongMount)[]
  tmpfs?: string | string[]
  read_only?: boolean
  ephemeral?: boolean
}

/** Where one is written, and what it comes to; undefined where it is mistaken, which is told. */
type Read = { target: string; mount: Mount } | undefined

export function mountsOf(value: MountsEntry & { secrets?: unknown; configs?: unknown }, mode: NamespaceMode, entry: Entry): Mounts {
  const mounts: Mounts = {}
  const add = (path: Path, read: Read) => {
    if (read === undefined || !isSoundTarget(read.target, path, entry)) return
    const target = normalPath(read.target)
    if (Object.hasOwn(mounts, target))
      entry.report(path, "duplicate-target", `two mounts at ${target}`, { hint: "give one of them another target, or take it out" })
    mounts[target] = read.mount
  }
  for (const [i, one] of (value.volumes ?? []).entries()) {
    const path = ["volumes", i]
    add(path, typeof one === "string" ? shortForm(one, path, entry) : longForm(one, path, entry))
  }
  const list = typeof value.tmpfs === "string" ? [value.tmpfs] : (value.tmpfs ?? [])
  for (const [i, one] of list.entries()) {
    const path = typeof value.tmpfs === "string" ? ["tmpfs"] : ["tmpfs", i]
    add(path, shortTmpfs(one, path, entry))
  }
  checkNamespace(value, mode, entry)
  return Object.fromEntries(Object.entries(mounts).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What is mounted in a namespace that is another's, the other's file has to say. */
function checkNamespace(value: MountsEntry & { secrets?: unknown; configs?: unknown }, mode: NamespaceMode, entry: Entry): void {
  if (mode === "new") return
  const given = (["volumes", "tmpfs", "secrets", "configs", "read_only", "ephemeral"] as const).filter((key) => {
    const one = value[key]
    return Array.isArray(one) ? one.length > 0 : one !== undefined && one !== false
  })
  for (const key of given) {
    const whose = mode === "host" ? "the host's" : `that of ${mode.replace(":", " ")}`
    const hint = mode === "host" ? "take out one of the two" : "write it on that container, whose mounts it shares"
    entry.reportKey([key], "no-own-mounts", `\`${key}\` says nothing where the mount namespace is ${whose}`, { hint })
  }
}

// ------------------------------------------------------------------- targets

/** An absolute path in canonical spelling. */
export function normalPath(path: string): string {
  return `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`
}

const KERNELS = ["proc", "sys", "dev"]

export function isSoundTarget(target: string, path: Path, entry: Entry): boolean {
  const wrong = (summary: string, hint: string) => {
    entry.report(path, "bad-target", summary, { hint })
    return false
  }
  if (!target.startsWith("/"))
    return wrong(`the target ${target} is no absolute path`, "begin it with /: it is a path inside the container")
  const parts = target.split("/").filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) return wrong(`the target ${target} holds \`..\``, "write the folder that is meant")
  if (parts.length === 0) return wrong("nothing can be mounted on /", "the root filesystem is the image's: see `image`")
  if (KERNELS.includes(parts[0] as string) && parts.slice(0, 2).join("/") !== "dev/shm")
    return wrong(`nothing can be mounted in /${parts[0]}`, "its /proc, /sys and /dev are made for each container; /dev/shm is free")
  return true
}

// --------------------------------------------------------------- short forms

const PROPAGATIONS: { readonly [word: string]: BindMount["propagation"] } = {
  private: "private",
  rprivate: "private",
  slave: "slave",
  rslave: "slave",
}

/** Else it is a volume's name. */
function isPath(source: string): boolean {
  return /^[./~]/.test(source)
}

/** `SOURCE:TARGET[:OPTIONS]` */
function shortForm(text: string, path: Path, entry: Entry): Read {
  const [source = "", target, words = "", ...more] = text.split(":")
  if (target === undefined || more.length > 0) {
    const hint =
      target === undefined
        ? `a volume needs a name (\`NAME:${text}\`); what is lost with the container: \`tmpfs: [${text}]\``
        : "a path with a colon is written in the long form: { type: bind, source: …, target: … }"
    entry.report(path, "bad-mount", `\`${text}\` is not of the form SOURCE:TARGET or SOURCE:TARGET:OPTIONS`, { hint })
    return undefined
  }
  const isBind = isPath(source)
  const options = words.split(",").filter(Boolean)
  const known = ["ro", "rw", ...(isBind ? [...Object.keys(PROPAGATIONS), "idmap"] : [])]
  const unknown = options.find((option) => !known.includes(option))
  if (unknown !== undefined) {
    const shared = unknown === "shared" || unknown === "rshared"
    const hint = shared
      ? "what a container mounts never shows on the host: `rslave` is the other way round"
      : `there is ${known.join(", ")}`
    entry.report(path, "unknown-option", `no option of a mount is called \`${unknown}\``, { hint })
    return undefined
  }
  const propagation = options.map((option) => PROPAGATIONS[option]).find(Boolean)
  const read_only = options.includes("ro")
  return isBind
    ? bind({ source, target, read_only, propagation, idmapped: options.includes("idmap") }, path, entry)
    : volume(source, target, read_only, path, entry)
}

/** The same mount in its short form with another path, where it is of one; in the long form where a colon stands in that. */
export function withAbsoluteSource(text: string, absolute: (path: string) => string): unknown {
  const [source = "", target, words = ""] = text.split(":")
  if (!isPath(source) || source.startsWith("~") || target === undefined) return text
  const path = absolute(source)
  if (!path.includes(":")) return [path, ...text.split(":").slice(1)].join(":")
  const options = words.split(",")
  const propagation = options.find((option) => Object.hasOwn(PROPAGATIONS, option))
  const bind = { ...(propagation === undefined ? {} : { propagation }), ...(options.includes("idmap") ? { idmap: true } : {}) }
  const more = { ...(options.includes("ro") ? { read_only: true } : {}), ...(Object.keys(bind).length === 0 ? {} : { bind }) }
  return { type: "bind", source: path, target, ...more }
}

/** `TARGET[:OPTIONS]`, docker's. */
function shortTmpfs(text: string, path: Path, entry: Entry): Read {
  const [target = "", words = ""] = text.split(":", 2)
  const options = words.split(",").filter(Boolean)
  const value = (key: string) => options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1)
  const unknown = options.find((option) => !/^(rw|nosuid|nodev|(size|mode)=.*)$/.test(option))
  if (unknown !== undefined) {
    entry.report(path, "unknown-option", `no option of a tmpfs is called \`${unknown}\``, { hint: "there is size=16M and mode=1777" })
    return undefined
  }
  return tmpfs(target, value("size"), value("mode"), path, entry)
}

// ------------------------------------------------------------------ long form

function longForm(one: Partial<LongMount>, path: Path, entry: Entry): Read {
  const { type, source, target, read_only = false, bind: ofBind = {}, tmpfs: ofTmpfs = {}, size, mode } = one
  // What the schema has found mistaken is not there.
  if (type === undefined || target === undefined) return undefined
  const foreign = FOREIGN_KEYS[type].find((key) => one[key] !== undefined)
  if (foreign !== undefined) {
    entry.reportKey([...path, foreign], "bad-mount", `a mount of type ${type} has no \`${foreign}\``, { hint: "take it out" })
    return undefined
  }
  if (type === "tmpfs") {
    const written = mode === undefined ? entry.written([...path, "tmpfs", "mode"]) : entry.written([...path, "mode"])
    return tmpfs(target, size ?? ofTmpfs.size, written ?? mode ?? ofTmpfs.mode, path, entry)
  }
  if (source === undefined) {
    const hint = type === "volume" ? "the name of one of `volumes:`" : "a path of the host"
    entry.report(path, "missing-key", `a mount of type ${type} needs a \`source\``, { hint })
    return undefined
  }
  if (type === "volume") return volume(source, target, read_only, [...path, "source"], entry)
  const propagation = PROPAGATIONS[ofBind.propagation ?? "private"]
  return bind({ source, target, read_only, propagation, idmapped: ofBind.idmap ?? false }, [...path, "source"], entry)
}

const FOREIGN_KEYS: { readonly [T in Mount["type"]]: readonly (keyof LongMount)[] } = {
  volume: ["bind", "tmpfs", "size", "mode"],
  bind: ["tmpfs", "size", "mode"],
  tmpfs: ["source", "bind", "read_only"],
}

// ---------------------------------------------------------------------- each

function volume(source: string, target: string, read_only: boolean, path: Path, entry: Entry): Read {
  return entry.volume(source, path) === undefined ? undefined : { target, mount: { type: "volume", source, read_only } }
}

type Bound = Pick<BindMount, "source" | "read_only" | "idmapped"> & { target: string; propagation: BindMount["propagation"] | undefined }

function bind({ source, target, read_only, propagation = "private", idmapped }: Bound, path: Path, entry: Entry): Read {
  if (source.startsWith("~")) {
    entry.report(path, "bad-mount", `\`~\` is no folder here: ${source}`, { hint: "write the path out, or take it from a variable" })
    return undefined
  }
  return { target, mount: { type: "bind", source: entry.absolute(path, source), read_only, propagation, idmapped } }
}

function tmpfs(target: string, size: string | number | undefined, mode: string | number | undefined, path: Path, entry: Entry): Read {
  const bytes = size === undefined ? undefined : parseSize(size)
  if (size !== undefined && (bytes === undefined || bytes === 0)) {
    entry.report(path, "bad-size", `a tmpfs cannot have the size \`${size}\``, {
      hint: "a size: bytes, or a number with K, M, G or T such as 64M",
    })
    return undefined
  }
  const octal = octalMode(mode ?? "1777", path, entry)
  if (octal === undefined) return undefined
  return { target, mount: { type: "tmpfs", ...(bytes === undefined ? {} : { size: bytes }), mode: octal } }
}

/** As it is written, digits are octal; without a zero in front. */
export function octalMode(mode: string | number, path: Path, entry: Entry): string | undefined {
  const octal = /^(?:0o?)?([0-7]{3,4})$/.exec(String(mode))?.[1]
  if (octal === undefined) entry.report(path, "bad-mode", `\`${mode}\` is no mode`, { hint: "three or four octal digits: 1777, 0755" })
  return octal?.replace(/^0(?=...)/, "")
}
