import type { CpuQuota } from "../../base/cpu.ts"
import { cpuQuota, DEFAULT_CPU_WEIGHT } from "../../base/cpu.ts"
import type { Codec, Controller, Write } from "./controller.ts"
import { limit, numberOf } from "./controller.ts"

const DEFAULT_PERIOD = 100_000

function cpusOf(quota: number | undefined, period: number | undefined): number | undefined {
  return quota === undefined || !period ? undefined : quota / period
}

function notDefault(weight: number | undefined): number | undefined {
  return weight === DEFAULT_CPU_WEIGHT ? undefined : weight
}

function quotaOf(cpus: number | undefined): CpuQuota | undefined {
  return cpus === undefined ? undefined : cpuQuota(cpus)
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu */
const v2: Codec = {
  files: ["cpu.max", "cpu.weight"],
  read([max, weight]) {
    const [quota, period] = (max ?? "").trim().split(" ").map(numberOf)
    return { ...limit("cpus", cpusOf(quota, period)), ...limit("cpu_weight", notDefault(numberOf(weight))) }
  },
  writes(before, after) {
    const writes: Write[] = []
    const quota = quotaOf(after.cpus)
    if (before.cpus !== after.cpus) writes.push({ file: "cpu.max", text: `${quota?.quota ?? "max"} ${quota?.period ?? DEFAULT_PERIOD}` })
    if (before.cpu_weight !== after.cpu_weight) writes.push({ file: "cpu.weight", text: `${after.cpu_weight ?? DEFAULT_CPU_WEIGHT}` })
    return writes
  },
}

/** https://docs.kernel.org/scheduler/sched-bwc.html, https://docs.kernel.org/scheduler/sched-design-CFS.html */
const v1: Codec = {
  files: ["cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares"],
  read([quota, period, shares]) {
    const given = numberOf(shares)
    return {
      ...limit("cpus", cpusOf(numberOf(quota), numberOf(period))),
      ...limit("cpu_weight", given === undefined ? undefined : notDefault(weightOfShares(given))),
    }
  },
  steering: ["cpu.cfs_period_us"],
  writes(before, after, [period]) {
    const had = { limited: before.cpus !== undefined, period: numberOf(period) ?? DEFAULT_PERIOD }
    const writes = before.cpus === after.cpus ? [] : quotaWrites(had, quotaOf(after.cpus))
    if (before.cpu_weight !== after.cpu_weight)
      writes.push({ file: "cpu.shares", text: `${sharesOfWeight(after.cpu_weight ?? DEFAULT_CPU_WEIGHT)}` })
    return writes
  },
}

/**
 * Between two periods there is no quota for a moment: the old one in the new period might be more than the parent's. Which
 * period it had, only the file says: someone may have changed it by hand.
 */
function quotaWrites(had: { limited: boolean; period: number }, after: CpuQuota | undefined): Write[] {
  const want = after?.period ?? DEFAULT_PERIOD
  const quota: Write = { file: "cpu.cfs_quota_us", text: `${after?.quota ?? -1}` }
  if (had.period === want) return [quota]
  const none: Write[] = had.limited ? [{ file: quota.file, text: "-1" }] : []
  const period: Write = { file: "cpu.cfs_period_us", text: `${want}` }
  return after === undefined ? [...none, period] : [...none, period, quota]
}

const LEAST_SHARES = 2
const MOST_SHARES = 262_144

/**
 * The conversion that OCI runtimes use: least, default and most of the one scale are those of the other
 * (2, 1024, 262144 shares are weight 1, 100, 10000), and between them runs a parabola of the logarithms.
 */
export function weightOfShares(shares: number): number {
  const l = Math.log2(Math.min(MOST_SHARES, Math.max(LEAST_SHARES, shares)))
  // What floating point adds to a whole number must not raise it by one.
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34) - 1e-6)
}

/** The shares that give back this weight: the fewest, except that the default weight is the kernel's default of shares. */
export function sharesOfWeight(weight: number): number {
  if (weight === DEFAULT_CPU_WEIGHT) return 1024
  let [low, high] = [LEAST_SHARES, MOST_SHARES]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (weightOfShares(middle) >= weight) high = middle
    else low = middle + 1
  }
  return low
}

export const cpu: Controller = { name: "cpu", keys: ["cpus", "cpu_weight"], v1, v2 }
