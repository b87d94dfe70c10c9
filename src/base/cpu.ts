/** Microseconds of processor time in each period: cpu.max, cpu.cfs_quota_us and cpu.cfs_period_us. */
export interface CpuQuota {
  quota: number
  period: number
}

const PERIOD = 100_000
/** The kernel's longest: for shares so small that their quota would fall below its shortest. */
const LONG_PERIOD = 1_000_000
const SHORTEST_QUOTA = 1000

/** The least share of one processor a quota can express. */
export const LEAST_CPUS = SHORTEST_QUOTA / LONG_PERIOD

/** A number of processors as the kernel takes it. https://docs.kernel.org/scheduler/sched-bwc.html */
export function cpuQuota(cpus: number): CpuQuota {
  const period = cpus * PERIOD >= SHORTEST_QUOTA ? PERIOD : LONG_PERIOD
  return { quota: Math.max(SHORTEST_QUOTA, Math.round(cpus * period)), period }
}

/** cpu.weight of a group that nobody gave one. */
export const DEFAULT_CPU_WEIGHT = 100

/** The processors of a list such as `0-2,4`, ascending; undefined where the text is no such list. cpuset(7), "List format" */
export function parseCpuList(text: string): number[] | undefined {
  const cpus = new Set<number>()
  for (const part of text.trim() === "" ? [] : text.trim().split(",")) {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part)
    if (match === null) return undefined
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])]
    if (last < first) return undefined
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu)
  }
  return [...cpus].sort((a, b) => a - b)
}

/** `[0, 1, 3]` is `0-1,3`: as the kernel prints it. */
export function formatCpuList(cpus: readonly number[]): string {
  const runs: [number, number][] = []
  for (const cpu of cpus) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] === cpu - 1) run[1] = cpu
    else runs.push([cpu, cpu])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",")
}
