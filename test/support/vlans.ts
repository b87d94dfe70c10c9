import { spawnSync } from "node:child_process"

/** Why this kernel has none of the links and bridges that a router on a stick is made of; undefined where it has. */
export function lackingVlans(): string | undefined {
  const words = "ip link add sw type bridge vlan_filtering 1 && ip link add probe link sw type vlan id 10"
  return spawnSync("unshare", ["-n", "sh", "-c", words]).status === 0 ? undefined : "this kernel has no vlan"
}
