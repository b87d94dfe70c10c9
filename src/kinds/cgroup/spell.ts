import { formatSize } from "../../base/size.ts"
import type { Spelt, SpeltMap } from "../../model/spelt.ts"
import { filled, numberOrText, withoutAbsent } from "../../model/spelt.ts"
import type { CgroupAttributes, Limits } from "./spec.ts"

/** A cgroup as a person would write it. */
export function spellCgroup({ limits }: CgroupAttributes): SpeltMap {
  return withoutAbsent({ limits: spellLimits(limits) })
}

/** `limits:`; undefined where nothing is limited. */
export function spellLimits(limits: Limits): SpeltMap | undefined {
  const { memory, memory_high, memory_low, memory_swap, cpus, cpu_weight, cpuset, pids, io, unified } = limits
  return filled(
    withoutAbsent({
      memory: size(memory),
      memory_high: size(memory_high),
      memory_low: size(memory_low),
      memory_swap: size(memory_swap),
      cpus,
      cpu_weight,
      cpuset: cpuset === undefined ? undefined : numberOrText(cpuset),
      pids,
      io: io === undefined ? undefined : Object.entries(io).map(([device, rates]) => spellDevice(device, rates)),
      unified:
        unified === undefined ? undefined : Object.fromEntries(Object.entries(unified).map(([file, text]) => [file, numberOrText(text)])),
    }),
  )
}

function spellDevice(device: string, { rbps, wbps, riops, wiops }: NonNullable<Limits["io"]>[string]): SpeltMap {
  return withoutAbsent({ device, rbps: size(rbps), wbps: size(wbps), riops, wiops })
}

/** `64M`; a number where no unit makes it shorter. */
function size(bytes: number | undefined): Spelt | undefined {
  return bytes === undefined ? undefined : numberOrText(formatSize(bytes))
}
