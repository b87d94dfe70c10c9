import { ACCESS } from "../../devices/rule.ts"
import type { Entry, Path } from "../../model/entry.ts"
import type { DeviceNode } from "./spec-devices.ts"
import { whyNoNode } from "./spec-devices.ts"

/** As compose has it: `HOST[:CONTAINER[:PERMISSIONS]]`, or a map. */
export type DeviceEntry = string | { source: string; target?: string; permissions?: string }

const HINT = "write HOST[:CONTAINER[:PERMISSIONS]], such as /dev/fuse:/dev/fuse:rw"

/** Whether the host has them shows when the kernel is looked at. */
export function devicesOf(value: readonly DeviceEntry[] | undefined, entry: Entry): DeviceNode[] {
  const found = new Map<string, DeviceNode>()
  for (const [at, written] of (value ?? []).entries()) {
    const path = ["devices", at]
    const node = nodeOf(written, path, entry)
    if (node === undefined) continue
    const clash = [...found.keys()].find((other) => `${node.target}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${node.target}/`))
    if (clash !== undefined)
      entry.report(path, "duplicate-key", `${clash} has a device already`, {
        hint: "take one out, or give it another path in the container",
      })
    found.set(node.target, node)
  }
  return [...found.values()].sort((a, b) => (a.target < b.target ? -1 : 1))
}

function nodeOf(written: DeviceEntry, path: Path, entry: Entry): DeviceNode | undefined {
  const [source = "", target = source, permissions = ACCESS, ...rest] =
    typeof written === "string" ? written.split(":") : [written.source, written.target, written.permissions]
  const why =
    rest.length > 0
      ? "has more than three parts"
      : !/^\/[^/]/.test(source)
        ? "begins with no absolute path of a device"
        : whyNoNode(target) === undefined
          ? undefined
          : `has a path in the container (${target}) that ${whyNoNode(target)}`
  if (why !== undefined) {
    entry.report(path, "bad-device", `\`${source}\` ${why}`, { hint: HINT })
    return undefined
  }
  const access = [...ACCESS].filter((letter) => permissions.includes(letter)).join("")
  if (access === "" || access.length !== permissions.length) {
    entry.report(path, "bad-device", `\`${permissions}\` is no way to use a device`, {
      hint: "some of r (read), w (write) and m (mknod), each once",
    })
    return undefined
  }
  return { source, target, access }
}
