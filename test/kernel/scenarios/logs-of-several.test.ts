/** `stack logs` of more than one container: whose line it is stands before it, and they come in the order in which they were printed. */
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectStatus, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
containers:
  web: { command: [sh, -c, "echo web 1; echo oops >&2; sleep 0.4; echo web 2; sleep 0.4; printf 'no break'"] }
  app: { replicas: 2, command: [sh, -c, "sleep 0.\${index}2; echo app \${index}; sleep 1"] }
  mute: { command: ["true"] }
`

async function ended(sandbox: Sandbox): Promise<string> {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const all = ["web", "app[0]", "app[1]", "mute"]
  await eventually(() => all.every((name) => live(sandbox, "lab", name).init === 0), "all have ended")
  return file
}

scenario("all of a stack, all replicas of a container, or those that are named", async (sandbox) => {
  const file = await ended(sandbox)
  const logs = (...words: string[]) => expectStatus(sandbox.stack(["logs", "-p", "lab", ...words]), 0)
  const all = logs()
  assert.equal(all.stdout.split("\n").sort(), [
    "",
    "app[0] | app 0",
    "app[1] | app 1",
    "web    | no break",
    "web    | web 1",
    "web    | web 2",
  ])
  assert.is(all.stderr, "web    | oops\n")
  const order = all.stdout.split("\n").map((line) => line.slice(9))
  assert.ok(order.indexOf("web 1") < order.indexOf("app 1") && order.indexOf("app 1") < order.indexOf("no break"), all.stdout)
  assert.is(expectStatus(sandbox.stack(["logs", "-f", file, "app"]), 0).stdout, "app[0] | app 0\napp[1] | app 1\n")
  assert.is(logs("app[1]", "container.mute").stdout, "app[1] | app 1\n")
  // One is as it is, without a word before it or a line break behind it.
  assert.is(logs("web").stdout, "web 1\nweb 2\nno break")
  assert.is(logs("-n", "1").stdout.split("\n").sort().join("\n"), "\napp[0] | app 0\napp[1] | app 1\nweb    | no break")
  assert.match(logs("-t", "app[0]", "web").stdout, /^web {4}\| \d{4}-\d\d-\d\dT\S+Z web 1$/m)
})

scenario("several are followed until the last of them has ended", (sandbox) => {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  const { stdout } = expectStatus(sandbox.stack(["logs", "--follow", "-f", file]), 0)
  assert.equal(stdout.split("\n").sort(), ["", "app[0] | app 0", "app[1] | app 1", "web    | no break", "web    | web 1", "web    | web 2"])
})

scenario("no such container, no stack, and a name where the file is meant", async (sandbox) => {
  await ended(sandbox)
  const told = (...words: string[]) => expectStatus(sandbox.stack(["logs", ...words]), 1).stderr
  assert.match(told("-p", "lab", "web", "wep"), "error: stack lab has no live container wep\n  hint: did you mean web?")
  // As compose calls a replica.
  assert.match(told("-p", "lab", "app-1"), "no live container app-1\n  hint: the replicas of app are called app[0], app[1]\n")
  assert.match(told("-p", "none"), "error: stack none has no live container\n  hint: `stack apply` starts the stack")
  assert.match(told("-f", "web"), "web is not there\n  hint: -f is the stack file; a log is followed with --follow")
})

test.run()
