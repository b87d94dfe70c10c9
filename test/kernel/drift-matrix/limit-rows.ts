import type { Value } from "../../../src/model/resource.ts"
import type { AttributeRow, Shows } from "./row.ts"

/** A group whose limits are changed: the address it belongs to, its folder below the stack's, and of some limits the values. */
export interface LimitedGroup {
  address: string
  folder: string
  /** MiB of memory that it may have, and 32 more. */
  memoryAndSwap: number
  /** Microseconds in a tenth of a second. */
  quota: number
  /** Another processor list than its own, which no group below it needs more than. */
  cpuset: string
}

/** The limits of a group and how they are changed by hand. */
export function limitRows({ address, folder, memoryAndSwap, quota, cpuset }: LimitedGroup): AttributeRow[] {
  const at = (file: string) => `${folder}/${file}`
  const shows = (limit: string, found: Value): Shows => ({ [address]: { [`limits.${limit}`]: found } })
  return [
    {
      attribute: "limits.memory",
      read: "`memory.max`; v1: `memory.limit_in_bytes`",
      hands: [
        {
          by: {
            v1: `echo 32M > $memory/${at("memory.limit_in_bytes")}; echo 32M > $memory/${at("memory.memsw.limit_in_bytes")}`,
            v2: `echo 32M > $memory/${at("memory.max")}`,
          },
          shows: shows("memory", 33_554_432),
          needs: "memory",
        },
      ],
    },
    {
      attribute: "limits.memory_high",
      read: "`memory.high`; v1 has none",
      hands: [{ by: `echo 24M > $memory/${at("memory.high")}`, shows: shows("memory_high", 25_165_824), needs: "memory_high" }],
    },
    {
      attribute: "limits.memory_low",
      read: "`memory.low`; v1 has none",
      hands: [{ by: `echo 8M > $memory/${at("memory.low")}`, shows: shows("memory_low", 8_388_608), needs: "memory_low" }],
    },
    {
      attribute: "limits.memory_swap",
      read: "`memory.swap.max`; v1: `memory.memsw.limit_in_bytes` less the limit of memory",
      hands: [
        {
          by: {
            v1: `echo ${memoryAndSwap}M > $memory/${at("memory.memsw.limit_in_bytes")}`,
            v2: `echo 32M > $memory/${at("memory.swap.max")}`,
          },
          shows: shows("memory_swap", 33_554_432),
          needs: "memory_swap",
        },
      ],
    },
    {
      attribute: "limits.cpus",
      read: "`cpu.max`; v1: `cpu.cfs_quota_us`, `cpu.cfs_period_us`",
      hands: [
        {
          by: { v1: `echo 60000 > $cpu/${at("cpu.cfs_quota_us")}`, v2: `echo 60000 100000 > $cpu/${at("cpu.max")}` },
          shows: shows("cpus", 0.6),
          needs: "cpus",
        },
        {
          by: { v1: `echo 125000 > $cpu/${at("cpu.cfs_period_us")}`, v2: `echo ${quota} 125000 > $cpu/${at("cpu.max")}` },
          shows: shows("cpus", quota / 125_000),
          needs: "cpus",
        },
      ],
    },
    {
      attribute: "limits.cpu_weight",
      read: "`cpu.weight`; v1: `cpu.shares`",
      hands: [
        {
          by: { v1: `echo 2 > $cpu/${at("cpu.shares")}`, v2: `echo 1 > $cpu/${at("cpu.weight")}` },
          shows: shows("cpu_weight", 1),
          needs: "cpu_weight",
        },
      ],
    },
    {
      attribute: "limits.cpuset",
      read: "`cpuset.cpus`; v1: that, and `cgroup.clone_children`",
      hands: [{ by: `echo ${cpuset} > $cpuset/${at("cpuset.cpus")}`, shows: shows("cpuset", cpuset), needs: "cpuset" }],
    },
    {
      attribute: "limits.pids",
      read: "`pids.max`",
      hands: [
        { by: `echo 77 > $pids/${at("pids.max")}`, shows: shows("pids", 77), needs: "pids" },
        { by: `echo max > $pids/${at("pids.max")}`, shows: shows("pids", null), needs: "pids" },
      ],
    },
    {
      attribute: "limits.io",
      read: "`io.max`; v1: `blkio.throttle.*`",
      hands: [
        {
          by: {
            v1: `echo $device 2000000 > $io/${at("blkio.throttle.read_bps_device")}`,
            v2: `echo $device rbps=2000000 > $io/${at("io.max")}`,
          },
          shows: shows("io", { $device: { rbps: 2_000_000, riops: 100 } }),
          needs: "io",
        },
      ],
    },
    {
      attribute: "limits.unified",
      read: "the file of that name, in cgroup2",
      hands: [
        {
          by: `echo 7 > $cgroup2/${at("cgroup.max.depth")}`,
          shows: shows("unified", { "cgroup.max.depth": "7" }),
          needs: "unified",
        },
      ],
    },
  ]
}
