/** Programs, run as the kernel runs them: what a usual container may do, and what a profile's words come to. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { CAPABILITIES, DEFAULT_CAPABILITIES } from "../../../src/kinds/container/spec-capabilities.ts"
import type { Architecture } from "../../../src/seccomp/architecture.ts"
import { AUDIT_ARCH, callsOf } from "../../../src/seccomp/architecture.ts"
import { assemble } from "../../../src/seccomp/assemble.ts"
import { defaultProfile } from "../../../src/seccomp/default-profile.ts"
import type { Profile, Rule } from "../../../src/seccomp/profile.ts"
import type { Call } from "./interpreter.ts"
import { interpret } from "./interpreter.ts"

const ENOSYS = 0x0005_0026
const EPERM = 0x0005_0001
const ALLOW = 0x7fff_0000
const KILL_PROCESS = 0x8000_0000
const HOSTS = ["x86-64", "arm64"] as const

const usual = (architecture: Architecture) => assemble(defaultProfile(DEFAULT_CAPABILITIES), architecture)

function call(architecture: Architecture, name: string | number, ...args: (number | bigint)[]): Call {
  const number = typeof name === "number" ? name : (callsOf(architecture).get(name) as number)
  return { number, arch: AUDIT_ARCH[architecture], args: Array.from({ length: 6 }, (_, i) => BigInt(args[i] ?? 0)) }
}

test("what the usual container may not do, and what it may", () => {
  for (const host of HOSTS) {
    const said = (name: string | number, ...args: (number | bigint)[]) => interpret(usual(host), call(host, name, ...args))
    for (const name of [
      "mount",
      "unshare",
      "setns",
      "keyctl",
      "add_key",
      "bpf",
      "reboot",
      "kexec_load",
      "init_module",
      "io_uring_setup",
      "pivot_root",
    ])
      assert.is(said(name), EPERM, `${host} ${name}`)
    for (const name of ["read", "execve", "openat", "chroot", "setuid", "futex", "mseal"]) assert.is(said(name), ALLOW, `${host} ${name}`)
    assert.is(said("clone3"), ENOSYS)
    assert.is(said("clone", 0x11), ALLOW)
    for (let bit = 0; bit < 32; bit++)
      assert.is(said("clone", (1 << bit) >>> 0), (0x7e020000 >>> bit) & 1 ? EPERM : ALLOW, `clone bit ${bit}`)
    assert.is(said("ioctl", 1, 0x5413), ALLOW)
    // The kernel takes 32 bits of it: what stands above them hides nothing.
    for (const request of [0x5412, 0x541c])
      for (const above of [0n, 1n, 0xffffffffn]) assert.is(said("ioctl", 1, (above << 32n) | BigInt(request)), EPERM)
    assert.is(said("socket", 40), EPERM)
    assert.is(said("socket", 2), ALLOW)
    assert.is(said("personality", 0x20008), ALLOW)
    assert.is(said("personality", 0x40000), EPERM)
  }
})

test("a capability opens what it is good for, and nothing else does", () => {
  const with_ = (...names: string[]) => assemble(defaultProfile([...DEFAULT_CAPABILITIES, ...names]), "x86-64")
  const said = (program: Uint8Array, name: string, ...args: number[]) => interpret(program, call("x86-64", name, ...args))
  for (const name of ["mount", "unshare", "setns", "clone3"]) assert.is(said(with_("SYS_ADMIN"), name), ALLOW, name)
  assert.is(said(with_("SYS_ADMIN"), "clone", 0x10000000), ALLOW)
  assert.is(said(with_("NET_ADMIN", "NET_RAW"), "mount"), EPERM)
  assert.is(said(with_("SYS_BOOT"), "reboot"), ALLOW)
  assert.is(interpret(assemble(defaultProfile([]), "x86-64"), call("x86-64", "chroot")), EPERM)
  for (const name of ["kexec_load", "keyctl", "swapon"])
    assert.is(said(assemble(defaultProfile(CAPABILITIES), "x86-64"), name), EPERM, name)
})

test("another architecture is killed; x32 and what is newer than the headers is not there", () => {
  for (const host of HOSTS) {
    const program = usual(host)
    for (const other of ["i386", ...HOSTS.filter((one) => one !== host)] as const)
      for (const number of [0, 1, 39, 400]) assert.is(interpret(program, call(other, number)), KILL_PROCESS, `${host} ${other}`)
    const numbers = [...callsOf(host).values()]
    for (const number of [Math.max(...numbers) + 1, 1000, 0x4000_0000, 0x4000_0001, 0x4000_0208, 0xffff_ffff])
      assert.is(interpret(program, call(host, number)), ENOSYS, `${host} ${number}`)
    const gap = Array.from({ length: 400 }, (_, n) => n).find((n) => !numbers.includes(n)) as number
    assert.is(interpret(program, call(host, gap)), ENOSYS, `${host} ${gap}`)
  }
})

test("i386 is let in where a profile says so, with its own numbers", () => {
  const profile: Profile = { otherwise: "errno:1", also: ["i386"], rules: [{ names: ["read", "execve"], action: "allow" }] }
  const program = assemble(profile, "x86-64")
  assert.is(interpret(program, call("i386", "execve")), ALLOW)
  assert.is(interpret(program, call("i386", "write")), EPERM)
  assert.is(interpret(program, call("x86-64", "execve")), ALLOW)
  assert.is(interpret(program, { ...call("x86-64", 3), arch: AUDIT_ARCH.i386 }), ALLOW)
  assert.is(interpret(program, call("arm64", "read")), KILL_PROCESS)
  assert.is(interpret(assemble(profile, "arm64"), call("i386", "read")), KILL_PROCESS)
})

/** What no container may do, whatever its capabilities; a call that is new in the headers belongs here or into the usual profile. */
const NOBODY =
  `_sysctl add_key afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg io_uring_enter io_uring_register
  io_uring_setup kexec_file_load kexec_load keyctl migrate_pages move_pages nfsservctl putpmsg query_module request_key security swapoff swapon sysfs
  tuxcall userfaultfd uselib ustat vserver`.split(/\s+/)

test("every call is in the usual profile, or is one that nobody may do", () => {
  for (const host of HOSTS) {
    const all = assemble(defaultProfile(CAPABILITIES), host)
    const conditional = new Set(["personality"])
    const refused = [...callsOf(host).keys()].filter((name) => !conditional.has(name) && interpret(all, call(host, name)) !== ALLOW)
    assert.equal(refused.sort(), NOBODY.filter((name) => callsOf(host).has(name)).sort(), host)
  }
})

test("the usual program is short", () => {
  for (const host of HOSTS) assert.ok(usual(host).length / 8 <= 160, `${host}: ${usual(host).length / 8}`)
})

test("of several rules that hold the strictest wins, in whatever order", () => {
  const rules: Rule[] = [
    { names: ["ioctl"], action: "allow" },
    { names: ["ioctl"], action: "errno:13", args: [{ index: 1, op: "==", value: "7" }] },
    { names: ["ioctl"], action: "kill-process", args: [{ index: 2, op: ">", value: "9" }] },
  ]
  for (const order of [rules, [...rules].reverse()]) {
    const program = assemble({ otherwise: "trap", rules: order }, "x86-64")
    const said = (...args: number[]) => interpret(program, call("x86-64", "ioctl", ...args))
    assert.equal([said(0, 1), said(0, 7), said(0, 7, 10), said(0, 1, 10)], [ALLOW, 0x0005_000d, KILL_PROCESS, KILL_PROCESS])
  }
})

test.run()
