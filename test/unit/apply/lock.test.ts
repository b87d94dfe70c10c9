import { test } from "uvu"
import * as assert from "uvu/assert"
import { lockStack, takeLock } from "../../../src/apply/lock.ts"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { KernelError } from "../../../src/kernel/kernel.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { putFile } from "../../support/fake-kernel/tree.ts"

test("held, a second one waits its time and is told who holds it", async () => {
  const kernel = fakeKernel()
  const lock = await lockStack(kernel, "lab", 0)
  const problem = await lockStack(kernel, "lab", 60).then(
    () => undefined,
    (failure: unknown) => failure,
  )
  assert.instance(problem, DiagnosticError)
  const [diagnostic] = (problem as DiagnosticError).diagnostics
  assert.is(diagnostic?.code, "stack-locked")
  assert.match(diagnostic?.summary ?? "", /^stack lab is locked by process \d+ \(.*\) since \d{4}-\d\d-\d\dT/)
  lock.release()
  const again = await lockStack(kernel, "lab", 0)
  again.release()
})

// An apply takes it ahead, and once more where that failed: what it held itself it would take for another's.
test("what cannot be written about it leaves it free", async () => {
  const refusals = [new KernelError("write /run/stack/lab/lock", "ENOSPC")]
  const kernel = fakeKernel({ onOperation: (_, op) => (/^write .*\/lock$/.test(op) ? refusals.pop() : undefined) })
  assert.throws(
    () => takeLock(kernel, "lab"),
    (failure: unknown) => failure instanceof KernelError && failure.errno === "ENOSPC",
  )
  const lock = await lockStack(kernel, "lab", 0)
  lock.release()
})

test("one that waits gets it when it is free", async () => {
  const kernel = fakeKernel()
  const lock = await lockStack(kernel, "lab", 0)
  const waiting = lockStack(kernel, "lab", 5000)
  setTimeout(() => lock.release(), 20)
  const second = await waiting
  second.release()
})

test("released, nothing is left of a stack that holds nothing", async () => {
  const kernel = fakeKernel()
  const before = kernel.describe()
  const lock = await lockStack(kernel, "lab", 0)
  assert.is.not(kernel.describe(), before)
  lock.release()
  assert.fixture(kernel.describe(), before)
})

test("released, the folder of a stack that holds something stays, and another stack's too", async () => {
  const kernel = fakeKernel()
  const other = await lockStack(kernel, "other", 0)
  const lock = await lockStack(kernel, "lab", 0)
  kernel.mkdir("/run/stack/lab/web", 0o700)
  lock.release()
  assert.equal(kernel.list("/run/stack/lab"), ["lock", "web"])
  assert.equal(kernel.list("/run/stack"), ["lab", "other"])
  other.release()
  assert.equal(kernel.list("/run/stack"), ["lab"])
})

for (const place of ["/run/stack", "/run/stack/lab"]) {
  test(`a symbolic link at ${place} is told, whether it leads somewhere or not`, async () => {
    for (const to of ["/tmp", "/nowhere"]) {
      const kernel = fakeKernel()
      if (place === "/run/stack/lab") kernel.mkdir("/run/stack", 0o755)
      putFile(kernel.machine.root, place, { type: "link", to, mode: 0o777, uid: 0, gid: 0 })
      const problem = await lockStack(kernel, "lab", 0).then(
        () => undefined,
        (failure: unknown) => failure,
      )
      assert.instance(problem, DiagnosticError)
      assert.is((problem as DiagnosticError).diagnostics[0]?.summary, `${place} is a symbolic link to ${to}`)
    }
  })
}

test("two stacks do not wait for each other", async () => {
  const kernel = fakeKernel()
  const one = await lockStack(kernel, "one", 0)
  const two = await lockStack(kernel, "two", 0)
  one.release()
  two.release()
})

test.run()
