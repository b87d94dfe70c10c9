import { execFileSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, inside, live, scenario, test } from "../../support/lab.ts"

const SHARED_IDS = `
name: iso
containers:
  root: { image: host, command: [sleep, infinity], namespaces: { user: host } }
`

scenario("a root that is the host's writes to devices, and changes none of them", (sandbox) => {
  const file = sandbox.file("stack.yaml", SHARED_IDS)
  apply(sandbox, file)
  const exec = (...command: string[]) => sandbox.stack(["exec", "-f", file, "root", "--", ...command])
  assert.is(expectStatus(exec("sh", "-c", "echo x > /dev/null; head -c 2 /dev/zero | wc -c"), 0).stdout.trim(), "2")
  const before = statSync("/dev/full").mtimeMs
  for (const command of [
    ["touch", "-d", "@86400", "/dev/full"],
    ["chmod", "666", "/dev/full"],
    ["chown", "0:0", "/dev/full"],
  ]) {
    const ran = exec(...command)
    assert.is(ran.status, 1, command.join(" "))
    assert.match(ran.stderr, "Read-only file system")
  }
  assert.is(statSync("/dev/full").mtimeMs, before)
})

scenario("standard input is the container's own /dev/null", (sandbox) => {
  apply(sandbox, sandbox.file("stack.yaml", SHARED_IDS))
  const { init } = live(sandbox, "iso", "root")
  const mount = /^mnt_id:\s+(\d+)$/m.exec(readFileSync(`/proc/${init}/fdinfo/0`, "utf8"))?.[1]
  const line = readFileSync(`/proc/${init}/mountinfo`, "utf8")
    .split("\n")
    .find((l) => l.startsWith(`${mount} `))
  assert.match(line ?? "", / \/dev\/null ro,/)
})

scenario(
  "a set-user-id program that a container makes is out of the reach of the host's users",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", SHARED_IDS)
    apply(sandbox, file)
    const script = "cp /usr/bin/id /usr/bin/made && chmod 4755 /usr/bin/made"
    expectStatus(sandbox.stack(["exec", "-f", file, "root", "--", "sh", "-c", script]), 0)
    const made = "/var/lib/stack/containers/iso/root/usr.upper/bin/made"
    const { monitor } = live(sandbox, "iso", "root")
    assert.is(inside(monitor, "-m", "stat", "-c", "%a", made).stdout, "4755\n")
    // By a shell: setpriv(1) itself keeps its capabilities up to its exec.
    const ran = inside(monitor, "-m", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", made)
    assert.is.not(ran.status, 0, ran.stdout)
    assert.match(ran.stderr, "Permission denied")
  },
  ["setpriv"],
)

scenario(
  "a command that gives itself the name of a parked one runs all the same",
  (sandbox) => {
    const script = '$$0 = "stack-monitor iso container.liar"; sleep 1000'
    const file = sandbox.file("stack.yaml", `name: iso\ncontainers:\n  liar: { image: host, command: [perl, -e, '${script}'] }\n`)
    apply(sandbox, file)
    for (
      let tries = 0;
      tries < 100 && sandbox.processes().filter((pid) => isCalled(pid, "stack-monitor iso container.liar")).length < 2;
      tries++
    )
      execFileSync("sleep", ["0.05"])
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["exec", "-f", file, "liar", "--", "true"]), 0)
  },
  ["perl"],
)

function isCalled(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() === name
  } catch {
    return false
  }
}

scenario(
  "a limit on open files that is too low is named",
  (sandbox) => {
    const file = sandbox.file("stack.yaml", SHARED_IDS)
    const ran = expectStatus(sandbox.run(["prlimit", "--nofile=48:48", ...sandbox.command("apply", "-y", "-f", file)]), 1)
    assert.match(ran.stderr, "EMFILE")
    assert.match(ran.stderr, "ulimit -n")
  },
  ["prlimit"],
)

test.run()
