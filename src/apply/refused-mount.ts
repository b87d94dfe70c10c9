import type { Kernel, KernelError } from "../kernel/kernel.ts"
import { mountAbove, parseMountinfo } from "../kinds/container/mountinfo.ts"
import type { Refused } from "./refused-field.ts"

const CANNOT = "cannot show other ids (idmapped mounts, mount_setattr(2))"

/** What is mounted in a container, its image among it. */
export function mountOf({ op, errno }: KernelError, kernel: Kernel): Refused | undefined {
  const source = /^show the container's ids in (.*)$/s.exec(op)?.[1]
  if (source === undefined) return undefined
  if (errno !== "EINVAL") return { field: "image" }
  const type = mountAbove(parseMountinfo(kernel.read("/proc/self/mountinfo") ?? ""), source)?.type
  const system = `the file system of ${source}${type === undefined ? "" : ` (${type})`}`
  const hint = `${system} ${CANNOT}: keep it on another one, such as ext4, xfs, btrfs or tmpfs, or share the host's ids (\`namespaces: { user: host }\`)`
  return { field: "image", hint }
}
