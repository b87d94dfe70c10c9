import { cgroupRows } from "../drift-matrix/cgroup-rows.ts"
import { containerRows } from "../drift-matrix/container-rows.ts"
import { hostsRows } from "../drift-matrix/hosts-rows.ts"
import { runMatrix } from "../drift-matrix/run-matrix.ts"

await runMatrix([cgroupRows, hostsRows, containerRows])
