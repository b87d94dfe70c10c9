import { interfaceRows } from "../drift-matrix/interface-rows.ts"
import { runMatrix } from "../drift-matrix/run-matrix.ts"

await runMatrix([interfaceRows])
