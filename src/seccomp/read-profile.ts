import { nearest } from "../base/nearest.ts"
import { knownCalls } from "./architecture.ts"
import { exactJson } from "./exact-json.ts"
import type { Action, Profile, Rule } from "./profile.ts"
import { looseness } from "./profile.ts"
import { alternativesOf } from "./read-arguments.ts"
import type { Told } from "./read-problems.ts"
import { listOf, mapOf, Problems, textsOf, wholeOf } from "./read-problems.ts"

/** What a file came to. Without a profile, one of `told` is an error. */
export interface ReadProfile {
  profile?: Profile
  told: Told[]
}

/** SCMP_ACT_*: the OCI runtime specification's and Docker's word for an action. */
const ACTIONS: { readonly [word: string]: Action | "errno" | "trace" } = {
  SCMP_ACT_ALLOW: "allow",
  SCMP_ACT_LOG: "log",
  SCMP_ACT_ERRNO: "errno",
  SCMP_ACT_TRACE: "trace",
  SCMP_ACT_TRAP: "trap",
  SCMP_ACT_KILL: "kill-thread",
  SCMP_ACT_KILL_THREAD: "kill-thread",
  SCMP_ACT_KILL_PROCESS: "kill-process",
}

/** Of the architectures that such a file may name, those that are more than a name here. */
const X86 = "SCMP_ARCH_X86"
const ARCHITECTURE = /^SCMP_ARCH_[A-Z0-9_]+$/

const FLAGS: { readonly [word: string]: "log" | "spec-allow" | "" } = {
  SECCOMP_FILTER_FLAG_LOG: "log",
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: "spec-allow",
  // A container's first process has one thread.
  SECCOMP_FILTER_FLAG_TSYNC: "",
}

const KEYS = ["defaultAction", "defaultErrnoRet", "architectures", "archMap", "syscalls", "flags"] as const
const RULE_KEYS = ["names", "name", "action", "errnoRet", "args", "includes", "excludes", "comment"] as const
const EPERM = 1

/**
 * A seccomp profile as the OCI runtime specification has it, or with what Docker adds to it (`includes` and `excludes` of capabilities,
 * `archMap`). A call that no architecture has is a mistake where a rule takes something away; where it gives something, the call stays
 * refused, and a warning says so.
 */
export function readProfile(text: string, capabilities: readonly string[]): ReadProfile {
  const problems = new Problems()
  const file = mapOf(problems, exactJson(problems, text), "it", KEYS)
  if (file === undefined) return { told: problems.told }
  const otherwise = actionOf(problems, file.defaultAction, file.defaultErrnoRet, "defaultAction")
  const rules = listOf(problems, file.syscalls ?? [], "syscalls").flatMap((value, i) =>
    rulesOf(problems, value, `syscalls[${i}]`, otherwise ?? "allow", capabilities),
  )
  const also = alsoOf(problems, file.architectures, file.archMap)
  const flags = flagsOf(problems, file.flags)
  if (otherwise === undefined || problems.hasErrors) return { told: problems.told }
  const profile = { otherwise, rules, ...(also ? { also: ["i386" as const] } : {}), ...(flags.length === 0 ? {} : { flags }) }
  return { profile, told: problems.told }
}

/** `errnoRet` is the errno, or the number for a tracer; without it EPERM. */
function actionOf(problems: Problems, word: unknown, number: unknown, where: string): Action | undefined {
  const action = typeof word === "string" && Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined
  if (action === undefined) {
    const near = typeof word === "string" ? nearest(word, Object.keys(ACTIONS)) : undefined
    const hint = near === undefined ? `one of ${Object.keys(ACTIONS).join(", ")}` : `did you mean ${near}?`
    problems.error(word === undefined ? `${where} is missing` : `${where} is no action of a container: ${JSON.stringify(word)}`, hint)
    return undefined
  }
  const data = number === undefined ? EPERM : wholeOf(problems, number, `errnoRet of ${where}`, action === "errno" ? 4095 : 0xffff)
  return action === "errno" || action === "trace" ? `${action}:${data ?? EPERM}` : action
}

function rulesOf(problems: Problems, value: unknown, where: string, otherwise: Action, capabilities: readonly string[]): Rule[] {
  const rule = mapOf(problems, value, where, RULE_KEYS)
  if (rule === undefined) return []
  const action = actionOf(problems, rule.action, rule.errnoRet, `action of ${where}`)
  const given = textsOf(problems, rule.names ?? (rule.name === undefined ? [] : [rule.name]), `names of ${where}`)
  const alternatives = alternativesOf(problems, rule.args, where)
  const on = hostsOf(problems, rule, where, capabilities)
  if (given.length === 0) problems.error(`${where} names no system call`, 'write "names": ["mount"]')
  if (action === undefined || on.length === 0) return []
  const names = knownOf(problems, given, where, looseness(action) < looseness(otherwise) || looseness(action) < looseness("log"))
  return names.length === 0
    ? []
    : alternatives.map((args) => ({ names, action, ...(args.length === 0 ? {} : { args }), ...(on.length === 2 ? {} : { on }) }))
}

function knownOf(problems: Problems, names: readonly string[], where: string, takesAway: boolean): string[] {
  const known = knownCalls()
  for (const name of names) {
    if (known.has(name)) continue
    const near = nearest(name, known)
    const meant = near === undefined ? "take it out, or correct it" : `did you mean ${near}?`
    const what = `${where} names a system call that is not known: ${JSON.stringify(name)}`
    if (takesAway) problems.error(what, meant)
    else problems.warning(what, `it stays refused; ${meant}`)
  }
  return [...new Set(names.filter((name) => known.has(name)))]
}

/** Go's words for the machines that this program runs on. */
const HOSTS = { amd64: "x86-64", arm64: "arm64" } as const

/**
 * Docker's conditions: the hosts that a rule is for, perhaps none. Every kernel that this program runs on is newer than a
 * `minKernel` that is taken.
 */
function hostsOf(problems: Problems, rule: Conditions, where: string, capabilities: readonly string[]): NonNullable<Rule["on"]> {
  const [needs, bars] = (["includes", "excludes"] as const).map((key) => {
    const of = `${key} of ${where}`
    const { caps, arches, minKernel } = mapOf(problems, rule[key] ?? {}, of, ["caps", "arches", "minKernel"] as const) ?? {}
    if (minKernel !== undefined && !isOld(minKernel))
      problems.error(`minKernel in ${of} is newer than 5.12: ${JSON.stringify(minKernel)}`, "take it out: the rule then always holds")
    const names = textsOf(problems, caps ?? [], `caps in ${of}`).map((name) => name.replace(/^CAP_/, ""))
    return { names, minKernel, arches: arches === undefined ? undefined : textsOf(problems, arches, `arches in ${of}`) }
  }) as [Condition, Condition]
  const isBarred = bars.minKernel !== undefined || bars.names.some((name) => capabilities.includes(name))
  if (isBarred || !needs.names.every((name) => capabilities.includes(name))) return []
  const hosts = Object.entries(HOSTS).filter(([word]) => needs.arches?.includes(word) !== false && bars.arches?.includes(word) !== true)
  return hosts.map(([, host]) => host)
}

interface Conditions {
  readonly includes?: unknown
  readonly excludes?: unknown
}

interface Condition {
  names: string[]
  arches: string[] | undefined
  minKernel: unknown
}

/** Linux 5.12 is the least that this program runs on. */
function isOld(version: unknown): boolean {
  const [, major = "", minor = ""] = /^(\d+)\.(\d+)$/.exec(String(version)) ?? []
  return major !== "" && (Number(major) < 5 || (Number(major) === 5 && Number(minor) <= 12))
}

/** Whether programs of 32 bits are let in. Every other architecture that is named is another machine's: its programs are killed here. */
function alsoOf(problems: Problems, architectures: unknown, archMap: unknown): boolean {
  const named = textsOf(problems, architectures ?? [], "architectures")
  const mapped = listOf(problems, archMap ?? [], "archMap").flatMap((value, i) => {
    const entry = mapOf(problems, value, `archMap[${i}]`, ["architecture", "subArchitectures"]) ?? {}
    return textsOf(problems, [entry.architecture, ...((entry.subArchitectures as unknown[] | null | undefined) ?? [])], `archMap[${i}]`)
  })
  for (const name of [...named, ...mapped]) {
    if (!ARCHITECTURE.test(name))
      problems.error(`${JSON.stringify(name)} is no architecture`, "such as SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64")
  }
  return named.includes(X86) || mapped.includes(X86)
}

function flagsOf(problems: Problems, flags: unknown): ("log" | "spec-allow")[] {
  return textsOf(problems, flags ?? [], "flags").flatMap((word) => {
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined
    if (flag === undefined) problems.error(`the flag ${JSON.stringify(word)} cannot be had`, `there are ${Object.keys(FLAGS).join(", ")}`)
    return flag === undefined || flag === "" ? [] : [flag]
  })
}
