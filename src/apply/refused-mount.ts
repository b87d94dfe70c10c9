import { mountAbove, parseMountinfo } from "../base/mountinfo.ts"
import type { Kernel, KernelError } from "../kernel/kernel.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { Mount } from "../kinds/container/spec-mounts.ts"
import { HOSTS, RESOLV_CONF } from "../kinds/container/spec-places.ts"
import type { Run } from "../model/driver.ts"
import { volumeFolderOf } from "../model/ownership.ts"
import type { Step } from "../model/step.ts"
import type { Refused } from "./refused-field.ts"

const CANNOT = "cannot show other ids (idmapped mounts, mount_setattr(2))"

/** What is mounted in a container, its image among it. */
export function mountOf(step: Step, refusal: KernelError, run: Run): Refused | undefined {
  return copyOf(step, refusal, run) ?? targetOf(step, refusal) ?? systemFolderOf(step, refusal)
}

/** Of what is mounted the monitor makes a copy first. */
function copyOf({ change }: Step, { op, errno }: KernelError, { kernel, stack }: Run): Refused | undefined {
  const [, what, source = ""] = /^(show the container's ids in|open_tree|mount_setattr) (.*)$/s.exec(op) ?? []
  if (what === undefined) return undefined
  const { mounts } = change.after as unknown as ContainerAttributes
  const target = Object.entries(mounts).find(([, mount]) => sourceOf(stack, mount) === source)?.[0]
  const field = target === undefined ? "image" : `mounts.${target}`
  if (what === "open_tree" && errno === "ENOENT") return { field, hint: "it is gone since the plan was made" }
  return what.startsWith("show") && errno === "EINVAL" ? { field, hint: idsHint(kernel, source, target !== undefined) } : { field }
}

function sourceOf(stack: string, mount: Mount): string | undefined {
  if (mount.type === "tmpfs") return undefined
  return mount.type === "volume" ? volumeFolderOf(stack, mount.source) : mount.source
}

function idsHint(kernel: Kernel, source: string, optional: boolean): string {
  const type = mountAbove(parseMountinfo(kernel.read("/proc/self/mountinfo") ?? ""), source)?.type
  const system = `the file system of ${source}${type === undefined ? "" : ` (${type})`}${optional ? ", or one below it," : ""}`
  return `${system} ${CANNOT}: keep it on another one, such as ext4, xfs, btrfs or tmpfs, or share the host's ids (\`namespaces: { user: host }\`)`
}

const HINTS: { readonly [errno: string]: string } = {
  ENOENT: "a symbolic link on the way leads to what is not there in the image: name the place itself",
  ENOTDIR: "a folder is mounted on a folder, and on the way there must be folders",
  EISDIR: "what is mounted is a file, and the target is a folder: name the file",
  ELOOP: "symbolic links on the way lead in a circle, or out of the image by way of /proc",
  EXDEV: "a symbolic link on the way leads into /proc, /sys or /dev, where nothing is mounted",
  EBUSY: "a symbolic link on the way leads to the root itself, over which nothing is mounted",
  EROFS: "it is not there, and lies in what is read-only: make it there first",
  EACCES: "the container's root may not make it there; of `image: host` only the folders at the top are its own: choose a target elsewhere",
}

/** Of a container that goes on. */
const TAKING_OFF: { readonly [errno: string]: (address: string) => string } = {
  EBUSY: (address) =>
    `a process has something open there, or is in that folder: end it, or \`stack apply --replace ${address}\` makes the container anew`,
  ESTALE: (address) => `something else is mounted there by now: \`stack apply --replace ${address}\` makes the container anew`,
}

function targetOf({ change }: Step, { op, errno }: KernelError): Refused | undefined {
  const taken = /^nsenter --mount --target \d+ umount (.*)$/s.exec(op)?.[1]
  if (taken !== undefined)
    return { field: `mounts.${taken}`, ...(errno in TAKING_OFF ? { hint: TAKING_OFF[errno]?.(change.address) ?? "" } : {}) }
  if (!/^(nsenter --mount --target \d+ )?mount (--bind |tmpfs on )/.test(op)) return undefined
  const { mounts } = change.after as unknown as ContainerAttributes
  const isAt = (target: string) => op.replace(/ \(setup step \d+\)$/, "").endsWith(` ${target}`)
  const target = Object.keys(mounts).find(isAt)
  const hint = HINTS[errno]
  if (target !== undefined) return { field: `mounts.${target}`, ...(hint === undefined ? {} : { hint }) }
  return [HOSTS, RESOLV_CONF].some(isAt) && hint !== undefined ? { field: "image", hint } : undefined
}

/** What every container has of its own is mounted on folders of its image. */
function systemFolderOf({ change }: Step, { op, errno }: KernelError): Refused | undefined {
  const folder = /^mkdir (\/(?:proc|sys|dev))( |$)/.exec(op)?.[1]
  if (folder === undefined || (errno !== "ELOOP" && errno !== "ENOTDIR")) return undefined
  const { image } = change.after as unknown as ContainerAttributes
  const is = errno === "ELOOP" ? "a symbolic link" : "no folder"
  return { field: "image", hint: `${folder} of the image (${image}) is ${is}: its /proc, /sys and /dev must be folders, or not be there` }
}
