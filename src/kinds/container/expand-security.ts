import { hash64 } from "../../base/hash.ts"
import { nearest } from "../../base/nearest.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { ReadProfile } from "../../seccomp/read-profile.ts"
import { readProfile } from "../../seccomp/read-profile.ts"
import type { ContainerAttributes } from "./spec.ts"
import { DEFAULT_SECCOMP, seccompOfFile, UNCONFINED } from "./spec-security.ts"

type Security = Pick<ContainerAttributes, "no_new_privileges" | "seccomp" | "seccomp_profile">

const NO_NEW_PRIVILEGES = "no-new-privileges"
const SECCOMP = "seccomp"
const OPTIONS = [NO_NEW_PRIVILEGES, SECCOMP]
/** Docker's word for its own is `builtin`. */
const WORDS: { readonly [word: string]: string } = { default: DEFAULT_SECCOMP, builtin: DEFAULT_SECCOMP, unconfined: UNCONFINED }

/** `KEY=VALUE`, or with a colon, as compose has both; a key alone has no value. */
function taken(option: string): { key: string; value: string | undefined } {
  const [, key = option, value] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? []
  return { key, value }
}

/** The same option with another path, where it names a file. */
export function withSeccompFile(option: string, to: (path: string) => string): string {
  const { key, value } = taken(option)
  return key !== SECCOMP || value === undefined || value === "" || Object.hasOwn(WORDS, value) ? option : `${SECCOMP}=${to(value)}`
}

/** What holds where it says nothing, and what a profile depends on. */
type Usual = Pick<ContainerAttributes, "capabilities" | "no_new_privileges">

/** What `security_opt` says; the usual where it says nothing. A profile depends on the capabilities that are kept. */
export function securityOf(options: readonly string[] | undefined, usual: Usual, entry: Entry): Security {
  const { capabilities, no_new_privileges } = usual
  let security: Security = { no_new_privileges, seccomp: DEFAULT_SECCOMP }
  const seen = new Set<string>()
  for (const [at, option] of (options ?? []).entries()) {
    const path = ["security_opt", at]
    const { key, value } = taken(option)
    if (seen.has(key)) entry.report(path, "duplicate-key", `\`${key}\` stands twice in \`security_opt\``, { hint: "take one out" })
    seen.add(key)
    if (key === NO_NEW_PRIVILEGES) security = { ...security, no_new_privileges: truthOf(value, path, entry) }
    else if (key === SECCOMP) security = { ...security, ...seccompOf(value ?? "", capabilities, path, entry) }
    else unknownOption(key, path, entry)
  }
  return security
}

function truthOf(value: string | undefined, path: Path, entry: Entry): boolean {
  if (value === undefined || value === "true") return true
  if (value !== "false") {
    const hint = `\`${NO_NEW_PRIVILEGES}=true\` or \`${NO_NEW_PRIVILEGES}=false\``
    entry.report(path, "bad-security-option", `\`${NO_NEW_PRIVILEGES}\` is true or false, not \`${value}\``, { hint })
  }
  return value !== "false"
}

function unknownOption(key: string, path: Path, entry: Entry): void {
  const near = nearest(key, OPTIONS)
  const hint =
    near === undefined ? "there are `no-new-privileges=true` and `seccomp=FILE`, `=default`, `=unconfined`" : `did you mean \`${near}\`?`
  entry.report(path, "unknown-security-option", `no option of \`security_opt\` is called \`${key}\``, { hint })
}

function seccompOf(value: string, capabilities: readonly string[], path: Path, entry: Entry): Partial<Security> {
  if (Object.hasOwn(WORDS, value)) return { seccomp: WORDS[value] as string }
  if (value === "") {
    entry.report(path, "bad-security-option", "`seccomp` has no value", {
      hint: "`seccomp=FILE`, `seccomp=default` or `seccomp=unconfined`",
    })
    return {}
  }
  const file = entry.absolute(path, value)
  const text = entry.textFile(path, value)
  if (text === undefined) return {}
  const { profile, told } = remembered(text, capabilities)
  tell(told, value, path, entry)
  return profile === undefined ? {} : { seccomp: seccompOfFile(file, hash64(JSON.stringify(profile))), seccomp_profile: profile }
}

/** All that is wrong with one file, where the file is named. */
function tell(told: ReadProfile["told"], file: string, path: Path, entry: Entry): void {
  for (const severity of ["error", "warning"] as const) {
    const some = told.filter((one) => one.severity === severity)
    const [first] = some
    if (first === undefined) continue
    const detail = some.map(({ summary, hint }) => `${summary}: ${hint}`).join("\n")
    const more = some.length === 1 ? { hint: first.hint } : { detail }
    const what = some.length === 1 ? first.summary : `${some.length} ${severity === "error" ? "mistakes" : "names that are not known"}`
    entry.report(path, "seccomp-profile", `seccomp profile ${file}: ${what}`, { ...more, severity })
  }
}

/** Replicas, and containers of one sort, have one file: it is understood once. */
const READ = new Map<string, ReadProfile>()

function remembered(text: string, capabilities: readonly string[]): ReadProfile {
  const key = `${capabilities.join()}\n${text}`
  const read = READ.get(key) ?? readProfile(text, capabilities)
  READ.set(key, read)
  return read
}
