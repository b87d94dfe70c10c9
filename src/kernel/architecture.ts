import { DiagnosticError, error } from "../base/diagnostic.ts"

/** What this machine's programs are made for, as seccomp tells it. */
export function hostArchitecture(): "x86-64" | "arm64" {
  if (process.arch === "x64") return "x86-64"
  if (process.arch === "arm64") return "arm64"
  const hint = "`security_opt: [seccomp=unconfined]` does without"
  throw new DiagnosticError(
    error("no-seccomp", `no table of the system calls of ${process.arch} is here: no seccomp filter can be made`, { hint }),
  )
}
