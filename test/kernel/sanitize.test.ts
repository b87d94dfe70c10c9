import { execFileSync, spawnSync } from "node:child_process"
import { isAbsolute } from "node:path"
import { fileURLToPath } from "node:url"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { missing, testsUnless } from "../support/skip.ts"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

/** The library is loaded into a node that is not built with the sanitizer: its runtime must be there before. */
function runtime(): string | undefined {
  if (missing("cc", "make", "unshare") !== undefined) return undefined
  const path = execFileSync("cc", ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim()
  return isAbsolute(path) ? path : undefined
}

const library = runtime()
const testSanitized = testsUnless(missing("cc", "make", "unshare") ?? (library === undefined ? "the compiler has no libasan" : undefined))

for (const file of ["files", "processes", "become", "capture", "resolver"]) {
  testSanitized(`${file} on the build with the address and undefined-behaviour sanitizers`, () => {
    execFileSync("make", ["-s", "-C", "native", "sanitize"], { cwd: ROOT })
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", `test/kernel/${file}.test.ts`], {
      cwd: ROOT,
      encoding: "utf8",
      env: {
        ...process.env,
        STACK_TEST_NATIVE: `${ROOT}native/build/sanitize`,
        LD_PRELOAD: library,
        // Node itself frees little at its end.
        ASAN_OPTIONS: "detect_leaks=0:halt_on_error=1",
        UBSAN_OPTIONS: "print_stacktrace=1",
      },
    })
    assert.is(status, 0, `${stdout}${stderr}`)
    assert.match(stdout, /Passed: +[1-9]/)
  })
}

test.run()
