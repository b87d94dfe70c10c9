import type { CgroupLayout, Hierarchy } from "../kernel/cgroup/layout.ts"
import type { Kernel } from "../kernel/kernel.ts"
import type { Tried } from "../kernel/tries.ts"
import { legible } from "../observe/legible.ts"
import type { Check } from "./check.ts"
import { check } from "./check.ts"
import { triedCheck } from "./kernel.ts"

/** Controllers that limits need, the file of each version that shows one, and the kernel option. */
const CONTROLLERS: readonly { name: string; v1: string; v2: string; options: string }[] = [
  { name: "memory", v1: "memory.limit_in_bytes", v2: "memory.max", options: "CONFIG_MEMCG" },
  { name: "pids", v1: "pids.max", v2: "pids.max", options: "CONFIG_CGROUP_PIDS" },
  { name: "cpu", v1: "cpu.cfs_quota_us", v2: "cpu.max", options: "CONFIG_CFS_BANDWIDTH" },
  { name: "cpuset", v1: "cpuset.cpus", v2: "cpuset.cpus", options: "CONFIG_CPUSETS" },
  { name: "io", v1: "blkio.throttle.read_bps_device", v2: "io.max", options: "CONFIG_BLK_DEV_THROTTLING" },
  { name: "hugetlb", v1: "hugetlb.2MB.limit_in_bytes", v2: "hugetlb.2MB.max", options: "CONFIG_CGROUP_HUGETLB" },
]

/** The hierarchies of this host, or why there are none. */
export type Groups = CgroupLayout | undefined

/** Where the next group of a stack would be made. */
function parentOf(kernel: Kernel, { top }: Hierarchy): string {
  return kernel.stat(`${top}/stack`) === null ? top : `${top}/stack`
}

function requestOf(kernel: Kernel, hierarchy: Hierarchy): string {
  const files = CONTROLLERS.map((controller) => (hierarchy.version === 1 ? controller.v1 : controller.v2))
  return `group:${[parentOf(kernel, hierarchy), ...new Set(files)].join(",")}`
}

/** The device program is attached to a group of cgroup2 where there is one; else it is loaded, and no more. */
function devicesRequest(kernel: Kernel, layout: Groups): string {
  const unified = layout?.hierarchies.find(({ version }) => version === 2)
  return unified === undefined ? "devices" : `devices:${parentOf(kernel, unified)}`
}

export function groupRequests(kernel: Kernel, layout: Groups): string[] {
  return [...(layout?.hierarchies ?? []).map((hierarchy) => requestOf(kernel, hierarchy)), devicesRequest(kernel, layout)]
}

/** How groups are laid out, each controller, and whether groups can be made. */
export function groupChecks(kernel: Kernel, layout: Groups, tried: ReadonlyMap<string, Tried>): Check[] {
  if (layout === undefined)
    return [
      check("cgroups", "cgroups", "cgroups", "no", { detail: "no hierarchy is mounted", fix: "mount -t cgroup2 none /sys/fs/cgroup" }),
    ]
  const versions = new Set(layout.hierarchies.map(({ version }) => version))
  const mode = versions.size === 2 ? "hybrid: v1 and v2" : versions.has(2) ? "v2" : "v1"
  return [
    check("cgroups", "cgroups", "version", "info", { detail: mode }),
    holdingCheck(kernel, layout, tried),
    ...CONTROLLERS.map((controller) => controllerCheck(kernel, layout, tried, controller)),
    triedCheck("isolation", "devices", "device programs (BPF)", tried.get(devicesRequest(kernel, layout)), ({ errno }) =>
      errno === "EPERM" || errno === "EACCES"
        ? "run it as root (CAP_BPF, CAP_NET_ADMIN)"
        : "a kernel with CONFIG_CGROUP_BPF and CONFIG_BPF_SYSCALL",
    ),
  ]
}

/** The hierarchy that every group is in: it must be possible to make one there. */
function holdingCheck(kernel: Kernel, { holding }: CgroupLayout, tried: ReadonlyMap<string, Tried>): Check {
  const found = triedCheck("cgroups", "cgroups:make", "groups can be made", tried.get(requestOf(kernel, holding)), refusedFix)
  return { ...found, detail: found.state === "no" ? `${holding.top}: ${found.detail}` : holding.top }
}

function refusedFix({ errno }: Tried): string {
  if (errno === "EROFS") return "mount the cgroup file system to be written to: mount -o remount,rw"
  return "run it as root, or have a group delegated: systemd-run --user --scope -p Delegate=yes stack …"
}

function controllerCheck(
  kernel: Kernel,
  layout: CgroupLayout,
  tried: ReadonlyMap<string, Tried>,
  controller: (typeof CONTROLLERS)[number],
): Check {
  const { name, options } = controller
  const id = `cgroup:${name}`
  const hierarchy = layout.hierarchies.find(({ controllers }) => controllers.includes(name))
  if (hierarchy === undefined) {
    const fix = `a kernel with ${options}; booted without cgroup_disable=${name}, and on cgroup v2 with ${name} in cgroup.subtree_control of every group above`
    return check("cgroups", id, name, "no", { detail: "no hierarchy has it", fix })
  }
  const outcome = tried.get(requestOf(kernel, hierarchy))
  const where = `v${hierarchy.version} at ${hierarchy.top}`
  if (outcome === undefined || outcome.errno !== "")
    return check("cgroups", id, name, "no", {
      errno: outcome?.errno ?? "",
      detail: `${where}: a group cannot be made: ${outcome?.errno ?? "it could not be tried"}`,
      fix: refusedFix(outcome ?? { errno: "", text: "", inUserNamespace: false }),
    })
  if (outcome.text.split(" ").includes(hierarchy.version === 1 ? controller.v1 : controller.v2))
    return check("cgroups", id, name, "yes", { detail: where })
  return notLent(kernel, hierarchy, check("cgroups", id, name, "yes", { detail: where }), options)
}

/** The group has no such file: on v2 those above it must lend the controller first, which apply does where it can. */
function notLent(kernel: Kernel, { version, top, controllers }: Hierarchy, found: Check, options: string): Check {
  const lent = (legible(kernel, `${parentOf(kernel, { version, top, controllers })}/cgroup.subtree_control`) ?? "")
    .split(/\s+/)
    .includes(found.what)
  if (version === 1 || lent)
    return { ...found, state: "no", detail: `${found.detail}: it has no such limit`, fix: `a kernel with ${options}` }
  // Only the root of the hierarchy, which has no type, may have processes of its own and lend controllers. cgroups(7)
  const crowded = legible(kernel, `${top}/cgroup.type`) !== null && (legible(kernel, `${top}/cgroup.procs`) ?? "").trim() !== ""
  if (!crowded) return { ...found, detail: `${found.detail}, not lent to groups yet: apply does` }
  return {
    ...found,
    state: "no",
    detail: `${found.detail}: ${top} has processes itself`,
    fix: "move them into a group below it (cgroup.procs)",
  }
}
