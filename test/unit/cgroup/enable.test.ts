/** Controllers are given on where that changes nothing of what is others'. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Tree } from "../../../src/kernel/cgroup/folders.ts"
import { enableControllers } from "../../../src/kernel/cgroup/folders.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"

const TOP = "/sys/fs/cgroup"

/** What is written for a limit of processes where cgroup2 is like this. */
function written(files: { [name: string]: string }): string[] {
  const writes: string[] = []
  const kernel = {
    read: (path: string) => files[path] ?? null,
    write: (path: string, text: string) => void writes.push(`${path} ${text}`),
  } as unknown as Kernel
  const v2 = { version: 2, controllers: ["cpu", "memory", "pids"], top: TOP } as const
  const tree = {
    kernel,
    layout: { controllers: {}, hierarchies: [v2], holding: v2 },
    stack: "lab",
    base: "stack/lab",
    enabled: new Map(),
  } as unknown as Tree
  enableControllers(tree, "web", { pids: 20 })
  return writes
}

const ALL = ["", "/stack", "/stack/lab"].map((folder) => `${TOP}${folder}/cgroup.subtree_control +pids`)

test("the top of the machine has members, and gives controllers on all the same", () => {
  assert.equal(written({ [`${TOP}/cgroup.procs`]: "1\n" }), ALL)
})

test("a group without members", () => {
  assert.equal(written({ [`${TOP}/cgroup.type`]: "domain\n", [`${TOP}/cgroup.procs`]: "" }), ALL)
})

test("a container's top with members would become a threaded group by pids or cpu, without a word of the kernel: it is left as it is", () => {
  assert.throws(
    () => written({ [`${TOP}/cgroup.type`]: "domain\n", [`${TOP}/cgroup.procs`]: "1\n7\n" }),
    /write cgroup\.subtree_control in \/sys\/fs\/cgroup: EBUSY: \/sys\/fs\/cgroup has processes of its own/,
  )
})

test.run()
