import { test } from "uvu"
import * as assert from "uvu/assert"
import { signalName, signalNumber } from "../../../src/base/signal.ts"

test("a signal has one name, however it is written", () => {
  const names = ["SIGTERM", "TERM", "term", "15", "SIGRTMIN+3", "rtmin+3", "37", "RTMAX", "RTMAX-27", "SIGRTMIN", "SIGSYS"]
  assert.equal(
    names.map((name) => signalName(signalNumber(name) ?? 0)),
    [
      ...["SIGTERM", "SIGTERM", "SIGTERM", "SIGTERM", "SIGRTMIN+3", "SIGRTMIN+3", "SIGRTMIN+3"],
      ...["SIGRTMIN+30", "SIGRTMIN+3", "SIGRTMIN", "SIGSYS"],
    ],
  )
})

test("every number from 1 to 64 is found again by its name", () => {
  for (let n = 1; n <= 64; n++) assert.is(signalNumber(signalName(n)), n)
})

test("what is no signal has no number", () => {
  for (const word of ["", "0", "65", "SIG", "SIGFOO", "RTMIN-1", "RTMAX+1", "RTMIN+31", "1.5", "-1", "SIGTERM "])
    assert.is(signalNumber(word), undefined, word)
})

test.run()
