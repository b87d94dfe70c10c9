import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"

/** What a stack or a test could leave on this machine, one line each. Two readings are compared as text. */
export function machineTraces(): Set<string> {
  return new Set([...links(), ...named(), ...mounts(), ...groups(), ...processes()])
}

/** The kernel's own, which come with the module of a kind of tunnel and stay. net.core.fb_tunnels_only_for_init_net */
const FALLBACK_TUNNELS = new Set(["tunl0", "gre0", "gretap0", "erspan0", "sit0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"])

function links(): string[] {
  const text = execFileSync("ip", ["-o", "link"], { encoding: "utf8" })
  return text
    .split("\n")
    .flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.slice(1, 2) ?? [])
    .filter((name) => !FALLBACK_TUNNELS.has(name))
    .map((name) => `link ${name}`)
}

/** Network namespaces with a name, and the folders of stacks. */
function named(): string[] {
  return ["/run/netns", "/run/stack", "/var/lib/stack/containers"].flatMap((folder) =>
    namesIn(folder).map((name) => `file ${folder}/${name}`),
  )
}

/** Empty where the folder is not there, or goes while it is read. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function mounts(): string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
  return points.filter((point) => /\/stack|\/netns/.test(point)).map((point) => `mount ${point}`)
}

/** Cgroups that bear our name, in every hierarchy. */
function groups(): string[] {
  const walk = (folder: string, depth: number): string[] => {
    if (depth === 0) return []
    const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return children.flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (isInUse(entry.name)) return []
      return entry.name.startsWith("stack") ? [`cgroup ${path}`] : walkSafely(path, depth - 1, walk)
    })
  }
  return existsSync("/sys/fs/cgroup") ? walkSafely("/sys/fs/cgroup", 4, walk) : []
}

/** The sandbox of a test that still runs: another run's, as a run looks when its own tests have ended. */
function isInUse(text: string): boolean {
  const [, pid] = /stack-test\.(\d+)\./.exec(text) ?? []
  return pid !== undefined && existsSync(`/proc/${pid}`)
}

/** A cgroup may go while it is read. */
function walkSafely(folder: string, depth: number, walk: (folder: string, depth: number) => string[]): string[] {
  try {
    return walk(folder, depth)
  } catch {
    return []
  }
}

/** In the environment of all that a run starts. */
export const RUN_MARK = "STACK_TEST_RUN"

/** Monitors, and whatever bears the mark of this run. */
function processes(): string[] {
  const mark = process.env[RUN_MARK]
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const title = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()
        const marked = mark !== undefined && readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${RUN_MARK}=${mark}`)
        if (title === "" || !(marked || title.startsWith("stack-monitor"))) return []
        return isInUse(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ? [] : [`process ${pid} ${title}`]
      } catch {
        return []
      }
    })
}
