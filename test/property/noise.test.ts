/** No noise: applied in one spelling, a stack is unchanged in every other one. */
import fc from "fast-check"
import { test } from "uvu"
import { deriveMac } from "../../src/base/mac.ts"
import type { ContainerAttributes } from "../../src/kinds/container/spec.ts"
import type { VethAttributes } from "../../src/kinds/veth/spec.ts"
import type { Attributes, Desired, Resource } from "../../src/model/resource.ts"
import { planAsText } from "../../src/plan/format.ts"
import { fakeKernel } from "../support/fake-kernel/fake-kernel.ts"
import { loadText, told } from "../unit/stackfile/load.ts"
import { anyStack } from "./arbitrary.ts"
import { apply, holds, mustConverge, plan } from "./life.ts"
import { spellStack } from "./spell-stack.ts"

const RUNS = Number(process.env.PROPERTY_RUNS ?? 40)
const layouts = fc.constantFrom("v1" as const, "hybrid" as const, "v2" as const)

/** Values that have many spellings, and values that the kernel gives back otherwise than they were written. */
const manifold = fc.record({
  limits: fc.record(
    {
      memory_swap: fc.constantFrom(0, 1_048_576, 5_000),
      cpu_weight: fc.constantFrom(100, 250, 10_000),
      memory_high: fc.constantFrom(33_554_432, 33_554_433),
      memory_low: fc.constantFrom(0, 4_194_304),
      unified: fc.constantFrom<{ [file: string]: string }>(
        { "memory.oom.group": "1" },
        { "memory.min": "4194304", "memory.oom.group": "0" },
      ),
      cpuset: fc.constantFrom("0", "1", "0,1"),
      io: fc.constantFrom(
        { "/dev/vda": { rbps: 10_485_760, wiops: 100 } },
        { "/dev/vda": { wbps: 1_048_576 }, "8:0": { riops: 1000, rbps: 4096 } },
      ),
    },
    { requiredKeys: [] },
  ),
  cpus: fc.constantFrom(0, 1 / 3, 0.015, 0.25),
  odd: fc.constantFrom(0, 1, 4095),
  sysctls: fc.constantFrom<{ [name: string]: string }>(
    {},
    { "net.ipv4.ip_local_port_range": "2000 3000" },
    { "kernel.sem": "250 32000 32 128", "net.core.somaxconn": "100" },
  ),
  environment: fc.constantFrom<{ [name: string]: string }>({}, { B: "2", A: "1", LANG: "C.UTF-8" }),
  labels: fc.constantFrom<{ [name: string]: string }>({}, { tier: "front", role: "x y" }),
  working_dir: fc.constantFrom("/", "/srv/app"),
  maps: fc.constantFrom(
    { auto: 65_536 },
    [{ container: 0, host: 300_000, count: 1000 }],
    [
      { container: 0, host: 300_000, count: 1000 },
      { container: 1000, host: 500_000, count: 10 },
    ],
  ),
})

type Manifold = typeof manifold extends fc.Arbitrary<infer T> ? T : never

const anyCase = fc.tuple(anyStack, manifold, layouts).map(([stack, more, layout]) => {
  const known = layout === "v2" ? more : { ...more, limits: onlyV1(more.limits) }
  return { layout, stack: { ...stack, resources: stack.resources.map((r) => enriched(r, known)) } }
})

/** The rest is cgroup v2's alone. */
function onlyV1({ memory_swap, cpu_weight, cpuset, io }: Manifold["limits"]): Manifold["limits"] {
  const kept = Object.entries({ memory_swap, cpu_weight, cpuset, io }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(kept)
}

function enriched(resource: Resource, more: Manifold): Resource {
  const { kind, name, attributes } = resource
  if (kind === "veth") return { ...resource, attributes: withDerivedMacs(name, attributes) }
  // A gateway behind an interface that is down is a mistake of the file's.
  if (kind === "interface") return attributes.up === true ? resource : { ...resource, attributes: { ...attributes, gateway: [] } }
  if (kind !== "container") return resource
  const box = attributes as unknown as ContainerAttributes
  // Only the last one: two containers with one map would have to share it.
  const own = name === "job" && box.namespaces.user === "new" ? { uid_map: more.maps, gid_map: more.maps } : {}
  return { ...resource, attributes: { ...attributes, ...own, ...texts(box, more), limits: widened(box, more) } as unknown as Attributes }
}

function texts({ sysctls, namespaces }: ContainerAttributes, more: Manifold): Partial<ContainerAttributes> {
  const { environment, labels, working_dir } = more
  return { environment, labels, working_dir, sysctls: namespaces.net === "new" ? { ...sysctls, ...more.sysctls } : sysctls }
}

/** Memory that is no whole number of pages, and shares that no quota expresses exactly. */
function widened({ limits }: ContainerAttributes, { limits: more, cpus, odd }: Manifold): ContainerAttributes["limits"] {
  const { memory_swap, ...others } = more
  const memory = limits.memory === undefined ? {} : { memory: limits.memory - odd, ...(memory_swap === undefined ? {} : { memory_swap }) }
  return { ...limits, ...others, ...memory, ...(limits.cpus === undefined || cpus === 0 ? {} : { cpus }) }
}

function withDerivedMacs(name: string, attributes: Attributes): Attributes {
  const { endpoints } = attributes as unknown as VethAttributes
  const derived = endpoints.map((end) => ({ ...end, mac: deriveMac(`lab/veth.${name}/${end.container}/${end.interface}`) }))
  return { ...attributes, endpoints: derived }
}

function load(text: string): Desired {
  const loaded = loadText(text)
  if (loaded.desired === undefined) throw new Error(`${told(loaded)}\n${text}`)
  return loaded.desired
}

test("applied in one spelling, a plan in every other spelling is empty", async () => {
  await holds(
    fc.asyncProperty(anyCase, fc.array(fc.nat(), { minLength: 3, maxLength: 5 }), async ({ stack, layout }, seeds) => {
      const kernel = fakeKernel({ layout })
      const [first = "", ...others] = seeds.map((seed) => spellStack(stack, seed))
      mustConverge(await apply(kernel, load(first)))
      for (const other of others) {
        const { plan: again, diagnostics } = plan(kernel.restart(), load(other))
        if (again.hasChanges || diagnostics.length > 0)
          throw new Error(`${planAsText(again)}\n${diagnostics.map((d) => d.summary).join("\n")}\napplied:\n${first}\nplanned:\n${other}`)
      }
    }),
    RUNS,
  )
})

test.run()
