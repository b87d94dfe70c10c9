import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { readLayout } from "../../../src/kernel/cgroup/layout.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"

interface Host {
  mounts: readonly string[]
  own: readonly string[]
  uid?: number
  /** Who a folder belongs to; root where it is not said. */
  owners?: { readonly [folder: string]: number }
  files?: { readonly [path: string]: string }
}

/** As much of a kernel as the layout is read from. */
function kernelOf({ mounts, own, uid = 0, owners = {}, files = {} }: Host): Kernel {
  const texts: { readonly [path: string]: string } = {
    "/proc/self/mountinfo": mounts.map((line, i) => `${i} 1 0:${i} ${line}\n`).join(""),
    "/proc/self/cgroup": own.map((line) => `${line}\n`).join(""),
    "/proc/self/status": `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`,
    ...files,
  }
  const read = (path: string) => texts[path] ?? null
  const stat = (path: string) => (/memsw|^\/proc/.test(path) && !(path in texts) ? null : { uid: owners[path] ?? 0 })
  return { read, readMany: (paths: readonly string[]) => paths.map(read), stat } as unknown as Kernel
}

const TOP = "/sys/fs/cgroup"
const UNIFIED = `/ ${TOP} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate`
const LISTED = "cpuset cpu io memory pids\n"

test("pure cgroup2: below the top, wherever root itself is", () => {
  const files = { [`${TOP}/cgroup.controllers`]: LISTED, "/proc/swaps": "" }
  for (const own of ["0::/", "0::/system.slice/cron.service", "0::/user.slice/user-0.slice/session-1.scope"]) {
    const layout = readLayout(kernelOf({ mounts: [UNIFIED], own: [own], files }))
    assert.is(layout.holding.top, TOP)
    assert.equal(layout.hierarchies.length, 1)
    const v2 = ["cpuset", "cpu", "io", "memory", "pids"].map((name) => [name, "v2"])
    assert.equal(layout.controllers, { ...Object.fromEntries(v2), cgroup: "v2", swap: "v2" })
  }
})

test("another user: below the uppermost folder that was delegated, with what is available there", () => {
  const service = `${TOP}/user.slice/user-1000.slice/user@1000.service`
  const own = ["0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope"]
  const owners = { [service]: 1000, [`${service}/app.slice`]: 1000, [`${service}/app.slice/run-1.scope`]: 1000 }
  const files = { [`${TOP}/cgroup.controllers`]: LISTED, [`${service}/cgroup.controllers`]: "memory pids\n" }
  const layout = readLayout(kernelOf({ mounts: [UNIFIED], own, uid: 1000, owners, files }))
  assert.is(layout.holding.top, service)
  assert.equal(layout.controllers, { memory: "v2", pids: "v2", cgroup: "v2" })
})

test("hybrid: cgroup2 holds, v1 limits; hierarchies that limit nothing are left out", () => {
  const mounts = [
    `/ ${TOP}/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct`,
    `/ ${TOP}/memory rw shared:9 master:2 - cgroup cgroup rw,memory`,
    `/ ${TOP}/blkio rw - cgroup cgroup rw,blkio`,
    `/ ${TOP}/devices rw - cgroup cgroup rw,devices`,
    `/ ${TOP}/systemd rw - cgroup cgroup rw,xattr,name=systemd`,
    `/ ${TOP}/unified rw - cgroup2 cgroup2 rw`,
  ]
  const own = ["4:cpu,cpuacct:/", "3:memory:/some/where", "2:blkio:/", "1:name=systemd:/", "0::/"]
  const files = { [`${TOP}/unified/cgroup.controllers`]: "\n", [`${TOP}/memory/memory.memsw.limit_in_bytes`]: "0" }
  const layout = readLayout(kernelOf({ mounts, own, files }))
  assert.is(layout.holding.top, `${TOP}/unified`)
  assert.equal(
    layout.hierarchies.map((h) => h.top),
    [`${TOP}/cpu,cpuacct`, `${TOP}/memory`, `${TOP}/blkio`, `${TOP}/unified`],
  )
  assert.equal(layout.controllers, { cpu: "v1", memory: "v1", io: "v1", cgroup: "v2", swap: "v1" })
})

test("v1 alone: pids holds, else freezer, else memory", () => {
  const [pids, freezer, memory] = ["pids", "freezer", "memory"].map((name) => `/ ${TOP}/${name} rw - cgroup cgroup rw,${name}`) as [
    string,
    string,
    string,
  ]
  const holding = (mounts: string[]) => readLayout(kernelOf({ mounts, own: ["1:pids:/", "2:memory:/", "3:freezer:/"] })).holding.top
  assert.equal(
    [[memory, freezer, pids], [memory, freezer], [memory]].map(holding),
    ["pids", "freezer", "memory"].map((name) => `${TOP}/${name}`),
  )
})

test("a mount that shows only a part is taken as it is; the one that shows more is preferred; a space in its path is read", () => {
  const part = `/docker/abc /sys/fs/my\\040groups/pids rw - cgroup cgroup rw,pids`
  const own = ["1:pids:/docker/abc/inner"]
  assert.is(readLayout(kernelOf({ mounts: [part], own })).holding.top, "/sys/fs/my groups/pids")
  const whole = `/ ${TOP}/pids rw - cgroup cgroup rw,pids`
  assert.is(readLayout(kernelOf({ mounts: [part, whole], own })).holding.top, `${TOP}/pids`)
})

test("a hidden cgroup2 mount is none, and without any hierarchy there is a diagnostic", () => {
  const hidden = () => readLayout(kernelOf({ mounts: [UNIFIED], own: ["0::/"] }))
  assert.throws(hidden, (failure: unknown) => failure instanceof DiagnosticError && failure.diagnostics[0]?.code === "no-cgroups")
})

test.run()
