import { USUAL_PIDS } from "../cgroup/spec.ts"
import type { ContainerAttributes } from "./spec.ts"
import { CAPABILITIES, DEFAULT_CAPABILITIES, SYSTEM_CAPABILITIES } from "./spec-capabilities.ts"
import { deviceText } from "./spec-devices.ts"
import { SYSTEM_UNMASKED } from "./spec-profile.ts"
import { DEFAULT_SECCOMP, seccompFile, UNCONFINED } from "./spec-security.ts"

/** Something in which a container is held less tightly than one of which the file says nothing. */
export interface Relaxation {
  /** As the stack file has it: `cap_add`, `namespaces.user`. */
  option: string
  value: string
  /** What that comes to. */
  meaning: string
}

const SYSTEM = "its root has every capability over what is its own, set-user-id programs in it give their power, and it makes cgroups"

/** What the namespaces are good for, of those that are the host's. */
const SHARED: { readonly [kind: string]: string } = {
  user: "its root has the host's ids",
  mount: "it sees the host's files",
  pid: "it sees the host's processes",
  net: "it is in the host's network",
  ipc: "it shares memory and message queues with the host",
  uts: "its host name is the host's",
  cgroup: "it sees the host's cgroups",
}

const OF_USER =
  "its ids are those of who applies the stack (root's: the host's root, whom nothing holds), and of all its containers that have them"
const UNMASKED = "it sees or changes what of /proc and /sys is the whole machine's"

/** Nothing holds its group; and nodes are made, and a devtmpfs is mounted, only by who has the capability over the host's own ids. mknod(2) */
const ALL_DEVICES = { value: "all devices", meaning: "it may use every device of the host's" }
const ANY_ACCESS = {
  value: "any access",
  meaning: "it may do with the devices that it has what their modes let it; others it has not, and cannot make",
}

/** All of a container's, the gravest first. */
export function relaxationsOf(attributes: ContainerAttributes): Relaxation[] {
  const { namespaces, no_new_privileges, seccomp, unmask, all_devices, devices, ulimits, oom_score_adj, limits } = attributes
  const shared = Object.entries(namespaces).filter(([, mode]) => mode === "host")
  const system = attributes.init === "systemd"
  return [
    ...(system ? [{ option: "init", value: "systemd", meaning: SYSTEM }] : []),
    ...shared.map(([kind]) => ({ option: `namespaces.${kind}`, value: "host", meaning: SHARED[kind] ?? "it is the host's" })),
    ...ofUser(attributes),
    ...addedCapabilities(attributes, system ? SYSTEM_CAPABILITIES : DEFAULT_CAPABILITIES),
    ...seccompOf(seccomp),
    ...(no_new_privileges || system
      ? []
      : [{ option: "security_opt", value: "no-new-privileges=false", meaning: "set-user-id programs in it give their power" }]),
    ...unmask
      .filter((path) => !system || !SYSTEM_UNMASKED.includes(path))
      .map((path) => ({ option: "security_opt", value: `unmask=${path}`, meaning: UNMASKED })),
    ...(all_devices ? [{ option: "privileged", ...(namespaces.user === "host" ? ALL_DEVICES : ANY_ACCESS) }] : []),
    ...devices.map((one) => ({ option: "devices", value: deviceText(one), meaning: "it may use this device of the host's" })),
    ...Object.entries(ulimits)
      .filter(([name, { hard }]) => name === "core" && hard !== 0)
      .map(([, { hard }]) => ({ option: "ulimits.core", value: String(hard), meaning: "what handles its core dumps is the host's" })),
    ...morePids(limits.pids),
    ...(oom_score_adj >= 0
      ? []
      : [{ option: "oom_score_adj", value: String(oom_score_adj), meaning: "others are killed before it when memory runs out" }]),
  ]
}

/** Of one of which the file says nothing there is a number here where the host can hold it to one. */
function morePids(pids: ContainerAttributes["limits"]["pids"]): Relaxation[] {
  if (pids === undefined || (pids !== "max" && pids <= USUAL_PIDS)) return []
  return [{ option: "limits.pids", value: String(pids), meaning: `it may have more processes than ${USUAL_PIDS}` }]
}

/** Of a user namespace of its own: an id is that of the namespace above it, in which the stack is applied. */
function ofUser({ uid_map, gid_map }: ContainerAttributes): Relaxation[] {
  const whose = (map: ContainerAttributes["uid_map"]) => (Array.isArray(map) ? map.find(({ host }) => host === 0)?.container : undefined)
  const [uid, gid] = [whose(uid_map), whose(gid_map)]
  if (uid === undefined && gid === undefined) return []
  const value = uid === 0 ? "as the user's" : uid === undefined ? `group ${gid} as the user's` : `${uid} as the user's`
  return [{ option: "idmap", value, meaning: OF_USER }]
}

/** More of them than a person reads one by one come to one line. */
function addedCapabilities({ capabilities, namespaces }: ContainerAttributes, usual: readonly string[]): Relaxation[] {
  const added = capabilities.filter((name) => !usual.includes(name))
  const over = namespaces.user === "host" ? "" : " over what is its own"
  if (capabilities.length === CAPABILITIES.length)
    return [{ option: "cap_add", value: "ALL", meaning: `its root has every capability${over}` }]
  if (added.length > 8) return [{ option: "cap_add", value: `${added.length} capabilities`, meaning: `its root has ${added.join(", ")}` }]
  return added.map((name) => ({ option: "cap_add", value: name, meaning: "its root has this capability" }))
}

function seccompOf(seccomp: string): Relaxation[] {
  if (seccomp === DEFAULT_SECCOMP) return []
  if (seccomp === UNCONFINED) return [{ option: "security_opt", value: "seccomp=unconfined", meaning: "no system call is kept from it" }]
  const file = seccompFile(seccomp) ?? seccomp
  return [{ option: "security_opt", value: `seccomp=${file}`, meaning: "it may do what this file says" }]
}
