import type { Kernel } from "../kernel/kernel.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import type { VethAttributes } from "../kinds/veth/spec.ts"
import type { Desired, HostFacts, Resource } from "../model/resource.ts"

/** Asking has the kernel load a module: so it is asked only where none is that could be loaded. */
export function impairFacts(kernel: Kernel, desired: Desired): Pick<HostFacts, "netem"> {
  if (!desired.resources.some(isImpaired)) return {}
  const loadable = () =>
    (kernel.read(`/lib/modules/${kernel.read("/proc/sys/kernel/osrelease")?.trim()}/modules.dep`) ?? "").includes("/sch_netem.ko")
  return { netem: kernel.stat("/sys/module/sch_netem") !== null || loadable() || kernel.hasQdisc("netem") }
}

function isImpaired({ kind, attributes }: Resource): boolean {
  if (kind === "veth") return (attributes as unknown as VethAttributes).endpoints.some(({ impair }) => impair !== undefined)
  const { impair, host_end } = attributes as unknown as InterfaceAttributes
  return kind === "interface" && (impair !== undefined || host_end?.impair !== undefined)
}
