import { hash64 } from "../../base/hash.ts"
import { nearest } from "../../base/nearest.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { ReadProfile } from "../../seccomp/read-profile.ts"
import { readProfile } from "../../seccomp/read-profile.ts"
import type { ContainerAttributes } from "./spec.ts"
import { ALL_PATHS, DEFAULT_SECCOMP, seccompOfFile, UNCONFINED } from "./spec-security.ts"

type Security = Pick<ContainerAttributes, "no_new_privileges" | "seccomp" | "seccomp_profile" | "unmask">

const NO_NEW_PRIVILEGES = "no-new-privileges"
const SECCOMP = "seccomp"
const UNMASK = "unmask"
/** Docker's word for all of them. */
const SYSTEM_PATHS = "systempaths"
const OPTIONS = [NO_NEW_PRIVILEGES, SECCOMP, UNMASK, SYSTEM_PATHS]
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

/** What `security_opt` says; the usual where it says nothing. A profile depends on the capabilities that are kept. */
export function securityOf(
  options: readonly string[] | undefined,
  capabilities: readonly string[],
  entry: Entry,
  usual: Pick<Security, "no_new_privileges" | "seccomp" | "unmask">,
): Security {
  const { no_new_privileges, seccomp, unmask } = usual
  let security: Security = { no_new_privileges, seccomp, unmask }
  const seen = new Set<string>()
  for (const [at, option] of (options ?? []).entries()) {
    const path = ["security_opt", at]
    const { key, value } = taken(option)
    if (seen.has(key)) entry.report(path, "duplicate-key", `\`${key}\` stands twice in \`security_opt\``, { hint: "take one out" })
    seen.add(key)
    if (key === NO_NEW_PRIVILEGES) security = { ...security, no_new_privileges: truthOf(value, path, entry) }
    else if (key === SECCOMP) security = { ...security, ...seccompOf(value ?? "", capabilities, path, entry) }
    else if (key === UNMASK) security = { ...security, unmask: pathsOf(value ?? "", path, entry) }
    else if (key === SYSTEM_PATHS) security = { ...security, unmask: systemPathsOf(value, path, entry) }
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

/** As podman has it: paths with a colon between them, or ALL. */
function pathsOf(value: string, path: Path, entry: Entry): string[] {
  const paths = [...new Set(value.split(":"))].sort()
  if (paths.includes(ALL_PATHS)) return [ALL_PATHS]
  const wrong = paths.find((one) => !/^\/(proc|sys)\/[^/]+$/.test(one))
  if (wrong === undefined) return paths
  const hint = "`unmask=ALL`, or paths with a colon between them, such as `unmask=/proc/acpi:/sys/firmware`"
  entry.report(path, "bad-security-option", `\`${wrong}\` is no path that is masked`, { hint })
  return []
}

function systemPathsOf(value: string | undefined, path: Path, entry: Entry): string[] {
  if (value !== "unconfined")
    entry.report(path, "bad-security-option", `\`${SYSTEM_PATHS}\` is \`unconfined\`, not \`${value ?? ""}\``, {
      hint: "leave it out to have them masked",
    })
  return [ALL_PATHS]
}

function unknownOption(key: string, path: Path, entry: Entry): void {
  const near = nearest(key, OPTIONS)
  const hint =
    near === undefined
      ? "there are `no-new-privileges=true`, `seccomp=FILE`, `=default`, `=unconfined`, and `unmask=PATH`"
      : `did you mean \`${near}\`?`
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
