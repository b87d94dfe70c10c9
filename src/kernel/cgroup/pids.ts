import type { Codec, Controller } from "./controller.ts"
import { limit, numberOf } from "./controller.ts"

/** The same file on both. https://docs.kernel.org/admin-guide/cgroup-v2.html#pid */
const codec: Codec = {
  files: ["pids.max"],
  read: ([max]) => limit("pids", numberOf(max)),
  writes: (before, after) => {
    const [had, wanted] = [before.pids ?? "max", after.pids ?? "max"]
    return had === wanted ? [] : [{ file: "pids.max", text: `${wanted}` }]
  },
}

export const pids: Controller = { name: "pids", keys: ["pids"], v1: codec, v2: codec }
