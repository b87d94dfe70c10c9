import type { Address } from "../base/address.ts"
import type { Kind } from "../model/kind.ts"
import type { Attributes, KindName } from "../model/resource.ts"
import { bridgeKind } from "./bridge/kind.ts"
import { cgroupKind } from "./cgroup/kind.ts"
import { containerKind } from "./container/kind.ts"
import { hostsKind } from "./hosts/kind.ts"
import { imageKind } from "./image/kind.ts"
import { interfaceKind } from "./interface/kind.ts"
import { natKind } from "./nat/kind.ts"
import { vethKind } from "./veth/kind.ts"
import { volumeKind } from "./volume/kind.ts"

/** The pure faces of all kinds. */
export const kinds: { readonly [K in KindName]: Kind } = {
  bridge: bridgeKind,
  cgroup: cgroupKind,
  container: containerKind,
  hosts: hostsKind,
  image: imageKind,
  interface: interfaceKind,
  nat: natKind,
  veth: vethKind,
  volume: volumeKind,
}

/** Attributes of a kind in which resources have other addresses. Some may be absent, as of what is observed. */
export function readdressed(kind: KindName, attributes: Attributes, rename: (address: Address) => Address): Attributes {
  return kinds[kind].readdressed?.(attributes, rename) ?? attributes
}
