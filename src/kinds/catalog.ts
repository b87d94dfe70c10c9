import type { Kind } from "../model/kind.ts"
import type { KindName } from "../model/resource.ts"
import { bridgeKind } from "./bridge/kind.ts"
import { cgroupKind } from "./cgroup/kind.ts"
import { containerKind } from "./container/kind.ts"
import { interfaceKind } from "./interface/kind.ts"
import { vethKind } from "./veth/kind.ts"

/** The pure faces of all kinds. */
export const kinds: { readonly [K in KindName]: Kind } = {
  bridge: bridgeKind,
  cgroup: cgroupKind,
  container: containerKind,
  interface: interfaceKind,
  veth: vethKind,
}
