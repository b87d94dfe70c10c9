import type { Limits } from "../../kinds/cgroup/spec.ts"
import { type Kernel, KernelError } from "../kernel.ts"

type Devices = NonNullable<Limits["io"]>

/** Limits with `MAJOR:MINOR` in the place of a device's path. */
export function deviceNumbers(kernel: Kernel, limits: Limits): Limits {
  if (limits.io === undefined) return limits
  const entries = Object.entries(limits.io).map(([device, rates]) => [numberOfDevice(kernel, device) ?? missing(device), rates] as const)
  return { ...limits, io: Object.fromEntries(entries) }
}

function missing(device: string): never {
  throw new KernelError(`limit I/O of ${device}`, "ENODEV", "there is no such device")
}

/** `MAJOR:MINOR` of a path; undefined where nothing is there. */
export function numberOfDevice(kernel: Kernel, device: string): string | undefined {
  return device.startsWith("/") ? kernel.stat(device)?.device || undefined : device
}

/** The other way: devices called as they were asked for, by path or by number; by the first of `likes` where several name one. */
export function devicePaths(kernel: Kernel, devices: Devices, likes: readonly Limits[]): Devices {
  const names = new Map<string, string>()
  for (const name of likes.flatMap((like) => Object.keys(like.io ?? {}))) {
    const number = numberOfDevice(kernel, name)
    if (number !== undefined && !names.has(number)) names.set(number, name)
  }
  const entries = Object.entries(devices).map(([device, rates]) => [names.get(device) ?? device, rates] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
