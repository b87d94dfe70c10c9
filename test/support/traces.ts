import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"

/** What a stack or a test could leave on this machine, one line each. Two readings are compared as text. */
export function machineTraces(): Set<string> {
  return new Set([...links(), ...named(), ...mounts(), ...groups(), ...processes()])
}

function links(): string[] {
  const text = execFileSync("ip", ["-o", "link"], { encoding: "utf8" })
  return text
    .split("\n")
    .flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.slice(1, 2) ?? [])
    .map((name) => `link ${name}`)
}

/** Network namespaces with a name, and the folders of stacks. */
function named(): string[] {
  const folders = ["/run/netns", "/run/stack", "/var/lib/stack/containers"]
  return folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => `file ${folder}/${name}`) : []))
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
      return entry.name.startsWith("stack") ? [`cgroup ${path}`] : walkSafely(path, depth - 1, walk)
    })
  }
  return existsSync("/sys/fs/cgroup") ? walkSafely("/sys/fs/cgroup", 4, walk) : []
}

/** A cgroup may go while it is read. */
function walkSafely(folder: string, depth: number, walk: (folder: string, depth: number) => string[]): string[] {
  try {
    return walk(folder, depth)
  } catch {
    return []
  }
}

/** Monitors, and processes in a network namespace other than ours. */
function processes(): string[] {
  const own = readlinkSync("/proc/self/ns/net")
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const title = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()
        const elsewhere = title !== "" && readlinkSync(`/proc/${pid}/ns/net`) !== own
        return elsewhere || title.startsWith("stack-monitor") ? [`process ${pid} ${title}`] : []
      } catch {
        return []
      }
    })
}
