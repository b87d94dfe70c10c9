import type { Limits } from "../../kinds/cgroup/spec.ts"
import type { Codec, Controller, Write } from "./controller.ts"
import { limit, numberOf } from "./controller.ts"

type Devices = NonNullable<Limits["io"]>
type Rate = keyof Devices[string]

/** v2's name of each rate, and v1's file. */
const RATES: readonly (readonly [Rate, string])[] = [
  ["rbps", "blkio.throttle.read_bps_device"],
  ["wbps", "blkio.throttle.write_bps_device"],
  ["riops", "blkio.throttle.read_iops_device"],
  ["wiops", "blkio.throttle.write_iops_device"],
]

/** Lines `MAJOR:MINOR rbps=… wbps=max …`. https://docs.kernel.org/admin-guide/cgroup-v2.html#io */
const v2: Codec = {
  files: ["io.max"],
  read([text]) {
    const rows = (text ?? "").split("\n").filter(Boolean)
    return found(
      rows.flatMap((row) => {
        const [device = "", ...rates] = row.split(" ")
        return rates.map((rate) => rate.split("=")).map(([key, value]) => [device, key as Rate, numberOf(value)] as const)
      }),
    )
  },
  writes: (before, after) =>
    changedDevices(before, after).map((device) => {
      const rates = RATES.map(([rate]) => `${rate}=${after.io?.[device]?.[rate] ?? "max"}`)
      return { file: "io.max", text: `${device} ${rates.join(" ")}` }
    }),
}

/** A file for each rate, lines `MAJOR:MINOR NUMBER`; 0 takes one away. https://docs.kernel.org/admin-guide/cgroup-v1/blkio-controller.html */
const v1: Codec = {
  files: RATES.map(([, file]) => file),
  read(texts) {
    return found(
      RATES.flatMap(([rate], i) => {
        const rows = (texts[i] ?? "").split("\n").map((row) => row.split(" "))
        return rows.map(([device = "", value]) => [device, rate, numberOf(value)] as const)
      }),
    )
  },
  writes: (before, after) =>
    changedDevices(before, after).flatMap((device) =>
      RATES.flatMap(([rate, file]): Write[] => {
        const [had, want] = [before.io?.[device]?.[rate], after.io?.[device]?.[rate]]
        return had === want ? [] : [{ file, text: `${device} ${want ?? 0}` }]
      }),
    ),
}

function found(values: readonly (readonly [device: string, rate: Rate, value: number | undefined])[]): Limits {
  const devices: Devices = {}
  for (const [device, rate, value] of values) if (value !== undefined) devices[device] = { ...devices[device], [rate]: value }
  return limit("io", Object.keys(devices).length === 0 ? undefined : sortedByDevice(devices))
}

function sortedByDevice(devices: Devices): Devices {
  const entries = Object.entries(devices).map(([device, rates]) => {
    const ordered = RATES.filter(([rate]) => rates[rate] !== undefined).map(([rate]) => [rate, rates[rate]])
    return [device, Object.fromEntries(ordered)] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function changedDevices(before: Limits, after: Limits): string[] {
  const devices = new Set([...Object.keys(before.io ?? {}), ...Object.keys(after.io ?? {})])
  return [...devices].filter((device) => RATES.some(([rate]) => before.io?.[device]?.[rate] !== after.io?.[device]?.[rate]))
}

export const io: Controller = { name: "io", keys: ["io"], v1, v2 }
