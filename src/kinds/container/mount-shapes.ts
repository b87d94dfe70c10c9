import type { Shape } from "../../base/shape.ts"
import { truth } from "../../base/shape.ts"

/** How a container's root is written to, in a record or a kept plan. */
export const mountShapes: { readonly [key: string]: Shape } = {
  ephemeral: truth,
  read_only: truth,
}
