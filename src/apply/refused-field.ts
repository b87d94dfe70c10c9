import { parseCpuList } from "../base/cpu.ts"
import { formatSize } from "../base/size.ts"
import { sysctlName, sysctlPath } from "../base/sysctl-name.ts"
import type { Kernel, KernelError } from "../kernel/kernel.ts"
import type { Limits } from "../kinds/cgroup/spec.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { isOfContainer } from "../kinds/interface/spec-link-kinds.ts"
import type { Run } from "../model/driver.ts"
import type { Step } from "../model/step.ts"
import { memoryKill } from "./memory-kill.ts"
import { mountOf } from "./refused-mount.ts"
import { powerOf } from "./refused-power.ts"

/** The field whose wish the kernel did not grant, as a path such as `limits.memory`, and what to do where that can be told. */
export interface Refused {
  field?: string
  hint?: string
}

/** What a refusal is about, told from what was asked (the words of `KernelError.op`); undefined where that cannot be told. */
export function refusedField(step: Step, refusal: KernelError, run: Run): Refused | undefined {
  const { kernel } = run
  switch (step.change.kind) {
    case "container":
      return (
        limitOf(step, refusal, kernel) ??
        sysctlOf(refusal, kernel) ??
        powerOf(step, refusal) ??
        killedOf(step, refusal, run) ??
        mountOf(step, refusal, run) ??
        launchOf(step, refusal) ??
        routeOf(refusal, "routes")
      )
    case "cgroup":
      return limitOf(step, refusal, kernel)
    case "bridge":
      return bridgeOf(step, refusal) ?? linkOf(refusal, step)
    default:
      return routeOf(refusal, "gateway") ?? linkOf(refusal, step)
  }
}

// ------------------------------------------------------------------- limits

/** Files of both versions of cgroups by the limit that they hold. */
const LIMIT_FILES: readonly (readonly [RegExp, string])[] = [
  [/^memory\.(max|limit_in_bytes)$/, "memory"],
  [/^memory\.high$/, "memory_high"],
  [/^memory\.low$/, "memory_low"],
  [/^memory\.(swap\.max|memsw\.limit_in_bytes)$/, "memory_swap"],
  [/^cpu\.(max|cfs_quota_us|cfs_period_us)$/, "cpus"],
  [/^cpu\.(weight|shares)$/, "cpu_weight"],
  [/^cpuset\.cpus$/, "cpuset"],
  [/^pids\.max$/, "pids"],
  [/^(io\.max|blkio\.throttle\..*)$/, "io"],
]

function limitOf({ change }: Step, { op, errno }: KernelError, kernel: Kernel): Refused | undefined {
  if (op.startsWith("limit I/O of ")) return { field: "limits.io", hint: DEVICE_HINT }
  const file = /^write ([^/\s]+) in /.exec(op)?.[1]
  if (file === undefined) return undefined
  const key = LIMIT_FILES.find(([pattern]) => pattern.test(file))?.[1]
  if (key === undefined) {
    const { unified = {} } = (change.after?.limits ?? {}) as Limits
    return { field: file in unified ? `limits.unified.${file}` : "limits" }
  }
  const hint =
    key === "cpuset" ? cpusetHint(errno, kernel) : key === "io" && errno === "ENODEV" ? DEVICE_HINT : inUseHint(op, errno, kernel)
  return { field: `limits.${key}`, ...(hint === undefined ? {} : { hint }) }
}

const DEVICE_HINT = "name a whole disk, not a partition, that this machine has: /dev/NAME or MAJOR:MINOR as `lsblk --nodeps` lists them"

/** cgroup v1 takes no limit of memory that more is in use of than it can take back. */
function inUseHint(op: string, errno: string, kernel: Kernel): string | undefined {
  const [, sum, folder] = /^write memory\.(memsw\.)?limit_in_bytes in (\S+)$/.exec(op) ?? []
  if (folder === undefined || errno !== "EBUSY") return undefined
  const used = Number(kernel.read(`${folder}/memory.${sum ?? ""}usage_in_bytes`))
  const what = sum === undefined ? "memory" : "memory and swap"
  return `more ${what} is in use than the new limit${used > 0 ? `: ${formatSize(used)} now` : ""}; raise the limit, or have the container use less`
}

function cpusetHint(errno: string, kernel: Kernel): string | undefined {
  const online = kernel.read("/sys/devices/system/cpu/online")?.trim() ?? ""
  if (!["ERANGE", "EINVAL", "EACCES", "ENOSPC"].includes(errno) || parseCpuList(online) === undefined || online === "") return undefined
  return `this machine has the processors ${online}; a group can have no other than the one above it has`
}

// ------------------------------------------------------------------ sysctls

function sysctlOf({ op, errno }: KernelError, kernel: Kernel): Refused | undefined {
  const written = /^sysctl ([^=]+)=/.exec(op)?.[1] ?? /^write \/proc\/sys\/(\S+)/.exec(op)?.[1]
  if (written === undefined) return undefined
  const name = sysctlName(written)
  if (name === "kernel.hostname") return { field: "hostname" }
  const hint = sysctlHint(name, errno, kernel)
  return { field: `sysctls.${name}`, ...(hint === undefined ? {} : { hint }) }
}

function sysctlHint(name: string, errno: string, kernel: Kernel): string | undefined {
  if (errno === "ENOENT") return absentHint(name)
  if (errno !== "EINVAL" && errno !== "ERANGE") return undefined
  const example = kernel.read(sysctlPath(name))?.trim().replace(/\s+/g, " ")
  const means = "the kernel does not take this value"
  return example === undefined ? means : `${means}: the host, for comparison, has ${JSON.stringify(example)}`
}

/** Of a link with dots in its name they are to be slashes. sysctl(8) */
function absentHint(name: string): string {
  const [, head, link, tail] = /^(net\.ipv[46]\.(?:conf|neigh)\.)(.+\..+)(\.\w+)$/.exec(name) ?? []
  return link === undefined
    ? `this kernel has no ${name} that a container could have of its own`
    : `if the link is called ${link}, it is ${head}${link.replaceAll(".", "/")}${tail}`
}

// ---------------------------------------------------------------- launching

/** A command that the kernel has killed for want of memory before it ran, by the count that its group keeps of that. */
function killedOf({ change }: Step, { text }: KernelError, run: Run): Refused | undefined {
  const kill = text.includes(" was killed by signal 9 ") ? memoryKill(change, run) : undefined
  if (kill === undefined) return undefined
  const { field, limit } = kill
  return {
    field,
    hint: `the kernel has killed it for want of memory: even to start takes more memory than ${limit} allows; raise the limit`,
  }
}

/** What the first word of an operation is about. */
const LAUNCH_FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^run /, "argv"],
  [/^cd /, "working_dir"],
  [/^hostname /, "hostname"],
  [/^become uid /, "user"],
  [/^write uid_map /, "uid_map"],
  [/^write gid_map /, "gid_map"],
  [/^join the (\w+) namespace /, "namespaces"],
]

function launchOf({ change }: Step, { op, errno }: KernelError): Refused | undefined {
  const want = change.after as unknown as ContainerAttributes | null
  if (want === null) return undefined
  const field = LAUNCH_FIELDS.find(([pattern]) => pattern.test(op))?.[1]
  const hint = launchHint(field, want, op, errno)
  if (field === undefined && hint === undefined) return undefined
  return { ...(field === undefined ? {} : { field }), ...(hint === undefined ? {} : { hint }) }
}

function launchHint(field: string | undefined, want: ContainerAttributes, op: string, errno: string): string | undefined {
  if (field === "argv") return programHint(want, errno)
  if (field === "working_dir") return folderHint(want, errno)
  return field === undefined ? (freshMountHint(want, op, errno) ?? layerHint(op, errno)) : undefined
}

function folderHint({ working_dir, image }: ContainerAttributes, errno: string): string | undefined {
  if (errno === "EXDEV" || errno === "ELOOP")
    return `${working_dir} leads out of the container's root: name a folder of the image (${image})`
  if (errno === "ENOTDIR") return `${working_dir} is no folder in the image (${image}), or lies below what is none: name a folder`
  return errno === "EACCES"
    ? `the container's user may not enter ${working_dir}, or make it: name another folder, or another user`
    : undefined
}

/** execve(2) looks for a program without a slash in PATH, and names as missing also a script's interpreter. */
function programHint({ image, argv, environment }: ContainerAttributes, errno: string): string | undefined {
  const program = argv[0] ?? ""
  if (errno === "ENOEXEC") return `${program} is no program that this machine runs: made for another processor, or a script without #!`
  if (errno === "EACCES") return `${program} may not be executed: see its mode in the image, and that it is a file`
  if (errno !== "ENOENT") return undefined
  const where = `image ${image === "host" ? "host: of the host's folders it shows only the system's" : image}`
  if (program.includes("/")) return `${program}, or the interpreter that it names, is not in the image (${where})`
  const path = "PATH" in environment ? `PATH, which is ${environment.PATH}` : "PATH"
  return `${program} is in no folder of ${path} (${where}); the command is run as it stands, not by a shell`
}

/** mount_namespaces(7): a fresh one must not show what the caller cannot see, so it is refused where mounts cover parts of the caller's. */
function freshMountHint({ namespaces }: ContainerAttributes, op: string, errno: string): string | undefined {
  const what = /^mount (proc|sysfs) on /.exec(op)?.[1]
  if (what === undefined || errno !== "EPERM" || namespaces.user === "host") return undefined
  const folder = what === "proc" ? "/proc" : "/sys"
  return [
    `in a user namespace of its own the kernel refuses a fresh ${what} where the caller's ${folder} is partly covered by mounts,`,
    `as it is inside another container: run stack where ${folder} is whole (\`findmnt -R ${folder}\` shows what covers it),`,
    "or without a user namespace (namespaces: { user: host })",
  ].join("\n")
}

/** The kernel's reason stands in its log alone. A container's own root is mostly an overlay, and no overlay keeps its changes in another one. */
function layerHint(op: string, errno: string): string | undefined {
  if (!op.startsWith("mount overlay on ") || errno !== "EINVAL") return undefined
  return [
    "the file system of /var/lib/stack cannot keep a container's changes, as where it is an overlay itself (inside another container;",
    "`findmnt -T /var/lib/stack` shows it): mount another there, such as a disk's or a volume; `dmesg` has the kernel's reason",
  ].join("\n")
}

// -------------------------------------------------------------------- links

const NO_VLANS = "this kernel's bridges have no VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING): take `vlan_filtering` out"

function bridgeOf({ change }: Step, { op, errno }: KernelError): Refused | undefined {
  const asked = change.after?.vlan_filtering === true && op.includes(" vlan_filtering 1")
  return asked && errno === "EOPNOTSUPP" ? { field: "vlan_filtering", hint: NO_VLANS } : undefined
}

function routeOf({ op }: KernelError, field: string): Refused | undefined {
  return op.startsWith("ip route ") ? { field } : undefined
}

/** The kernel names the mtu in its text; of a new link's mac it says only that it is none. */
function linkOf({ op, errno, text }: KernelError, { change }: Step): Refused | undefined {
  if (op.startsWith("ip address ")) return { field: "address" }
  if (/\bmtu\b/i.test(text)) return { field: "mtu" }
  if (errno === "EADDRNOTAVAIL" && op.startsWith("ip link ")) return { field: "mac" }
  return errno === "EEXIST" ? takenNumber(op, (change.after ?? {}) as unknown as Partial<InterfaceAttributes>) : undefined
}

/** Of those the kernel tells apart by their numbers, also one that lies in another namespace now. */
function takenNumber(op: string, { link }: Partial<InterfaceAttributes>): Refused | undefined {
  const [, kind, id] = /^ip link add .* type (vlan|vxlan) id (\d+)/.exec(op) ?? []
  if (kind === undefined || link === undefined) return undefined
  return { field: "link.id", hint: isOfContainer(link) ? takenInside(kind, id, link.link) : takenOnHost(kind, id) }
}

function takenInside(kind: string, id: string | undefined, lower: string | undefined): string {
  const other = kind === "vlan" ? `${lower} has a VLAN ${id}` : `there is a vxlan with the number ${id} on that UDP port`
  return `${other} that somebody has made in the container: write another \`id\`, or remove that one`
}

function takenOnHost(kind: string, id: string | undefined): string {
  const other = kind === "vlan" ? `the parent has a VLAN ${id} already` : `another vxlan of the host has the number ${id} on that UDP port`
  const otherwise = kind === "vlan" ? "`id`" : "`id` or `port`"
  return `${other}, maybe in a container's namespace, where its alias tells whose it is: write another ${otherwise}, or remove that one`
}
