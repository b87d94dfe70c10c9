import { test } from "uvu"
import * as assert from "uvu/assert"
import { DEFAULT_CAPABILITIES } from "../../../src/kinds/container/spec-capabilities.ts"
import { AUDIT_ARCH, callsOf } from "../../../src/seccomp/architecture.ts"
import { assemble } from "../../../src/seccomp/assemble.ts"
import { readProfile } from "../../../src/seccomp/read-profile.ts"
import { interpret } from "./interpreter.ts"

const read = (value: unknown, capabilities = DEFAULT_CAPABILITIES) =>
  readProfile(typeof value === "string" ? value : JSON.stringify(value), capabilities)
const told = (value: unknown) => read(value).told.map(({ severity, summary, hint }) => `${severity}: ${summary} (${hint})`)

const rule = (names: string[], action: string, more = {}) => ({ names, action, ...more })
const file = (...syscalls: object[]) => ({ defaultAction: "SCMP_ACT_ERRNO", syscalls })

function said(value: unknown, name: string, args: bigint[] = [], capabilities = DEFAULT_CAPABILITIES): number {
  const { profile, told: problems } = read(value, capabilities)
  if (profile === undefined) throw new Error(JSON.stringify(problems))
  const number = callsOf("x86-64").get(name) as number
  return interpret(assemble(profile, "x86-64"), { number, arch: AUDIT_ARCH["x86-64"], args: [...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6) })
}

const ALLOW = 0x7fff_0000
const EPERM = 0x0005_0001

test("names, actions and errnos", () => {
  const whole = {
    ...file(rule(["read"], "SCMP_ACT_ALLOW"), rule(["kill"], "SCMP_ACT_ERRNO", { errnoRet: 13 }), rule(["mount"], "SCMP_ACT_KILL_PROCESS")),
    defaultErrnoRet: 38,
  }
  assert.equal(
    ["read", "kill", "mount", "write"].map((name) => said(whole, name)),
    [ALLOW, 0x0005_000d, 0x8000_0000, 0x0005_0026],
  )
  const others = file(
    rule(["read"], "SCMP_ACT_LOG"),
    rule(["write"], "SCMP_ACT_TRAP"),
    rule(["kill"], "SCMP_ACT_KILL"),
    rule(["dup"], "SCMP_ACT_TRACE", { errnoRet: 7 }),
  )
  assert.equal(
    ["read", "write", "kill", "dup", "mount"].map((name) => said(others, name)),
    [0x7ffc_0000, 0x0003_0000, 0, 0x7ff0_0007, EPERM],
  )
})

test("every comparison; numbers of 64 bits stand as they are", () => {
  const holds = (op: string, value: string, arg: bigint, valueTwo = "0") =>
    said(
      `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["ioctl"],"action":"SCMP_ACT_ALLOW","args":[{"index":2,"op":"SCMP_CMP_${op}","value":${value},"valueTwo":${valueTwo}}]}]}`,
      "ioctl",
      [0n, 0n, arg],
    ) === ALLOW
  const big = 0xffff_ffff_ffff_fffen
  for (const value of [5n, 0x1_0000_0005n, big]) {
    for (const arg of [value - 1n, value, value + 1n, value & 0xffff_ffffn]) {
      const made = ["EQ", "NE", "LT", "LE", "GT", "GE"].map((op) => holds(op, String(value), arg))
      assert.equal(made, [arg === value, arg !== value, arg < value, arg <= value, arg > value, arg >= value], `${arg} ${value}`)
    }
  }
  assert.ok(holds("MASKED_EQ", "18446744069414584320", 0x5_0000_0007n, "21474836480"))
  assert.not.ok(holds("MASKED_EQ", "18446744069414584320", 0x4_0000_0007n, "21474836480"))
})

test("all conditions of a rule hold together, but one argument twice is either", () => {
  const arg = (index: number, op: string, value: number) => ({ index, op: `SCMP_CMP_${op}`, value })
  const both = file(rule(["dup2"], "SCMP_ACT_ALLOW", { args: [arg(0, "EQ", 1), arg(1, "EQ", 2)] }))
  assert.equal([said(both, "dup2", [1n, 2n]), said(both, "dup2", [1n, 3n])], [ALLOW, EPERM])
  const either = file(rule(["dup2"], "SCMP_ACT_ALLOW", { args: [arg(0, "EQ", 1), arg(0, "EQ", 2)] }))
  assert.equal([said(either, "dup2", [1n]), said(either, "dup2", [2n]), said(either, "dup2", [3n])], [ALLOW, ALLOW, EPERM])
})

test("Docker's conditions: capabilities, architectures, old kernels", () => {
  const docker = file(
    rule(["mount"], "SCMP_ACT_ALLOW", { includes: { caps: ["CAP_SYS_ADMIN"] } }),
    rule(["clone"], "SCMP_ACT_ALLOW", { includes: { arches: ["s390", "s390x"] }, excludes: { caps: ["CAP_SYS_ADMIN"] } }),
    rule(["arch_prctl"], "SCMP_ACT_ALLOW", { includes: { arches: ["amd64", "x32"] } }),
    rule(["ptrace"], "SCMP_ACT_ALLOW", { includes: { minKernel: "4.8" } }),
    rule(["reboot"], "SCMP_ACT_ALLOW", { excludes: { minKernel: "4.8" } }),
    rule(["s390_sthyi", "_llseek"], "SCMP_ACT_ALLOW"),
  )
  assert.equal(
    ["mount", "clone", "arch_prctl", "ptrace", "reboot"].map((name) => said(docker, name)),
    [EPERM, EPERM, ALLOW, ALLOW, EPERM],
  )
  assert.is(said(docker, "mount", [], ["SYS_ADMIN"]), ALLOW)
  assert.equal(told(docker), [])
  const { profile } = read({
    ...docker,
    archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }],
  })
  assert.equal(profile?.also, ["i386"])
})

test("an unknown call is a mistake where something is taken away, and a warning where it is given", () => {
  assert.equal(told(file(rule(["mout"], "SCMP_ACT_ALLOW"))), [
    'warning: syscalls[0] names a system call that is not known: "mout" (it stays refused; did you mean mount?)',
  ])
  assert.equal(told({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule(["keyctll", "zzz"], "SCMP_ACT_ERRNO")] }), [
    'error: syscalls[0] names a system call that is not known: "keyctll" (did you mean keyctl?)',
    'error: syscalls[0] names a system call that is not known: "zzz" (take it out, or correct it)',
  ])
})

test("what is mistaken is told, all at once, and nothing comes of it", () => {
  const mistaken: [unknown, RegExp][] = [
    ["{", /it is no JSON/],
    ["[]", /it is no map/],
    [{}, /defaultAction is missing/],
    [{ defaultAction: "SCMP_ACT_ALOW" }, /did you mean SCMP_ACT_ALLOW\?/],
    [{ defaultAction: "SCMP_ACT_NOTIFY" }, /no action of a container/],
    [{ defaultAction: "SCMP_ACT_ALLOW", syscals: [] }, /unknown key "syscals"/],
    [file({ names: [], action: "SCMP_ACT_ALLOW" }), /names no system call/],
    [file({ names: "read", action: "SCMP_ACT_ALLOW" }), /names of syscalls\[0\] is no list/],
    [file(rule(["read"], "SCMP_ACT_ERRNO", { errnoRet: 4096 })), /from 0 to 4095/],
    [file(rule(["read"], "SCMP_ACT_ALLOW", { args: [{ index: 6, op: "SCMP_CMP_EQ", value: 1 }] })), /index in args\[0\]/],
    [file(rule(["read"], "SCMP_ACT_ALLOW", { args: [{ index: 1, op: "SCMP_CMP_EG", value: 1 }] })), /did you mean SCMP_CMP_EQ\?|SCMP_CMP_/],
    [file(rule(["read"], "SCMP_ACT_ALLOW", { args: [{ index: 1, op: "SCMP_CMP_EQ", value: -1 }] })), /no whole number of 64 bits/],
    [
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"op":"SCMP_CMP_EQ","value":18446744073709551616}]}]}',
      /64 bits/,
    ],
    [{ defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] }, /cannot be had/],
    [{ defaultAction: "SCMP_ACT_ALLOW", architectures: ["x86_64"] }, /no architecture/],
    [file(rule(["read"], "SCMP_ACT_ALLOW", { includes: { minKernel: "6.1" } })), /newer than 5\.12/],
    ["null", /it is no map/],
  ]
  for (const [value, words] of mistaken) {
    assert.is(read(value).profile, undefined, JSON.stringify(value))
    assert.match(told(value).join("\n"), words)
  }
})

test.run()
