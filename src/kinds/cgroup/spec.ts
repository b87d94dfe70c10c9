/** A shared parent. Path: `…/stack/STACK/NAME` in every hierarchy in use. */
export interface CgroupAttributes {
  limits: Limits
  /** Of one that is live: somebody keeps what is in it from running. */
  frozen?: boolean
  /** Of one that is given back, and of none else: its folders in the hierarchies. */
  folders?: string[]
}

/** In cgroup v2's terms, on v1 too. An absent key is not limited (the kernel's default). https://docs.kernel.org/admin-guide/cgroup-v2.html */
export interface Limits {
  /** Bytes: memory.max */
  memory?: number
  /** Bytes: memory.high */
  memory_high?: number
  /** Bytes: memory.low */
  memory_low?: number
  /** Bytes: memory.swap.max */
  memory_swap?: number
  /** Processors: cpu.max */
  cpus?: number
  /** 1 to 10000: cpu.weight */
  cpu_weight?: number
  /** Canonical list, `0-1,3`: cpuset.cpus */
  cpuset?: string
  /** pids.max; `max` of a container that is to have no limit, where one of which the file says nothing has USUAL_PIDS. */
  pids?: number | "max"
  /** By `MAJOR:MINOR` or device path: io.max */
  io?: { [device: string]: { rbps?: number; wbps?: number; riops?: number; wiops?: number } }
  /** Any other cgroup v2 file as it stands. */
  unified?: { [file: string]: string }
}

/** Of a container, where the host has the controller: no one of them fills the machine's table of processes. */
export const USUAL_PIDS = 1024

/** cpu.max: a quota is at least a millisecond, of periods of 100; and more processors than any machine has mean nothing. */
export const LEAST_CPUS = 0.01
export const MOST_CPUS = 100_000

/** PID_MAX_LIMIT of <linux/threads.h>, on 64 bits. */
export const MOST_PIDS = 4_194_304
