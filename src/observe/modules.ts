import type { Kernel } from "../kernel/kernel.ts"
import { legible } from "./legible.ts"

/** Of the modules of this kernel, those that lie on its disk and are not loaded. */
export type Unloaded = ReadonlySet<string>

/**
 * Using what a module gives makes the kernel load it, which is a change of the host that no namespace holds back: so these are looked up
 * where the loader itself looks, and not tried. modules.dep(5)
 */
export function unloadedModules(kernel: Kernel): Unloaded {
  const release = legible(kernel, "/proc/sys/kernel/osrelease")?.trim() ?? ""
  const loadable = modulesIn(legible(kernel, `/lib/modules/${release}/modules.dep`), ":")
  for (const name of kernel.list("/sys/module")) loadable.delete(underlined(name))
  return loadable
}

/** `kernel/drivers/net/veth.ko.xz: …` */
function modulesIn(text: string | null, ending: string): Set<string> {
  const files = (text ?? "").split("\n").map((line) => line.slice(0, Math.max(0, line.indexOf(ending))))
  return new Set(files.flatMap((file) => /([^/]+)\.ko(\.\w+)?$/.exec(file)?.[1] ?? []).map(underlined))
}

function underlined(name: string): string {
  return name.replaceAll("-", "_")
}
