/** A refusal of the kernel during apply: where in the file its cause is written, in words of the stack, and what to do. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { suite } from "uvu"
import * as assert from "uvu/assert"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { kernelDiagnostic } from "../../../src/model/explain.ts"
import type { FakeKernel, FakeOptions } from "../../support/fake-kernel/fake-kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import type { Shell } from "../cli/process.ts"
import { leave, run, writeStack } from "../cli/process.ts"

const test = suite<{ shell: Shell }>("failure")
test.before.each((bed) => {
  bed.shell = { folder: mkdtempSync(join(tmpdir(), "stack-failure-")), environment: {} }
})
test.after.each(({ shell }) => leave(shell))

async function failing(shell: Shell, text: string, options: FakeOptions & { kernel?: FakeKernel } = {}): Promise<string> {
  shell.kernel = options.kernel ?? fakeKernel({ files: { "/sys/devices/system/cpu/online": "0-1\n" }, ...options })
  writeStack(shell, text)
  const { code, err } = await run(shell, "apply", "-y")
  assert.is(code, 1, err)
  return err
}

const web = (more: string) => `name: lab\ncontainers:\n  web:\n    command: [sleep, infinity]\n    ${more}\n`

test("a program that is not there", async ({ shell }) => {
  const err = await failing(shell, web("environment: { A: b }"), { execError: () => "ENOENT" })
  assert.match(err, /^stack\.yaml:4:14: error: run sleep: ENOENT\n +4 \| +command: \[sleep, infinity\]\n/m)
  assert.match(err, /hint: sleep is in no folder of PATH \(image host:/)
})

test("processors that the machine does not have", async ({ shell }) => {
  const err = await failing(shell, web('limits: { cpuset: "0-7" }'))
  assert.match(err, /^stack\.yaml:5:23: error: this machine has no processors 2-7\n[\s\S]*hint: it has 0-1: write some of these/m)
})

test("a processor that the group above does not have", async ({ shell }) => {
  const err = await failing(shell, web('limits: { cpuset: "1" }'), {
    onOperation: (_, op) =>
      /^write .*cpuset\.cpus/.test(op) ? new KernelError("write cpuset.cpus in /sys/fs/cgroup/lab", "EACCES") : undefined,
  })
  assert.match(err, /^stack\.yaml:5:23: error: write cpuset\.cpus in \S+: EACCES/m)
  assert.match(err, /hint: this machine has the processors 0-1; a group can have no other than the one above it has/)
})

test("a sysctl's value", async ({ shell }) => {
  const err = await failing(shell, web("sysctls: { net.ipv4.ip_local_port_range: abc }"))
  assert.match(err, /^stack\.yaml:5:46: error: sysctl net\.ipv4\.ip_local_port_range=abc: EINVAL$/m)
  assert.match(err, /hint: the kernel does not take this value: the host, for comparison, has "32768 60999"/)
})

test("a disk that is not there", async ({ shell }) => {
  const err = await failing(shell, web('limits: { io: [{ device: "99:0", rbps: 1M }] }'))
  assert.match(err, /^stack\.yaml:5:\d+: error: write .*ENODEV$/m)
  assert.match(err, /hint: name a whole disk/)
})

test("a bridge option that the kernel does not have: its own mtu shows, not the one it is born with", async ({ shell }) => {
  const refused = new KernelError(
    "ip link add lab-lan address 02:00:00:00:00:01 mtu 1399 up type bridge stp_state 0 vlan_filtering 1",
    "EOPNOTSUPP",
  )
  const err = await failing(shell, "name: lab\nbridges:\n  lan: { mtu: 1400, vlan_filtering: true }\n", {
    onOperation: (_, op) => (op === "bridge-add" ? refused : undefined),
  })
  assert.match(err, /^stack\.yaml:3:37: error: ip link add lab-lan address \S+ mtu 1400 up type bridge .*: EOPNOTSUPP$/m)
  assert.match(err, /hint: this kernel's bridges have no VLAN filtering/)
})

test("a fresh proc that the kernel refuses", async ({ shell }) => {
  const err = await failing(shell, web("environment: { A: b }"), {
    onOperation: (_, op) => (op.startsWith("go ") ? new KernelError("mount proc on /proc (setup step 9)", "EPERM") : undefined),
  })
  assert.match(err, /^stack\.yaml:3:3: error: mount proc on \/proc/m)
  assert.match(err, /partly covered by mounts/)
  assert.not.match(err, /run it as root/)
})

test("a writable layer where an overlay cannot have one", async ({ shell }) => {
  const err = await failing(shell, web("environment: { A: b }"), {
    onOperation: (_, op) => (op.startsWith("go ") ? new KernelError("mount overlay on /usr (setup step 3)", "EINVAL") : undefined),
  })
  assert.match(err, /^stack\.yaml:3:3: error: mount overlay on \/usr \(setup step 3\): EINVAL/m)
  assert.match(err, /hint: .*\/var\/lib\/stack/)
})

test("a namespace's file is called by its container", async ({ shell }) => {
  const text = `${web("interfaces: { eth0: { bridge: lan, address: 10.0.0.2/24 } }")}bridges:\n  lan: { address: 10.0.0.1/24 }\n`
  let monitor = 0
  const kernel: FakeKernel = fakeKernel({
    onOperation: (_, op) => {
      for (const process of kernel.machine.processes.values()) if (process.record !== undefined) monitor = process.pid
      return op === "veth-add" ? new KernelError(`ip link add x type veth peer name eth0 netns /proc/${monitor}/fd/10`, "EPERM") : undefined
    },
  })
  const err = await failing(shell, text, { kernel })
  assert.match(err, /^stack\.yaml:5:\d+: error: ip link add x type veth peer name eth0 netns container\.web: EPERM$/m)
  assert.not.match(err, /\/proc\//)
})

test("a link that is found by its index is called by its name", async ({ shell }) => {
  const text = "name: lab\nbridges:\n  lan: { mtu: 1400 }\n"
  const kernel = fakeKernel()
  shell.kernel = kernel
  writeStack(shell, text)
  assert.is((await run(shell, "apply", "-y")).code, 0)
  const index = kernel.dump("host").links.find((link) => link.name === "lab-lan")?.index
  const refused = new KernelError(`ip link set if${index} mtu 99999`, "EINVAL", "mtu greater than device maximum")
  const broken = kernel.restart((_, op) => (op === "link-set" ? refused : undefined))
  const err = await failing(shell, text.replace("1400", "1500"), { kernel: broken })
  assert.match(err, /^stack\.yaml:3:15: error: ip link set lab-lan mtu 99999: EINVAL$/m)
  shell.kernel = kernel.restart((_, op) => (op === "link-delete" ? new KernelError(`ip link del if${index}`, "EPERM") : undefined))
  assert.match((await run(shell, "destroy", "-y")).err, /ip link del lab-lan: EPERM/)
})

test("a namespace that went while a step was on its way is a refusal, not a bug", async ({ shell }) => {
  const gone = () => {
    throw new KernelError("nsenter --net=/proc/1/fd/10", "ENOENT")
  }
  const err = await failing(shell, "name: lab\nbridges:\n  lan: {}\n", { kernel: { ...fakeKernel(), net: gone } })
  assert.match(err, /^stack\.yaml:3:3: error: nsenter --net=\S+: ENOENT$/m)
  assert.not.match(err, /internal error/)
})

test("what cannot be written into a folder of the stack: the folder is named; a quota may be one on keys, too", () => {
  const hint = (op: string, errno: string) => kernelDiagnostic(new KernelError(op, errno)).hint ?? ""
  assert.match(hint("write /run/stack/lab/web/spec.json", "EDQUOT"), "df /run/stack/lab/web`")
  assert.match(hint("mkdir /var/lib/stack/containers/lab/web", "EROFS"), "findmnt -T /var/lib/stack/containers/lab`")
  assert.match(hint("mv /run/stack/lab/a /run/stack/lab/b", "EIO"), "dmesg")
  assert.match(hint("begin a session with a keyring of its own (setsid, keyctl)", "EDQUOT"), "root_maxkeys")
  assert.match(hint("unshare", "ENOSPC"), "/proc/sys/user")
})

test("an address that is refused because IPv6 is off on its link is no matter of files", () => {
  const op = "ip address add fd20::1/64 dev lab-lan nodad"
  const hint = kernelDiagnostic(new KernelError(op, "EACCES", "ipv6: IPv6 is disabled on this device")).hint ?? ""
  assert.match(hint, "`sysctl -w net.ipv6.conf.lab-lan.disable_ipv6=0`")
  assert.match(kernelDiagnostic(new KernelError("open /run/stack/lab/web/log", "EACCES")).hint ?? "", "permissions of the file")
})

test.run()
