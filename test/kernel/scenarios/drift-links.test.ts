import { bridgeRows } from "../drift-matrix/bridge-rows.ts"
import { natRows } from "../drift-matrix/nat-rows.ts"
import { runMatrix } from "../drift-matrix/run-matrix.ts"
import { vethRows } from "../drift-matrix/veth-rows.ts"

await runMatrix([bridgeRows, natRows, vethRows])
