import { mkdtempSync, readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import type { Shell } from "./process.ts"
import { leave, run, writeStack } from "./process.ts"

const LAB = `
name: lab
bridges:
  lan: { address: 10.0.0.1/24 }
containers:
  web:
    image: host
    command: [sleep, infinity]
    environment: { COLOUR: blue }
    working_dir: /tmp
    limits: { memory: 64M }
    interfaces: { eth0: { bridge: lan, address: 10.0.0.2/24 } }
  db:
    image: host
    command: [sleep, infinity]
`

interface Bed {
  shell: Shell
  machine: ReturnType<typeof fakeKernel>
}

const test = suite<Bed>("commands")
test.before.each((bed) => {
  bed.machine = fakeKernel()
  bed.shell = { folder: mkdtempSync(join(tmpdir(), "stack-cli-")), environment: {}, kernel: bed.machine }
  writeStack(bed.shell, LAB)
})
test.after.each(({ shell }) => leave(shell))

test("plan changes nothing, apply does it, the next one has nothing to do, destroy leaves nothing", async ({ shell, machine }) => {
  const fresh = machine.describe()
  const planned = await run(shell, "plan", "--detailed-exitcode")
  assert.equal([planned.code, planned.err], [2, ""])
  assert.match(planned.out, "Plan: 5 to add, 0 to change, 0 to destroy.")
  assert.equal(machine.counts.operations, [])
  const applied = await run(shell, "apply", "-y")
  assert.is(applied.code, 0, applied.err)
  assert.match(applied.err, /^container\.web: started \(\d+ ms\)$/m)
  assert.ok(applied.out.endsWith("Apply complete! Resources: 5 added, 0 changed, 0 destroyed.\n"))
  assert.equal(await run(shell, "apply", "-y"), { code: 0, out: "No changes. The kernel matches the stack.\n", err: "" })
  assert.is((await run(shell, "plan", "--detailed-exitcode")).code, 0)
  const destroyed = await run(shell, "destroy", "-y", "-p", "lab")
  assert.ok(destroyed.out.endsWith("Destroy complete! Resources: 5 destroyed.\n"), destroyed.err)
  assert.is(machine.describe(), fresh)
})

test("destroy needs no valid file if it is told the name", async ({ shell }) => {
  await run(shell, "apply", "-y")
  writeStack(shell, "name: [")
  assert.is((await run(shell, "destroy", "-y")).code, 1)
  assert.is((await run(shell, "destroy", "-y", "-p", "lab")).code, 0)
})

test("destroy of a stack of which nothing is there says so, by its name", async ({ shell }) => {
  const nothing = { code: 0, out: "Nothing to destroy: the kernel holds nothing of stack lba.\n", err: "" }
  await run(shell, "apply", "-y")
  assert.equal(await run(shell, "destroy", "-y", "-p", "lba"), nothing)
  assert.equal(await run(shell, "apply", "--destroy", "-p", "lba"), nothing)
  assert.equal(await run(shell, "plan", "--destroy", "-p", "lba"), nothing)
  const all = ["bridge.lan", "hosts.stack", "container.web", "interface.web.eth0", "container.db"].flatMap((address) => [
    "--exclude",
    address,
  ])
  assert.equal(await run(shell, "destroy", "-y", ...all), { code: 0, out: "Nothing to destroy: all of stack lab is left out.\n", err: "" })
})

test("nobody to ask: an error that names -y, and nothing done", async ({ shell, machine }) => {
  for (const argv of [["apply"], ["apply", "--json"]]) {
    const { code, err } = await run(shell, ...argv)
    assert.is(code, 1)
    assert.match(err, /-y \(--auto-approve\)/)
  }
  assert.not.match(machine.describe(), /lab/)
})

test("a limit changes in place, only that", async ({ shell }) => {
  await run(shell, "apply", "-y")
  writeStack(shell, LAB.replace("64M", "128M"))
  const { out } = await run(shell, "plan")
  assert.is(out, "  ~ container.web\n      limits.memory: 64M -> 128M\n\nPlan: 0 to add, 1 to change, 0 to destroy.\n")
  assert.match((await run(shell, "apply", "-y")).out, "0 added, 1 changed, 0 destroyed")
})

test("a kept plan is carried out without a question, once", async ({ shell }) => {
  assert.is((await run(shell, "plan", "--out", "kept")).code, 0)
  writeStack(shell, "name: other\n")
  const applied = await run(shell, "apply", "kept")
  assert.is(applied.out, "Apply complete! Resources: 5 added, 0 changed, 0 destroyed.\n", applied.err)
  const again = await run(shell, "apply", "kept")
  assert.is(again.code, 3)
  assert.match(again.err, "the plan is stale")
  assert.is((await run(shell, "apply", "kept", "--target", "bridge.lan")).code, 64)
})

test("what --fail-on forbids is refused with 3, of plan and of apply", async ({ shell, machine }) => {
  assert.is((await run(shell, "plan", "--fail-on", "destroy,replace")).code, 0)
  assert.is((await run(shell, "plan", "--fail-on", "change")).code, 3)
  assert.is((await run(shell, "apply", "-y", "--fail-on", "change")).code, 3)
  assert.not.match(machine.describe(), /lab/)
})

test("target takes what it needs, exclude what needs it, replace what nothing is wrong with", async ({ shell }) => {
  const changed = async (...argv: string[]) => {
    const { out, err } = await run(shell, "plan", "--json", ...argv)
    const { changes } = JSON.parse(out || err) as { changes: { address: string; actions: string[] }[] }
    return changes.filter(({ actions }) => actions[0] !== "no-op").map(({ address }) => address)
  }
  assert.equal(await changed("--target", "interface.web.eth0"), ["bridge.lan", "hosts.stack", "container.web", "interface.web.eth0"])
  assert.equal(await changed("--exclude", "bridge.lan"), ["hosts.stack", "container.db"])
  assert.is((await run(shell, "apply", "-y", "--target", "container.db")).code, 0)
  assert.equal(await changed("--replace", "container.db", "--target", "container.db"), ["container.db"])
  assert.equal(await changed("--destroy"), ["container.db"])
  assert.match((await run(shell, "plan", "--target", "container.wep")).err, "did you mean container.web?")
})

test("a target that has replicas: the first is named", async ({ shell }) => {
  writeStack(shell, "name: lab\ncontainers: { web: { command: x, replicas: 2 }, wep: { command: x } }\n")
  assert.match((await run(shell, "plan", "--target", "container.web")).err, "did you mean container.web[0]?")
})

test("apply --json and destroy --json: mistakes of the file and of a plan file are lines too", async ({ shell }) => {
  writeStack(shell, "name: lab\nbridgess: {}\n")
  for (const argv of [
    ["apply", "-y", "--json"],
    ["apply", "-y", "--json", "no-such-plan"],
    ["destroy", "-y", "--json", "-f", "no-such-file"],
  ]) {
    const { code, out } = await run(shell, ...argv)
    assert.is(code, 1)
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.ok(lines.length > 0 && lines.every((line) => line.type === "diagnostic" && line.diagnostic.severity === "error"), out)
  }
})

test("apply --json: every line an object, and the result of it", async ({ shell }) => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; "@level": string })
  const { out, err } = await run(shell, "apply", "-y", "--json")
  assert.is(err, "")
  assert.is(lines(out).filter(({ type }) => type === "apply_complete").length, 5)
  assert.is(lines(out).at(-1)?.type, "outputs")
})

test("a step that fails: its reason in full, what is done and left, and the next apply goes on", async ({ shell, machine }) => {
  const broken = machine.restart((_, op) =>
    op === "bridge-add" ? new KernelError("ip link add lab-lan type bridge", "ENOSPC") : undefined,
  )
  shell.kernel = broken
  const { code, err } = await run(shell, "apply", "-y")
  assert.is(code, 1)
  assert.match(err, /stack\.yaml:4:3: error: ip link add lab-lan type bridge: ENOSPC\n/)
  assert.match(err, "Apply failed: 1 of ")
  assert.match(err, /Done: .*container\.db/)
  shell.kernel = broken.restart()
  assert.is((await run(shell, "apply", "-y")).code, 0)
})

test("show, and exec in what is live", async ({ shell }) => {
  await run(shell, "apply", "-y")
  const shown = await run(shell, "show", "--json")
  const { resources } = JSON.parse(shown.out) as { resources: { address: string; state: string; attributes: { [key: string]: unknown } }[] }
  assert.equal(
    resources.map((r) => r.address),
    ["bridge.lan", "hosts.stack", "container.web", "interface.web.eth0", "container.db"],
  )
  const web = resources[2]
  assert.equal([web?.state, web?.attributes.addresses, web?.attributes.exit_code], ["running", ["10.0.0.2/24"], null])
  assert.match((await run(shell, "show")).out, /^container\.web +running +pid \d+/m)
  await run(shell, "exec", "-e", "A=b=c", "web", "--", "ls", "-l")
  assert.equal(shell.became?.argv, ["ls", "-l"])
  assert.equal([shell.became?.cwd, shell.became?.tty, shell.became?.uid], ["/tmp", false, 0])
  assert.equal(shell.became?.process.pid, web?.attributes.pid)
  assert.equal(shell.became?.namespaces, ["user", "mount", "pid", "net", "ipc", "uts", "cgroup"])
  assert.equal(
    shell.became?.env.filter((e) => /^(A|COLOUR)=/.test(e)),
    ["COLOUR=blue", "A=b=c"],
  )
  assert.match(shell.became?.cgroupFiles.join() ?? "", /stack\/lab\/web\/cgroup\.procs$/)
})

test("a command that has ended: the plan says how", async ({ shell, machine }) => {
  await run(shell, "apply", "-y")
  machine.endCommand("web", 1)
  const init = [...machine.machine.processes.values()].find((p) => p.cmdline.startsWith("sleep"))
  assert.ok(init !== undefined && machine.signal(init, 9))
  const { out } = await run(shell, "plan")
  assert.match(out, /^ {2}~ container\.web {2}# its command exited \(1\)$/m)
  assert.match(out, /^ {2}~ container\.db {2}# its command was killed \(SIGKILL\)\n {6}state: "?killed \(SIGKILL\)"? -> running/m)
})

test("exec in what is not there, and in what has ended", async ({ shell, machine }) => {
  await run(shell, "apply", "-y")
  assert.match((await run(shell, "exec", "wep", "ls")).err, "did you mean web?")
  machine.endCommand("web", 3)
  const { code, err } = await run(shell, "exec", "container.web", "ls")
  assert.is(code, 1)
  assert.match(err, "container.web is not running: its state is exited (3)")
  assert.match(err, "hint: `stack apply` starts it")
})

test("exec in what has completed: only a replacement runs it again", async ({ shell, machine }) => {
  await run(shell, "apply", "-y")
  machine.endCommand("web", 0)
  assert.match((await run(shell, "exec", "web", "ls")).err, "`stack apply --replace container.web` runs it again")
})

test("exec as a user whom the container's idmap does not hold", async ({ shell }) => {
  await run(shell, "apply", "-y")
  for (const [user, words] of [
    ["70000", "user id 70000 is in no range of container.web's idmap"],
    ["1:70001", "group id 70001 is in no range of container.web's idmap"],
  ] as const) {
    const { code, err } = await run(shell, "exec", "-u", user, "web", "ls")
    assert.is(code, 1)
    assert.match(err, words)
    assert.match(err, "it has 0 to 65535")
  }
  await run(shell, "exec", "-u", "65535:7", "web", "ls")
  assert.equal([shell.became?.uid, shell.became?.gid], [65535, 7])
})

test("a name that is empty shows as one", async ({ shell }) => {
  await run(shell, "apply", "-y")
  assert.match((await run(shell, "exec", "", "true")).err, 'no live container ""')
})

/** The machine as someone sees it who has no capability: other users' folders are closed. */
function unprivileged(kernel: Kernel): Kernel {
  const closed = (path: string) => {
    if (/^\/run\/stack\/./.test(path) && kernel.stat(path) !== null) throw new KernelError(`ls ${path}`, "EACCES")
  }
  const read: Kernel["read"] = (path) => {
    const text = kernel.read(path)
    return path === "/proc/self/status" ? (text?.replace(/^CapEff:.*$/m, "CapEff:\t0000000000000000") ?? null) : text
  }
  const list: Kernel["list"] = (path) => {
    closed(path)
    return kernel.list(path)
  }
  return { ...kernel, read, list }
}

test("without privilege: another stack's folder hinders no plan, the ids it holds are said to be unknown", async ({ shell, machine }) => {
  writeStack(shell, LAB.replace("name: lab", "name: other"))
  assert.is((await run(shell, "apply", "-y")).code, 0)
  shell.kernel = unprivileged(machine)
  writeStack(shell, LAB)
  const { code, out, err } = await run(shell, "plan")
  assert.is(code, 0, err)
  assert.match(out, "Plan: 5 to add")
  assert.match(err, /warning: the ids that stack other holds cannot be read/)
  writeStack(shell, "name: lab\nbridges: { lan: {} }\n")
  assert.not.match((await run(shell, "plan")).err, /ids/)
})

test("without privilege: what reading needs is named, and no more", async ({ shell, machine }) => {
  assert.is((await run(shell, "apply", "-y")).code, 0)
  shell.kernel = unprivileged(machine)
  for (const command of ["plan", "show"]) {
    assert.match((await run(shell, command)).err, /CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, CAP_SYS_ADMIN\n/)
    assert.not.match((await run(shell, command)).err, /CAP_(CHOWN|KILL|SETUID|NET_ADMIN)/)
  }
})

test("without privilege: exec says what it needs for what", async ({ shell, machine }) => {
  assert.is((await run(shell, "apply", "-y")).code, 0)
  shell.kernel = unprivileged(machine)
  const { code, err } = await run(shell, "exec", "web", "ls")
  assert.is(code, 1)
  assert.match(err, /this needs CAP_DAC_OVERRIDE, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE, CAP_SYS_ADMIN\n/)
  assert.match(err, "exec enters the container's namespaces and cgroup")
})

test("the graph of the steps", async ({ shell }) => {
  const { out } = await run(shell, "graph", "--plan", "--format", "dot")
  assert.match(out, '"bridge.lan:create" -> "interface.web.eth0:create"')
  assert.is(readdirSync(shell.folder).join(), "stack.yaml")
})

test.run()
