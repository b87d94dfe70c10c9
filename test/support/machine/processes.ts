import { linesOf, linkOf, namesIn, textOf } from "./tools.ts"

/** A process that lives: a zombie is dead, and so is one that has given its memory back, and with it its title. */
export interface Process {
  pid: number
  /** Its command line, blanks between the words. */
  title: string
}

export function processes(): Process[] {
  return namesIn("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && isAlive(name))
    .map((pid) => ({ pid: Number(pid), title: textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim() }))
    .filter(({ title }) => title !== "")
}

/** proc_pid_stat(5) */
function isAlive(pid: string): boolean {
  const stat = textOf(`/proc/${pid}/stat`)
  return stat !== "" && !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))
}

/** Zombies that this process has to reap. */
export function ownZombies(): { pid: number; startTime: string }[] {
  return namesIn("/proc").flatMap((pid) => {
    const stat = textOf(`/proc/${pid}/stat`)
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return fields[0] === "Z" && fields[1] === String(process.pid) ? [{ pid: Number(pid), startTime: fields[19] ?? "" }] : []
  })
}

const KINDS = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]

/** The namespaces that processes are in or hold open, by kind. */
export function namespaces(all: readonly Process[]): string[] {
  const places = all.flatMap(({ pid }) => [
    ...KINDS.map((kind) => linkOf(`/proc/${pid}/ns/${kind}`)),
    ...namesIn(`/proc/${pid}/fd`)
      .map((fd) => linkOf(`/proc/${pid}/fd/${fd}`))
      .filter((target) => /^[a-z]+:\[/.test(target)),
  ])
  return [...new Set(places)].filter((place) => KINDS.some((kind) => place.startsWith(`${kind}:`))).sort()
}

/** What each process has open; of what has no name only the kind. The folder that lists them is open while it is read. */
export function openFiles(all: readonly Process[]): string[] {
  return all.flatMap(({ pid, title }) =>
    namesIn(`/proc/${pid}/fd`)
      .map((fd) => linkOf(`/proc/${pid}/fd/${fd}`).replace(/\[[0-9]+\]/, ""))
      .filter((target) => target !== "" && target !== `/proc/${pid}/fd`)
      .map((target) => `${title}: ${target}`),
  )
}

/** The mounts of each mount namespace, by the first process in it. */
export function mounts(all: readonly Process[]): string[] {
  const spaces = new Map([...all].reverse().map((process) => [linkOf(`/proc/${process.pid}/ns/mnt`), process]))
  return [...spaces.values()].flatMap(({ pid, title }) =>
    linesOf(`/proc/${pid}/mountinfo`).map((line) => `${title}: ${line.split(" ").slice(3).join(" ")}`),
  )
}
