import type { LaunchRecord, NamespaceKind } from "../../../src/kernel/kernel.ts"
import { addAddress, addLoopback } from "./addresses.ts"
import { mountHierarchy } from "./cgroups.ts"
import type { Layout, Machine, Namespaces } from "./machine.ts"
import { makeNamespace } from "./machine.ts"
import { addLink, newNetwork } from "./network.ts"
import { addProcess, endProcess } from "./processes.ts"
import { defaultSysctls } from "./sysctls.ts"
import { ensureFolder, folder, putFile, textFile } from "./tree.ts"

export interface MachineOptions {
  /** Default: `v2`. */
  layout?: Layout
  /** Further files, with the folders above them. */
  files?: { readonly [path: string]: string }
  /** Default: it has sch_netem. */
  netem?: boolean
  /** Errno of a container's exec, or undefined where it succeeds (as it does by default). */
  execError?(record: LaunchRecord): string | undefined
  /** Whether a command handles SIGTERM; by default none does. */
  handlesTerm?(record: LaunchRecord): boolean
}

const CGROUP = "/sys/fs/cgroup"
const V2_CONTROLLERS = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"]
const V1_MOUNTS = ["cpu", "cpuset", "memory", "devices", "freezer", "blkio", "pids"]
const KINDS: readonly NamespaceKind[] = ["user", "mount", "pid", "net", "uts", "ipc", "cgroup"]

/** A freshly booted machine: loopback and eth0 up, cgroups mounted, an init process. */
export function startMachine(options: MachineOptions): Machine {
  const machine: Machine = {
    root: folder(),
    hierarchies: [],
    netem: options.netem ?? true,
    namespaces: new Map(),
    processes: new Map(),
    locks: new Map(),
    next: { inode: 4_026_531_840, pid: 1, tick: 100, mac: 1 },
    running: 1,
    end: (pid, signal) => endProcess(machine, pid, signal),
    execError: (record) => options.execError?.(record),
    handlesTerm: (record) => options.handlesTerm?.(record) ?? false,
  }
  fillTree(machine, options.files ?? {})
  mountCgroups(machine, options.layout ?? "v2")
  addProcess(machine, { parent: 0, cmdline: "/sbin/init\0", namespaces: hostNamespaces(machine) })
  machine.next.pid = 400
  return machine
}

function fillTree(machine: Machine, files: { readonly [path: string]: string }): void {
  const { root } = machine
  for (const path of ["/etc", "/usr/bin", "/usr/lib", "/opt", "/run", "/var/lib", "/dev", "/proc", "/sys", "/tmp"]) ensureFolder(root, path)
  ensureFolder(root, "/tmp").mode = 0o1777
  for (const name of ["bin", "sbin", "lib", "lib64"]) putFile(root, `/${name}`, { ...textFile(""), type: "link", to: `usr/${name}` })
  putFile(root, "/dev/vda", { ...textFile("", 0o660), type: "device", to: "254:0" })
  putFile(root, "/etc/passwd", textFile("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"))
  putFile(root, "/etc/group", textFile("root:x:0:\nnogroup:x:65534:\n"))
  putFile(root, "/proc/swaps", textFile("Filename\tType\tSize\tUsed\tPriority\n"))
  for (const name of ["sysrq-trigger", "kcore", "keys", "timer_list"]) putFile(root, `/proc/${name}`, textFile(""))
  for (const name of ["irq", "bus", "fs"]) ensureFolder(root, `/proc/${name}`)
  ensureFolder(root, "/proc/sys/kernel/random")
  putFile(root, "/proc/sys/kernel/random/boot_id", textFile("6f1f0d5e-0000-4000-8000-000000000001\n"))
  for (const [path, text] of Object.entries(files)) {
    ensureFolder(root, path.slice(0, path.lastIndexOf("/")))
    putFile(root, path, textFile(text))
  }
}

function mountCgroups(machine: Machine, layout: Layout): void {
  if (layout === "v2") {
    mountHierarchy(machine, 2, V2_CONTROLLERS, CGROUP)
    return
  }
  for (const controller of V1_MOUNTS) mountHierarchy(machine, 1, [controller], `${CGROUP}/${controller}`)
  if (layout === "hybrid") mountHierarchy(machine, 2, ["hugetlb"], `${CGROUP}/unified`)
}

function hostNamespaces(machine: Machine): Namespaces {
  const entries = KINDS.map((kind) => [kind, makeNamespace(machine, kind, defaultSysctls(kind))] as const)
  const namespaces = Object.fromEntries(entries) as Namespaces
  const network = newNetwork()
  namespaces.net.network = network
  const lo = network.links.get(1)
  if (lo !== undefined) {
    lo.up = true
    addLoopback(lo)
  }
  const eth0 = addLink(network, { name: "eth0", kind: "", mac: "02:fc:00:00:00:01", macGiven: true, mtu: 1500, up: true })
  addAddress(eth0, "192.0.2.2/24", (errno) => {
    throw new Error(errno)
  })
  return namespaces
}
