import { limitRows } from "./limit-rows.ts"
import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

export const cgroupRows: KindRows = {
  kind: "cgroup",
  attributes: [
    ...limitRows({ address: "cgroup.tier", folder: "tier", memoryAndSwap: 288, quota: 100_000, cpuset: "0" }),
    {
      attribute: "frozen",
      read: "`cgroup.freeze`",
      hands: [{ by: "echo 1 > $cgroup2/tier/cgroup.freeze", shows: { "cgroup.tier": { frozen: true } }, needs: "unified" }],
    },
    {
      attribute: ITSELF,
      read: "the folders below `…/stack/STACK` in every hierarchy",
      hands: [{ by: "rmdir $cgroup2/bare", shows: { "cgroup.bare": "gone" }, needs: "unified" }],
    },
  ],
}
