/** Becomes what the exec record in its first argument says. Standard output has been used before, as by any command of ours. */
import { openFfi } from "../../src/kernel/ffi.ts"
import { openFiles } from "../../src/kernel/files.ts"
import type { ExecRecord } from "../../src/kernel/launch/exec.ts"
import { openProcesses } from "../../src/kernel/processes.ts"

const native = process.env.STACK_TEST_NATIVE
const ffi = openFfi(native)
process.stdout.write("")
openProcesses(ffi, openFiles(ffi).read, native).become(JSON.parse(process.argv[2] ?? "") as ExecRecord)
