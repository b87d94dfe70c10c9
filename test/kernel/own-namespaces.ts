import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { missing } from "../support/skip.ts"

const INSIDE = "STACK_TEST_INSIDE"
const FLAGS = ["--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]

/**
 * True inside namespaces of this test's own, where its tests are to be run. Outside it runs the file there, passes on what
 * that says, and answers false; what the test leaves running dies with the pid namespace.
 */
export function inOwnNamespaces(url: string): boolean {
  if (process.env[INSIDE] !== undefined) return true
  const reason = missing("unshare")
  if (reason !== undefined) {
    console.log(`skipped: ${fileURLToPath(url)}: ${reason}\n  Total:     0\n  Passed:    0\n  Skipped:   0`)
    return false
  }
  // The shell is their process 1, and reaps what loses its parent, as node would not.
  const command = [...FLAGS, "sh", "-c", '"$@"; exit $?', "sh", process.execPath, "--import", "tsx", fileURLToPath(url)]
  const { status } = spawnSync("unshare", command, { stdio: "inherit", env: { ...process.env, [INSIDE]: "1" } })
  process.exitCode = status ?? 1
  return false
}
