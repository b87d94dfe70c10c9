"use strict"
// How many milliseconds a plan takes for the reading itself: from its first question to the kernel to the answer of its last one, with
// all that is done in between, but for the rest of the file, which is looked through while a thread goes round the namespaces.
// node read.cjs dist/stack.js FILE plan
const [loader, file] = process.argv.slice(2)
const { bundle } = require(loader)

let first
let last
/** When the round was begun, and how long nothing was asked then. */
let begun
let beside = 0
const watched = (target) =>
  Object.fromEntries(
    Object.entries(target).map(([name, method]) => [
      name,
      (...values) => {
        const now = performance.now()
        first ??= now
        if (begun !== undefined && beside === 0) beside = now - begun
        const answer = method(...values)
        last = performance.now()
        if (name === "visit") begun ??= last
        return name === "visit" ? watched(answer) : answer
      },
    ]),
  )
const out = { write: () => undefined, terminal: false, color: false, closed: false }
const context = {
  cwd: process.cwd(),
  environment: process.env,
  out,
  err: out,
  sources: new Map(),
  kernel: () => watched(bundle.linuxKernel()),
}
performance.now()
void bundle.main(["plan", "-f", file], context).then((code) => {
  process.stdout.write(`${(last - first - beside).toFixed(2)}\n`)
  process.exit(code)
})
