import type { Fragment } from "../../model/fragment.ts"
import { keys, lifecycleKeys, named } from "../../model/fragment.ts"

/** `volumes:` */
export function volumesSchema(): Fragment {
  return named("Volumes, by name: folders that containers mount, and that stay when these go; only `destroy --volumes` removes them.", {
    ...keys("A volume.", lifecycleKeys(), { later: ["driver", "driver_opts", "external", "labels", "name"] }),
    type: ["object", "null"],
  })
}
