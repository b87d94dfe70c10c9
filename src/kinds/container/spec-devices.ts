import { ACCESS, USUAL_NODES } from "../../devices/rule.ts"

/** A device of the host's: its path there, and in the container, and some of `r`, `w` and `m` in this order. */
export interface DeviceNode {
  source: string
  target: string
  access: string
}

/** What holds its group to its devices is there. */
export const ATTACHED = "attached"

/** What stands in the /dev of every container. */
const OWN = new Set([...Object.keys(USUAL_NODES), "pts", "shm", "ptmx", "fd", "stdin", "stdout", "stderr"])

/** Why there can be no node of a device at a path of a container; undefined where there can. */
export function whyNoNode(path: string): string | undefined {
  const [, first, ...names] = path.split("/")
  if (first !== "dev" || names.length === 0) return "is not below /dev"
  if (names.some((name) => name === "" || name === "." || name === ".." || /[\n\0]/.test(name))) return "is no plain path"
  return OWN.has(names[0] as string) ? `is in the place of /dev/${names[0]}, which every container has` : undefined
}

/** As compose writes it, as short as it can be. */
export function deviceText({ source, target, access }: DeviceNode): string {
  if (access !== ACCESS) return `${source}:${target}:${access}`
  return source === target ? source : `${source}:${target}`
}
