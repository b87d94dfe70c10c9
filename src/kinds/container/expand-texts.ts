import { formatCpuList, parseCpuList } from "../../base/cpu.ts"
import { shellWords } from "../../base/shell-words.ts"
import { sysctlName } from "../../base/sysctl-name.ts"
import type { Entry, Path } from "../../model/entry.ts"
import { items } from "../link/expand-link.ts"

type Scalar = string | number | boolean | null
/** A map of texts, or a list of `NAME=value`. */
export type TextsEntry = { [name: string]: Scalar } | string[]
type Texts = { [name: string]: string }

interface Text {
  path: Path
  name: string
  text: string | undefined
}

/**
 * What a text map holds, in the file's order; a name without a value is undefined. Numbers stand as written. `nameOf`: the one name of what
 * has several spellings.
 */
function texts(entry: Entry, path: Path, value: TextsEntry | undefined, nameOf = (written: string) => written): Text[] {
  const found = Array.isArray(value) ? listed(path, value) : mapped(entry, path, value ?? {})
  const seen = new Set<string>()
  return found.map(({ name: written, ...rest }) => {
    const name = nameOf(written)
    if (seen.has(name))
      entry.reportKey(rest.path, "duplicate-key", `\`${name}\` stands twice in \`${path.at(-1)}\``, { hint: "take one out" })
    seen.add(name)
    return { ...rest, name }
  })
}

function listed(path: Path, value: readonly string[]): Text[] {
  return value.map((item, i) => {
    const equals = item.indexOf("=")
    const at = [...path, i]
    return equals < 0 ? { path: at, name: item, text: undefined } : { path: at, name: item.slice(0, equals), text: item.slice(equals + 1) }
  })
}

function mapped(entry: Entry, path: Path, value: { readonly [name: string]: Scalar }): Text[] {
  return Object.entries(value).map(([name, scalar]) => {
    const at = [...path, name]
    return { path: at, name, text: scalar === null ? undefined : (entry.written(at) ?? String(scalar)) }
  })
}

function sorted(found: ReadonlyMap<string, string>): Texts {
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** env_file, then environment over it. What every command gets besides is set at the launch. */
export function environmentOf(value: { environment?: TextsEntry; env_file?: string | string[] }, entry: Entry): Texts {
  const found = new Map<string, string>()
  for (const file of items(["env_file"], value.env_file)) {
    for (const [name, text] of Object.entries(entry.envFile(file.path, file.value))) found.set(name, text)
  }
  for (const { path, name, text } of texts(entry, ["environment"], value.environment)) {
    if (!/^[^=\s]+$/.test(name))
      entry.reportKey(path, "bad-environment", `\`${name}\` is no name of an environment variable`, {
        hint: "a name has no blanks and no `=`",
      })
    const passed = text ?? entry.environment[name]
    if (passed !== undefined) found.set(name, passed)
  }
  return sorted(found)
}

export function labelsOf(entry: Entry, value: TextsEntry | undefined): Texts {
  return sorted(new Map(texts(entry, ["labels"], value).map(({ name, text }) => [name, text ?? ""])))
}

/** A list of words, or one text that is split as a shell would; undefined where that cannot be, which is reported. */
export function wordsOf(
  entry: Entry,
  path: Path,
  value: string | readonly (string | number | boolean)[] | undefined,
): string[] | undefined {
  if (value === undefined) return []
  if (typeof value !== "string") return value.map((word, i) => entry.written([...path, i]) ?? String(word))
  const words = shellWords(value)
  if (Array.isArray(words)) return words
  entry.report(path, "bad-command", `this text cannot be split into words: ${words.problem}`, {
    hint: "close the quote, or write a list: [sh, -c, …]",
  })
  return undefined
}

/**
 * What a container may set: parameters that its own network or ipc namespace holds. Each letter of a name is looked at, as it becomes a path: a slash,
 * which is a dot there, stands between letters, so that no part of the path is empty or leads up.
 */
const ALLOWED = /^(net(\.[a-zA-Z0-9_-]+(\/[a-zA-Z0-9_-]+)*){2,}|kernel\.(msg[a-z_]+|sem|sem_next_id|shm[a-z_]+)|fs\.mqueue\.[a-z_]+)$/
const VALUE = /^[a-zA-Z0-9_./:,+ \t-]{1,4096}$/

export function isContainerSysctl(name: string): boolean {
  return ALLOWED.test(name)
}

/** The one whose value is a set of numbers, which the kernel gives back as the fewest ranges. */
const PORT_SET = "net.ipv4.ip_local_reserved_ports"

/** One blank between words, and numbers in decimal: the kernel takes them to the base that their first digits tell. */
function sysctlText(name: string, written: string): string {
  const ports = name === PORT_SET ? parseCpuList(written) : undefined
  if (ports !== undefined) return formatCpuList(ports)
  const words = written.trim().split(/[ \t]+/)
  return words.map((word) => (/^-?(0x[0-9a-f]+|0[0-7]+)$/i.test(word) ? inDecimal(word) : word)).join(" ")
}

function inDecimal(word: string): string {
  const [, sign = "", digits = ""] = /^(-?)(.*)$/.exec(word) ?? []
  const value = BigInt(/^0x/i.test(digits) ? digits : `0o${digits}`)
  return value === 0n ? "0" : `${sign}${value}`
}

/** Each by its one name, sorted; values as the kernel prints them. sysctl(8) */
export function sysctlsOf(entry: Entry, value: TextsEntry | undefined): Texts {
  const found = new Map<string, string>()
  for (const { path, name, text: written = "" } of texts(entry, ["sysctls"], value, sysctlName)) {
    const text = sysctlText(name, written)
    if (!isContainerSysctl(name)) {
      entry.reportKey(path, "bad-sysctl", `sysctl \`${name}\` cannot be set for a container alone`, {
        hint: "allowed: net.*, kernel.msg*, kernel.sem, kernel.shm*, fs.mqueue.*",
      })
    } else if (!VALUE.test(text)) {
      entry.report(path, "bad-sysctl", `the value of sysctl ${name} holds a character that none takes`, {
        hint: "letters, digits, blanks and `_ . / : , + -`",
      })
    } else found.set(name, text)
  }
  return sorted(found)
}
