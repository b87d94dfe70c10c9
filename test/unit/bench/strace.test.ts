/** What the bench reads out of a log of strace's. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { parseTrace } from "../../bench/strace.ts"

test("a call that another process's interrupted in the log is one, with all that both parts say of it", () => {
  const log = `7 1764187200.000100 write(2, "container.a: spawned (3 ms)\\n", 28 <unfinished ...>
8 1764187200.000150 getpid() = 8 <0.000004>
7 1764187200.000200 <... write resumed>) = 28 <0.000100>
7 1764187200.000300 exit_group(0) = ?
`
  assert.equal(parseTrace(log), [
    { pid: 8, at: 1764187200.00015, name: "getpid", text: "() = 8", seconds: 0.000004 },
    { pid: 7, at: 1764187200.0002, name: "write", text: '(2, "container.a: spawned (3 ms)\\n", 28 resumed>) = 28', seconds: 0.0001 },
  ])
})

test.run()
