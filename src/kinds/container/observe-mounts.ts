import type { Scope } from "../../model/driver.ts"
import type { MountLine } from "./mountinfo.ts"
import { mountAt, parseMountinfo } from "./mountinfo.ts"
import type { ContainerRecord } from "./record.ts"
import { HOST_FOLDERS } from "./rootfs.ts"
import type { ContainerAttributes } from "./spec.ts"

type Mounted = Pick<ContainerAttributes, "read_only">

/** /proc/PID/mountinfo of those containers of which it tells something: others are not read, and have the usual. */
export function readMounts(scope: Scope, records: ReadonlyMap<string, ContainerRecord | undefined>): Map<string, MountLine[]> {
  const telling = [...records].flatMap(([name, record]) => {
    const init = scope.monitors.get(name)?.init
    return init !== undefined && record !== undefined && isTold(record.attributes) ? [{ name, pid: init.pid }] : []
  })
  const texts = scope.kernel.readMany(telling.map(({ pid }) => `/proc/${pid}/mountinfo`))
  return new Map(telling.flatMap(({ name }, i) => (texts[i] == null ? [] : [[name, parseMountinfo(texts[i])] as const])))
}

function isTold({ read_only, namespaces }: ContainerAttributes): boolean {
  return read_only && namespaces.mount === "new"
}

/** What is mounted in a container, as far as its file has to do with it. */
export function observedMounts(lines: readonly MountLine[] | undefined, { attributes }: ContainerRecord): Mounted {
  if (lines === undefined) return { read_only: attributes.read_only }
  return { read_only: rootMounts(lines, attributes.image).every(({ options }) => options.includes("ro")) }
}

/** What its root is made of. */
function rootMounts(lines: readonly MountLine[], image: string): MountLine[] {
  const folders = image === "host" ? HOST_FOLDERS.map((name) => `/${name}`) : []
  return ["/", ...folders].flatMap((target) => mountAt(lines, target) ?? [])
}
