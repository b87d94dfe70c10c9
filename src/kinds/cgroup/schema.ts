import type { Fragment } from "../../model/fragment.ts"
import { keys, lifecycleKeys, named, size, wholeNumber } from "../../model/fragment.ts"
import { LEAST_CPUS, MOST_CPUS } from "./spec.ts"

/** `cgroups:` */
export function cgroupsSchema(): Fragment {
  return named("Shared parent groups, by name: what all containers in one may use together.", {
    ...keys("A control group that containers name by `cgroup:`.", {
      limits: limitsSchema("What its containers may use together."),
      ...lifecycleKeys(),
    }),
    type: ["object", "null"],
  })
}

/** `limits:` of a container or a cgroup. https://docs.kernel.org/admin-guide/cgroup-v2.html */
export function limitsSchema(description: string): Fragment {
  return keys(
    `${description} In cgroup v2's terms; the same on a host with cgroup v1.`,
    {
      memory: size("Memory in all, hard (memory.max)."),
      memory_high: size("Memory from which it is slowed down and reclaimed (memory.high)."),
      memory_low: size("Memory that is kept for it when others press (memory.low)."),
      memory_swap: size("Swap besides the memory (memory.swap.max); 0 is none."),
      cpus: {
        description: "Processors' worth of time: 0.5 is half of one (cpu.max).",
        type: ["number", "string"],
        minimum: LEAST_CPUS,
        maximum: MOST_CPUS,
        pattern: "^([0-9]+(\\.[0-9]+)?|\\.[0-9]+)$",
        form: "a number such as 0.5 or 2",
        examples: [0.5],
      },
      cpu_weight: wholeNumber("Share of processor time against neighbours (cpu.weight).", 1, 10_000),
      cpuset: {
        description: "Processors it may run on, as a list such as 0-1,3 (cpuset.cpus).",
        type: ["string", "integer"],
        minimum: 0,
        pattern: "^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$",
        form: 'a list of processors such as "0-1,3"',
        examples: ["0-1"],
      },
      pids: {
        description:
          "Processes and threads (pids.max); `max` or -1: as many as there is room for. Of a container of which nothing is said: 1024, where the host has the controller.",
        type: ["integer", "string"],
        minimum: -1,
        maximum: 4_194_304,
        pattern: "^(max|[0-9]+)$",
        form: "a whole number from 1 to 4194304, or max",
        examples: [64],
      },
      io: ioSchema(),
      unified: {
        description: "Any other cgroup v2 file by its name, written as it stands: `memory.oom.group: 1`.",
        type: "object",
        form: "a map of cgroup files",
        names: "the name of a cgroup v2 file, such as memory.oom.group",
        patternProperties: {
          "^[a-z][a-z0-9_]*(\\.[a-zA-Z0-9_]+)+$": { description: "What is written.", type: ["string", "number"], form: "a text" },
        },
        additionalProperties: false,
      },
    },
    { later: ["io_weight", "hugetlb"] },
  )
}

function ioSchema(): Fragment {
  const rate = (what: string) => wholeNumber(what, 1, 2 ** 52)
  return {
    description: "Limits for block devices (io.max).",
    type: "array",
    form: "a list of devices with their limits",
    items: keys(
      "One device and at least one limit.",
      {
        device: {
          description: "Path of the block device, or MAJOR:MINOR.",
          type: "string",
          pattern: "^(/dev/.+|[0-9]+:[0-9]+)$",
          form: "a device such as /dev/vda or 8:0",
        },
        rbps: size("Bytes read in a second."),
        wbps: size("Bytes written in a second."),
        riops: rate("Reads in a second."),
        wiops: rate("Writes in a second."),
      },
      { required: ["device"] },
    ),
  }
}
