"use strict"
// How many milliseconds a plan takes for the reading itself: from its first question to the kernel to the answer of its last one, with
// all that is done in between, but for what is not of it: the file, which is looked through while threads read who is there, and then go
// round the namespaces.
// node read.cjs dist/stack.js FILE plan
const [loader, file] = process.argv.slice(2)
const { bundle } = require(loader)

let first
let last
let lastName = ""
/** How long the file was looked through after that, which ends with what is asked after the round was begun. */
let beside = 0
let isLoading = true
let isVisiting = false
const LEAVES_A_THREAD = new Set(["readBeside", "visit"])
const ask = (name, work) => {
  const now = performance.now()
  first ??= now
  if (isLoading && LEAVES_A_THREAD.has(lastName) && !LEAVES_A_THREAD.has(name)) {
    beside += now - last
    isLoading = !isVisiting
  }
  isVisiting ||= name === "visit"
  const answer = work()
  last = performance.now()
  lastName = name
  return answer
}
const watched = (target) =>
  Object.fromEntries(
    Object.entries(target).map(([name, method]) => [
      name,
      (...values) => {
        const answer = ask(name, () => method(...values))
        if (name === "visit") return watched(answer)
        return name === "readBeside" ? () => ask("answer", answer) : answer
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
