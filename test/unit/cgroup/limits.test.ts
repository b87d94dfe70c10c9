import { test } from "uvu"
import * as assert from "uvu/assert"
import { cpuQuota, formatCpuList, parseCpuList } from "../../../src/base/cpu.ts"
import type { Codec } from "../../../src/kernel/cgroup/controller.ts"
import { cpu, sharesOfWeight, weightOfShares } from "../../../src/kernel/cgroup/cpu.ts"
import { io } from "../../../src/kernel/cgroup/io.ts"
import { memory } from "../../../src/kernel/cgroup/memory.ts"
import { limitProblems } from "../../../src/kinds/cgroup/problems.ts"
import { roundLimits } from "../../../src/kinds/cgroup/rounding.ts"
import type { Limits } from "../../../src/kinds/cgroup/spec.ts"

const V1 = { memory: "v1", pids: "v1", cpu: "v1", io: "v1", cpuset: "v1", swap: "v1" } as const
const V2 = { memory: "v2", pids: "v2", cpu: "v2", io: "v2", cpuset: "v2", swap: "v2", cgroup: "v2", hugetlb: "v2" } as const

test("every weight has shares that give it back; least, default and most are the kernel's own", () => {
  for (let weight = 1; weight <= 10_000; weight++) assert.is(weightOfShares(sharesOfWeight(weight)), weight)
  assert.equal([1, 100].map(sharesOfWeight), [2, 1024])
  assert.is(weightOfShares(262_144), 10_000)
})

test("any number of processors is a quota the kernel takes", () => {
  assert.equal(
    [0.001, 0.005, 0.01, 0.5, 1.25, 64].map((n) => cpuQuota(n)),
    [
      { quota: 1000, period: 1_000_000 },
      { quota: 5000, period: 1_000_000 },
      { quota: 1000, period: 100_000 },
      { quota: 50_000, period: 100_000 },
      { quota: 125_000, period: 100_000 },
      { quota: 6_400_000, period: 100_000 },
    ],
  )
})

test("a list of processors has one spelling", () => {
  assert.equal(
    ["3,1,0,2", "0-2, 2-4", "7", "", "0-1,3"].map((text) => formatCpuList(parseCpuList(text) ?? [])),
    ["0-3", "0-4", "7", "", "0-1,3"],
  )
  assert.equal(
    ["a", "1-", "3-1", "1,,2", "-1"].map((text) => parseCpuList(text)),
    Array(5).fill(undefined),
  )
})

const writes = (codec: Codec, before: Limits, after: Limits, ...present: string[]) =>
  codec.writes(before, after, present).map(({ file, text }) => `${file} ${text}`)

test("v1: memory alone is never above memory and swap, at no step of a change", () => {
  const [limit, sum] = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
  assert.equal(writes(memory.v1, {}, { memory: 8192, memory_swap: 4096 }), [`${limit} 8192`, `${sum} 12288`])
  assert.equal(writes(memory.v1, { memory: 8192, memory_swap: 4096 }, { memory: 16_384, memory_swap: 4096 }), [
    `${sum} 20480`,
    `${limit} 16384`,
  ])
  assert.equal(writes(memory.v1, { memory: 8192, memory_swap: 0 }, {}), [`${sum} -1`, `${limit} -1`])
  assert.equal(writes(memory.v1, { memory: 8192 }, { memory: 8192 }), [])
  assert.equal(memory.v1.read(["8192\n", "12288\n"], {}), { memory: 8192, memory_swap: 4096 })
  assert.equal(memory.v1.read(["9223372036854771712\n", "9223372036854771712\n"], {}), {})
})

test("v1: from one period to another a quota is never read in the wrong one", () => {
  const [quota, period] = ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
  assert.equal(writes(cpu.v1, {}, { cpus: 0.5 }), [`${quota} 50000`])
  assert.equal(writes(cpu.v1, { cpus: 0.5 }, { cpus: 0.005 }), [`${quota} -1`, `${period} 1000000`, `${quota} 5000`])
  assert.equal(writes(cpu.v1, { cpus: 0.005 }, {}, "1000000\n"), [`${quota} -1`, `${period} 100000`])
  const byHand = [{ cpus: 1 }, { cpus: 0.5 }, "50000\n"] as const
  assert.equal(writes(cpu.v1, ...byHand), [`${quota} -1`, `${period} 100000`, `${quota} 50000`])
  assert.equal(writes(cpu.v2, ...byHand), ["cpu.max 50000 100000"])
  assert.equal(cpu.v1.read(["-1\n", "100000\n", "1024\n"], {}), {})
})

test("a device that is no longer named loses its rates, and only what differs is written", () => {
  const had = { io: { "8:0": { rbps: 5, wiops: 6 }, "8:16": { rbps: 1 } } }
  assert.equal(writes(io.v2, had, { io: { "8:0": { rbps: 5 }, "8:16": { rbps: 1 } } }), ["io.max 8:0 rbps=5 wbps=max riops=max wiops=max"])
  assert.equal(writes(io.v1, had, { io: { "8:0": { rbps: 5 } } }), [
    "blkio.throttle.write_iops_device 8:0 0",
    "blkio.throttle.read_bps_device 8:16 0",
  ])
  assert.equal(io.v2.read(["8:16 rbps=max wbps=2 riops=max wiops=max\n8:0 rbps=5 wbps=max riops=max wiops=6\n"], {}), {
    io: { "8:0": { rbps: 5, wiops: 6 }, "8:16": { wbps: 2 } },
  })
})

test("rounding leaves what the kernel would give back, and no default", () => {
  const limits = {
    memory: 4097,
    memory_low: 1,
    memory_swap: 0,
    cpus: 1 / 3,
    cpu_weight: 100,
    cpuset: "1,0",
    io: { "8:16": { wbps: 1 }, "8:0": {} },
  }
  assert.equal(roundLimits(limits, V2), { memory: 4096, memory_swap: 0, cpus: 0.33333, cpuset: "0-1", io: { "8:16": { wbps: 1 } } })
  assert.equal(roundLimits({ memory: 2 ** 63, pids: 5, unified: { "memory.oom.group": "1\n" } }, V2), {
    pids: 5,
    unified: { "memory.oom.group": "1" },
  })
})

test("a size of any other file is rounded as the kernel does it, to the last digit", () => {
  const rounded = (text: string) => roundLimits({ unified: { "memory.min": text } }, V2).unified?.["memory.min"]
  assert.is(rounded("4097"), "4096")
  assert.is(rounded("1k"), "0")
  assert.is(rounded("9007199254740993"), "9007199254740992")
  assert.is(rounded("4611686018427392001"), "4611686018427392000")
  assert.is(rounded("9223372036854767615"), "9223372036854763520")
  for (const all of ["9223372036854771712", "9223372036854775807", "8192P", "max"]) assert.is(rounded(all), "max")
})

const problems = (limits: Limits, controllers: Parameters<typeof limitProblems>[1]) => limitProblems(limits, controllers).map((p) => p.path)

test("what a host cannot hold is told limit by limit", () => {
  const all: Limits = { memory: 4096, memory_high: 1, memory_low: 1, memory_swap: 1, cpus: 1, cpu_weight: 1, cpuset: "0", pids: 1, io: {} }
  assert.equal(problems(all, V2), [])
  assert.equal(problems(all, V1), ["limits.memory_high", "limits.memory_low"])
  assert.equal(problems({ memory_swap: 1 }, V1), ["limits.memory_swap"])
  const { swap: _swap, cpuset: _cpuset, ...less } = V2
  assert.equal(problems(all, less), ["limits.cpuset", "limits.memory_swap"])
  assert.equal(problems({ cpus: 0.0001, cpuset: "x", pids: 5e6 }, V2), ["limits.cpus", "limits.cpuset", "limits.pids"])
})

test("processors are some of those that are there, where these are known", () => {
  const told = (cpuset: string, processors?: string) =>
    limitProblems({ cpuset }, V2, { absentDevices: [], absentFiles: [], ...(processors === undefined ? {} : { processors }) }).map(
      ({ message, hint }) => `${message}; ${hint}`,
    )
  assert.equal([told("0-3", "0-3"), told("7"), told("7", "")], [[], [], []])
  assert.equal(told("1,4-6", "0-3,5"), ["this machine has no processors 4,6; it has 0-3,5: write some of these"])
  assert.equal(told("4", "0"), ["this machine has no processor 4; it has 0: write some of these"])
})

test("a file of cgroup2 must be one there", () => {
  const files = { "memory.oom.group": "1", "hugetlb.2MB.max": "0", "cgroup.max.depth": "1", "memory.pressure": "x", oops: "", "../x.y": "" }
  const unified = (...names: string[]) => names.map((name) => `limits.unified.${name}`)
  assert.equal(problems({ unified: files }, V2), unified("oops", "../x.y"))
  assert.equal(problems({ unified: files }, { ...V1, hugetlb: "v2", cgroup: "v2" }), unified("memory.oom.group", "oops", "../x.y"))
  assert.equal(problems({ unified: { "cgroup.max.depth": "1" } }, V1), unified("cgroup.max.depth"))
})

test.run()
