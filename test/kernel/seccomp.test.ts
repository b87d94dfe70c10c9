/** The kernel bound by our filter; and that each probe of it would see a filter which lets its call through. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { hostArchitecture } from "../../src/kernel/architecture.ts"
import { DEFAULT_CAPABILITIES } from "../../src/kinds/container/spec-capabilities.ts"
import { assemble } from "../../src/seccomp/assemble.ts"
import { defaultProfile } from "../../src/seccomp/default-profile.ts"
import type { Profile } from "../../src/seccomp/profile.ts"
import { I386_PROBE, probeCommand, refusals } from "../support/seccomp-probes.ts"
import { missing, testsUnless } from "../support/skip.ts"
import { cleanUp, launch, outputOf, recordOf, started, temporary } from "./monitor-process.ts"

const kernelTest = testsUnless(missing("python3"))

test.after(cleanUp)

const filterOf = (profile: Profile) => ({ program: assemble(profile, hostArchitecture()), flags: 0 })

/** What the probes of a container with this filter say that a usual one's do not: what is let through. */
async function letThrough(profile: Profile | null): Promise<string[]> {
  const runDir = temporary()
  const filter = profile === null ? null : filterOf(profile)
  await started(recordOf("", runDir, { argv: probeCommand(), filter }))
  const said = JSON.parse(await outputOf(runDir)) as { [name: string]: string }
  assert.equal(Object.keys(said).sort(), Object.keys(refusals()).sort())
  return Object.entries(refusals()).flatMap(([name, refusal]) => (said[name] === refusal ? [] : [name]))
}

const usual = defaultProfile(DEFAULT_CAPABILITIES)
/** Weakened as a mistake in its making might: a call let through, a condition forgotten, an architecture let in. */
const without = (name: string): Profile => ({
  ...usual,
  rules: usual.rules.filter(({ names, args }) => !(args !== undefined && names.includes(name))),
})
const letting = (name: string): Profile => ({
  ...without(name),
  rules: [...without(name).rules.filter(({ names }) => names.length > 1 || names[0] !== name), { names: [name], action: "allow" }],
})
const lowHalfAlone: Profile = {
  ...usual,
  rules: usual.rules.map((rule) => ({
    ...rule,
    ...(rule.names.includes("ioctl") && rule.args
      ? { args: rule.args.map(({ index, value }) => ({ index, op: "==" as const, value })) }
      : {}),
  })),
}

kernelTest("a usual container is refused every probe", async () => {
  assert.equal(await letThrough(usual), [])
})

kernelTest("without a filter every probe has another answer: it is the filter that refuses", async () => {
  assert.equal(await letThrough(null), Object.keys(refusals()))
})

kernelTest("each weakened filter is seen by just its probe", async () => {
  for (const name of [
    "unshare",
    "clone",
    "clone3",
    "setns",
    "mount",
    "keyctl",
    "add_key",
    "request_key",
    "kcmp",
    "move_pages",
    "personality",
  ])
    assert.equal(await letThrough(letting(name)), [name])
  assert.equal(await letThrough(without("ioctl")), ["TIOCSTI", "TIOCSTI behind 32 bits", "TIOCLINUX"])
  assert.equal(await letThrough(lowHalfAlone), ["TIOCSTI behind 32 bits"])
  assert.equal(await letThrough(without("socket")), ["AF_VSOCK"])
  if (I386_PROBE in refusals()) assert.equal(await letThrough({ ...usual, also: ["i386"] }), [I386_PROBE])
})

kernelTest("the filter binds nothing before the exec, without no_new_privs as well, whoever the command runs as", async () => {
  const names = [
    "execve",
    "read",
    "write",
    "openat",
    "close",
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "fstat",
    "newfstatat",
    "pread64",
    "arch_prctl",
    "set_tid_address",
  ]
  const more = [
    "set_robust_list",
    "rseq",
    "prlimit64",
    "getrandom",
    "access",
    "faccessat",
    "exit_group",
    "readlink",
    "capset",
    "statfs",
    "ioctl",
  ]
  const tight: Profile = { otherwise: "errno:1", rules: [{ names: [...names, ...more], action: "allow" }] }
  for (const different of [{}, { noNewPrivileges: false }, { noNewPrivileges: false, uid: 7, gid: 8 }]) {
    const runDir = temporary()
    await started(
      recordOf("", runDir, {
        argv: ["grep", "-E", "^(Seccomp|NoNewPrivs|CapEff|CapPrm|CapBnd):", "/proc/self/status"],
        filter: filterOf(tight),
        ...different,
      }),
    )
    const said = Object.fromEntries(
      (await outputOf(runDir))
        .trim()
        .split("\n")
        .map((line) => line.split(":\t")),
    )
    const none = "0".repeat(16)
    assert.equal(said, { CapEff: none, CapPrm: none, CapBnd: none, NoNewPrivs: "noNewPrivileges" in different ? "0" : "1", Seccomp: "2" })
  }
})

kernelTest("a filter that the kernel does not take, or that does not let the command begin, is told", async () => {
  const bad = launch(recordOf("true", temporary(), { filter: { program: new Uint8Array(8), flags: 0 } }))
  await bad.parked()
  assert.equal(await bad.go(), { kind: "failed", stage: 26, index: 0, errno: 22 })
  const killing = launch(recordOf("true", temporary(), { filter: filterOf({ otherwise: "kill-process", rules: [] }) }))
  await killing.parked()
  assert.equal(await killing.go(), { kind: "failed", stage: 23, index: 0, errno: 31 })
})

test.run()
