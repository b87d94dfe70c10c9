import { bridgeRows } from "./bridge-rows.ts"
import { cgroupRows } from "./cgroup-rows.ts"
import { containerRows } from "./container-rows.ts"
import { hostsRows } from "./hosts-rows.ts"
import { imageRows } from "./image-rows.ts"
import { interfaceRows } from "./interface-rows.ts"
import { natRows } from "./nat-rows.ts"
import type { KindRows } from "./row.ts"
import { vethRows } from "./veth-rows.ts"
import { volumeRows } from "./volume-rows.ts"

/** The drift matrix: every attribute of every kind. */
export const MATRIX: readonly KindRows[] = [
  bridgeRows,
  natRows,
  interfaceRows,
  vethRows,
  cgroupRows,
  hostsRows,
  imageRows,
  volumeRows,
  containerRows,
]
