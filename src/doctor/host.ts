import type { Kernel } from "../kernel/kernel.ts"
import { legible } from "../observe/legible.ts"
import type { Check } from "./check.ts"
import { check } from "./check.ts"

/** Sysctls whose value stands in the way, or counts. `bad`: what it must not be. */
const SYSCTLS: readonly { name: string; bad?: string; meaning?: string; fix?: string }[] = [
  {
    name: "net.ipv4.ip_forward",
    bad: "0",
    meaning: "what containers send elsewhere is not passed on",
    fix: "sysctl -w net.ipv4.ip_forward=1",
  },
  { name: "net.ipv6.conf.all.forwarding", bad: "0", meaning: "the same of IPv6", fix: "sysctl -w net.ipv6.conf.all.forwarding=1" },
  { name: "user.max_user_namespaces", bad: "0", meaning: "nobody may make any", fix: "sysctl -w user.max_user_namespaces=15000" },
  { name: "user.max_net_namespaces", bad: "0", meaning: "nobody may make any", fix: "sysctl -w user.max_net_namespaces=15000" },
  {
    name: "kernel.unprivileged_userns_clone",
    bad: "0",
    meaning: "only root may make user namespaces",
    fix: "sysctl -w kernel.unprivileged_userns_clone=1",
  },
  {
    name: "kernel.apparmor_restrict_unprivileged_userns",
    bad: "1",
    meaning: "only root may make user namespaces of use",
    fix: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  },
  { name: "kernel.pid_max" },
  { name: "kernel.threads-max" },
  { name: "kernel.keys.maxkeys" },
  { name: "fs.inotify.max_user_instances" },
]

/** Rows of /proc/self/limits: each container costs a monitor and some descriptors. proc_pid_limits(5) */
const LIMITS = ["Max processes", "Max open files", "Max locked memory"] as const

export function hostChecks(kernel: Kernel): Check[] {
  const release = legible(kernel, "/proc/sys/kernel/osrelease")?.trim() ?? "?"
  // What sd_booted(3) looks at.
  const systemd = kernel.stat("/run/systemd/system") !== null
  return [
    check("host", "kernel", "kernel", "info", { detail: release }),
    check("host", "systemd", "systemd", "info", { detail: systemd ? "it is the init" : "it is not the init" }),
    ...SYSCTLS.flatMap((sysctl) => sysctlCheck(kernel, sysctl)),
    ...limitChecks(legible(kernel, "/proc/self/limits") ?? ""),
  ]
}

/** Nothing of one that this kernel does not have. */
function sysctlCheck(kernel: Kernel, { name, bad, meaning = "", fix = "" }: (typeof SYSCTLS)[number]): Check[] {
  const value = legible(kernel, `/proc/sys/${name.replaceAll(".", "/")}`)?.trim()
  if (value === undefined) return []
  if (bad === undefined) return [check("host", `sysctl:${name}`, name, "info", { detail: value })]
  if (value !== bad) return [check("host", `sysctl:${name}`, name, "yes", { detail: value })]
  return [check("host", `sysctl:${name}`, name, "no", { detail: `${value}: ${meaning}`, fix })]
}

function limitChecks(text: string): Check[] {
  return LIMITS.flatMap((row) => {
    const [soft, hard] = new RegExp(`^${row}\\s+(\\S+)\\s+(\\S+)`, "m").exec(text)?.slice(1) ?? []
    const id = `rlimit:${row.slice("Max ".length).replaceAll(" ", "_")}`
    return soft === undefined
      ? []
      : [check("host", id, row.toLowerCase(), "info", { detail: soft === hard ? soft : `${soft}, at most ${hard}` })]
  })
}
