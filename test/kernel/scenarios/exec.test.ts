import { readFileSync, readlinkSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectNoTrace, expectStatus, groupFile, live, PIDS, scenario, test } from "../../support/lab.ts"
import type { RunOptions, Sandbox } from "../../support/sandbox.ts"

const LAB = `
name: lab
containers:
  web:
    image: host
    command: [sleep, infinity]
    limits: { memory: 64M, pids: 20 }
    environment: { COLOUR: green }
    working_dir: /var
  done: { image: host, command: ["true"] }
`

function opened(sandbox: Sandbox): (args: string[], options?: RunOptions) => ReturnType<Sandbox["stack"]> {
  const file = sandbox.file("stack.yaml", LAB)
  apply(sandbox, file)
  return (args, options) => sandbox.stack(["exec", "-f", file, ...args], options)
}

scenario("of a name with replicas it is asked which one is meant", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: lab\ncontainers: { app: { command: [sleep, infinity], replicas: 11 } }\n")
  apply(sandbox, file)
  const told = (command: string, name: string) =>
    expectStatus(sandbox.stack([command, "-f", file, name, "--", "true"].slice(0, command === "exec" ? 6 : 4)), 1).stderr
  for (const command of ["exec", "console"])
    assert.is(
      told(command, "app"),
      "error: container.app has replicas: which one is meant?\n  hint: name one of them: app[0], app[1], app[2], app[3], app[4], app[5], app[6], app[7] and 3 more\n",
    )
  assert.match(told("exec", "app_1"), /no live container app_1\n {2}hint: the replicas of app are called app\[0\], app\[1\], /)
  assert.match(told("exec", "app[11]"), /no live container app\[11\]\n {2}hint: the replicas of app are called app\[0\], /)
  expectStatus(sandbox.stack(["exec", "-f", file, "app[10]", "--", "true"]), 0)
})

scenario("the command's own exit status", (sandbox) => {
  const exec = opened(sandbox)
  for (const status of [0, 1, 7, 64, 125, 126, 127, 255]) {
    assert.is(exec(["web", "--", "sh", "-c", `exit ${status}`]).status, status)
  }
  assert.is(exec(["web", "--", "sh", "-c", "kill -KILL $$"]).status, 137)
  assert.is(exec(["web", "--", "sh", "-c", "kill -TERM $$"]).status, 143)
})

scenario("not found is 127, not executable is 126, each with one line that says so", (sandbox) => {
  const exec = opened(sandbox)
  const absent = expectStatus(exec(["web", "--", "no-such-command"]), 127)
  assert.match(absent.stderr, "no-such-command")
  expectNoTrace(absent)
  const closed = expectStatus(exec(["web", "--", "/etc/passwd"]), 126)
  assert.match(closed.stderr, "/etc/passwd")
  expectNoTrace(closed)
  assert.is(expectStatus(exec(["web", "--", ""]), 127).stderr, "stack: exec: '': not found in the container\n")
})

scenario("standard input, output and error pass through as they are", (sandbox) => {
  const exec = opened(sandbox)
  assert.is(exec(["web", "--", "cat"], { input: "a\0b\nc" }).stdout, "a\0b\nc")
  assert.is(exec(["-i", "web", "cat"], { input: "as docker's" }).stdout, "as docker's")
  const both = exec(["web", "--", "sh", "-c", "echo out; echo err >&2"])
  assert.equal([both.stdout, both.stderr], ["out\n", "err\n"])
  const big = exec(["web", "--", "head", "-c", "3000000", "/dev/zero"])
  assert.equal([big.status, big.stdout.length], [0, 3_000_000])
})

scenario("all namespaces, the cgroup, the ids and the capabilities of the container", (sandbox) => {
  const exec = opened(sandbox)
  const { init } = live(sandbox, "lab", "web")
  const kinds = ["user", "mnt", "pid", "net", "uts", "ipc", "cgroup"]
  const script = `for k in ${kinds.join(" ")}; do readlink /proc/self/ns/$k; done; cat /proc/self/cgroup; echo; cat /proc/self/status`
  const [spaces = "", status = ""] = exec(["web", "--", "sh", "-c", script]).stdout.split("\n\n")
  const lines = spaces.split("\n")
  assert.equal(
    lines.slice(0, kinds.length),
    kinds.map((kind) => readlinkSync(`/proc/${init}/ns/${kind}`)),
  )
  for (const line of lines.slice(kinds.length).filter((l) => /memory|pids|^0::/.test(l)))
    assert.match(line, /:\/$/, "the group is the root of the view")
  const own = readFileSync(`/proc/${init}/status`, "utf8")
  const field = (text: string, name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(text)?.[1]
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"])
    assert.is(field(status, name), field(own, name), name)
  assert.is(field(status, "Uid"), "0\t0\t0\t0")
  assert.is(field(status, "CapInh"), "0000000000000000")
  const limits = readFileSync(`/proc/${init}/limits`, "utf8")
  assert.is(exec(["web", "--", "cat", "/proc/self/limits"]).stdout, limits)
  assert.match(limits, /^Max core file size +0 +0 /m)
})

scenario("what it starts counts against the container's limits", async (sandbox) => {
  opened(sandbox)
  const child = sandbox.start(
    sandbox.command("exec", "-f", `${sandbox.work}/stack.yaml`, "web", "--", "sh", "-c", "echo there; exec sleep 60"),
  )
  await new Promise((resolve) => child.stdout.once("data", resolve))
  const procs = readFileSync(groupFile(sandbox, "pids", "lab/web", { v1: "cgroup.procs", v2: "cgroup.procs" }), "utf8")
    .trim()
    .split("\n")
  assert.is(procs.length, 2, `${procs} are the container's own command and this one`)
  child.kill("SIGKILL")
  const bomb = sandbox.stack([
    "exec",
    "-f",
    `${sandbox.work}/stack.yaml`,
    "web",
    "--",
    "sh",
    "-c",
    "for i in $(seq 40); do sleep 1 & done; wait",
  ])
  assert.is.not(bomb.status, 0)
  assert.ok(Number(readFileSync(groupFile(sandbox, "pids", "lab/web", { v1: "pids.current", v2: "pids.current" }), "utf8")) <= 20)
  assert.is(readFileSync(groupFile(sandbox, "pids", "lab/web", PIDS), "utf8").trim(), "20")
})

scenario("the container's environment and working folder, and a clean set of open files", (sandbox) => {
  const exec = opened(sandbox)
  assert.is(exec(["web", "--", "sh", "-c", "echo $COLOUR; pwd"]).stdout, "green\n/var\n")
  assert.is(exec(["web", "--", "sh", "-c", "echo $SECRET_OF_THE_CALLER"], { env: { SECRET_OF_THE_CALLER: "leak" } }).stdout, "\n")
  assert.is(exec(["web", "--", "sh", "-c", "ls /proc/$$/fd"]).stdout, "0\n1\n2\n")
})

scenario(
  "a terminal with -t",
  (sandbox) => {
    const exec = opened(sandbox)
    assert.is(exec(["web", "--", "test", "-t", "0"]).status, 1)
    const inner = sandbox.command("exec", "-f", `${sandbox.work}/stack.yaml`, "-t", "web", "--", "sh", "-c")
    const ran = sandbox.run([
      "script",
      "-qec",
      `${inner.join(" ")} 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; exit 9'`,
      "/dev/null",
    ])
    // At the end of its own input script(1) types what it takes for Ctrl-D: NUL, where the terminal is in raw mode by then.
    assert.match(ran.stdout, /\/dev\/pts\/\d+\r?\n(\^@)?all\r?\n/)
    assert.is(ran.status, 9)
  },
  ["script"],
)

scenario("no such container, one that has ended, and no command: one diagnostic each", (sandbox) => {
  const exec = opened(sandbox)
  for (const [args, status, words] of [
    [["nobody", "--", "true"], 1, /nobody/],
    [["done", "--", "true"], 1, /done/],
    [["web"], 64, /command/i],
  ] as const) {
    const ran = expectStatus(exec([...args]), status)
    assert.match(ran.stderr, words)
    expectNoTrace(ran)
  }
})

scenario("the end of the input is one within a line, too, with -t", (sandbox) => {
  const exec = opened(sandbox)
  assert.is(expectStatus(exec(["-it", "web", "--", "cat"], { input: "abc" }), 0).stdout, "abcabc")
})

scenario("a command on a terminal ends by itself, though it has closed that first; and may open it again", (sandbox) => {
  const exec = opened(sandbox)
  const closing = "exec 0<&- 1<&- 2<&-; sleep 0.2; echo again > /dev/tty; exit 7"
  assert.is(expectStatus(exec(["-t", "web", "--", "sh", "-c", closing]), 7).stdout, "again\r\n")
})

test.run()
