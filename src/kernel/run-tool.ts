import { spawn } from "node:child_process"
import { codeOf } from "./files.ts"
import { KernelError } from "./kernel.ts"

/** Of what it prints. */
const KEPT = 4096

/** As the port says. `program`: stack-unpack. */
export function runTool(
  program: string,
  argv: readonly string[],
  environment: { readonly [name: string]: string },
): Promise<{ status: number; output: string }> {
  const child = spawn(program, ["within", ...argv], { stdio: ["ignore", "pipe", "pipe"], env: environment, cwd: "/" })
  let output = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT)
    })
  return new Promise((resolve, reject) => {
    child.on("error", (e) => reject(new KernelError(`start ${argv[0]}`, codeOf(e))))
    child.on("close", (status, signal) =>
      signal === null
        ? resolve({ status: status ?? -1, output })
        : reject(new KernelError(`run ${argv[0]}`, "ECHILD", `killed by ${signal}`)),
    )
  })
}
