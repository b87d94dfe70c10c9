/** Secrets and configs: in the container as files in memory, and nowhere else. */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { expectNoTrace, expectStatus, inside, live, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const SECRET = "hunter2-in-a-file"
const VALUE = "swordfish-in-the-environment"
const stack = (rest: string) => `name: sec
secrets: { token: { file: ./token }, key: { environment: APP_KEY } }
configs: { conf: { content: "port 80" }, motd: { file: ./motd } }
containers:
  web:
    command: [sleep, infinity]
    idmap: { uid: ["0 300000 65536"], gid: ["0 300000 65536"] }
    ${rest}
`
const ALL = `secrets: [token, { source: key, target: /run/app/key, uid: 1000, gid: "1001", mode: 0400 }]
    configs: [conf, { source: motd, target: /etc/motd }]`
const env = { APP_KEY: VALUE }
const exec = (sandbox: Sandbox, file: string, ...command: string[]) => sandbox.stack(["exec", "-f", file, "web", "--", ...command], { env })

function files(sandbox: Sandbox, rest = ALL): string {
  sandbox.file("token", `${SECRET}\n`)
  writeFileSync(`${sandbox.work}/motd`, Buffer.from([0, 255, 10, 0]))
  return sandbox.file("stack.yaml", stack(rest))
}

function run(sandbox: Sandbox, ...args: string[]) {
  return sandbox.stack(args, { env })
}

scenario("files in memory, whose they are to be; nothing shows what is in them", (sandbox) => {
  const file = files(sandbox, ALL)
  const said = [
    expectStatus(run(sandbox, "plan", "-f", file), 0),
    expectStatus(run(sandbox, "plan", "--json", "-f", file), 0),
    expectStatus(run(sandbox, "plan", "--out", "kept", "-f", file), 0),
    expectStatus(run(sandbox, "apply", "-y", "-f", file), 0),
    expectStatus(run(sandbox, "show", "--json", "-f", file), 0),
    expectStatus(run(sandbox, "config", "-f", file), 0),
    expectStatus(run(sandbox, "import", "--live", "-p", "sec"), 0),
  ]
  const { init, monitor } = live(sandbox, "sec", "web")
  assert.is(exec(sandbox, file, "cat", "/run/secrets/token", "/conf").stdout, `${SECRET}\nport 80`)
  assert.is(exec(sandbox, file, "stat", "-c", "%u %g %a", "/run/secrets/token", "/run/app/key").stdout, "0 0 444\n1000 1001 400\n")
  assert.is(exec(sandbox, file, "stat", "-f", "-c", "%T", "/run/secrets/token", "/etc/motd").stdout, "tmpfs\ntmpfs\n")
  assert.equal(execFileSync("nsenter", ["-t", String(init), "-m", "cat", "/etc/motd"]), Buffer.from([0, 255, 10, 0]))
  assert.match(exec(sandbox, file, "sh", "-c", "echo x > /run/secrets/token").stderr, "Read-only file system")
  assert.not.match(readFileSync(`/proc/${init}/mountinfo`, "utf8"), ".given")
  assert.is(exec(sandbox, file, "ls", "-A", "/dev").stdout.includes(".given"), false)
  // Neither on the disk, nor in what anybody is called, nor in what was said.
  const kept = sandbox.run(["sh", "-c", "grep -rlaE 'hunter2|swordfish' /run /var/lib/stack . 2>/dev/null"]).stdout.trim()
  assert.is(kept, "./token")
  const processes = [init, monitor].flatMap((pid) => ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8")))
  for (const text of [...processes, ...said.flatMap(({ stdout, stderr }) => [stdout, stderr])]) assert.not.match(text, /hunter2|swordfish/)
  expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", file), 0)
  const spelt = sandbox.file("again.yaml", expectStatus(run(sandbox, "import", "--live", "-p", "sec"), 0).stdout)
  expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", spelt), 0)
})

scenario("a script of which the mode says so is run, as where it is the entrypoint; what nobody may execute, nobody does", (sandbox) => {
  const given = "configs: [{ source: conf, target: /start, mode: 0755 }, { source: motd, target: /other, mode: 0644 }]"
  const text = stack(given).replace("command:", "entrypoint: [/start]\n    command:").replace('"port 80"', '"#!/bin/sh\\nexec \\"$$@\\""')
  sandbox.file("token", SECRET)
  sandbox.file("motd", "#!/bin/sh\n")
  const file = sandbox.file("stack.yaml", text)
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  assert.is(exec(sandbox, file, "cat", "/proc/1/comm").stdout, "sleep\n")
  assert.is(exec(sandbox, file, "/start", "echo", "started").stdout, "started\n")
  assert.is(exec(sandbox, file, "/other").status, 126)
  const flags = exec(sandbox, file, "sh", "-c", "grep -E ' /(start|other) ' /proc/self/mountinfo | cut -d' ' -f5-6").stdout
  assert.equal(flags.trim().split("\n").sort(), ["/other ro,nosuid,nodev,noexec,relatime", "/start ro,nosuid,nodev,relatime"])
  expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", file), 0)
})

scenario("another content, by the source or by hand, replaces the container; a kept plan takes what is there then", (sandbox) => {
  const file = files(sandbox, "secrets: [token, key]\n    configs: [conf]")
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  const converged = () => expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", file), 0)
  converged()
  const forced = (vars = env) =>
    JSON.parse(expectStatus(sandbox.stack(["plan", "--json", "-f", file], { env: vars }), 0).stdout).changes[0].forces_replacement
  sandbox.file("token", "another\n")
  assert.equal(forced(), ["secrets./run/secrets/token"])
  const told = expectStatus(run(sandbox, "plan", "-f", file), 0).stdout
  assert.match(told, "content: another }")
  assert.not.match(told, /hunter2/)
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  assert.is(exec(sandbox, file, "cat", "/run/secrets/token").stdout, "another\n")
  converged()
  assert.equal(forced({ APP_KEY: "changed" }), ["secrets./run/secrets/key"])
  expectStatus(sandbox.stack(["plan", "--out", "kept", "-f", file], { env: { APP_KEY: "changed" } }), 0)
  expectStatus(sandbox.stack(["apply", "kept"], { env: { APP_KEY: "changed" } }), 0)
  assert.is(exec(sandbox, file, "cat", "/run/secrets/key").stdout, "changed")
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  for (const command of [
    ["umount", "/conf"],
    ["sh", "-c", "mount -o remount,bind,rw none /run/secrets/token && echo pirate > /run/secrets/token"],
    ["sh", "-c", "mount -o remount,bind,rw none /conf && chmod 600 /conf"],
  ]) {
    expectStatus(inside(live(sandbox, "sec", "web").init, "-m -p", ...command), 0)
    assert.is(forced().length, 1, command.join(" "))
    expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
    converged()
  }
  process.kill(live(sandbox, "sec", "web").init, "SIGKILL")
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  assert.is(exec(sandbox, file, "cat", "/run/secrets/token").stdout, "another\n")
})

scenario("what is not there is told where it is written, and its name alone", (sandbox) => {
  const file = files(sandbox)
  sandbox.run(["rm", "token"])
  const ran = expectStatus(run(sandbox, "apply", "-y", "-f", file), 1)
  assert.match(
    ran.stderr,
    /stack\.yaml:8:\d+: error: \/.*\/token, which is to be mounted at \/run\/secrets\/token, is not there, or no file/,
  )
  expectNoTrace(ran)
  const unset = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  assert.match(unset.stderr, /stack\.yaml:2:\d+: error: the environment has no APP_KEY/)
  sandbox.file("token", SECRET)
  const volume = sandbox.file("stack.yaml", stack("secrets: [token]\n    volumes: ['./motd:/run/secrets/token']"))
  assert.match(expectStatus(run(sandbox, "plan", "-f", volume), 1).stderr, "two things at /run/secrets/token")
})

scenario("with a root that is closed, below a tmpfs, and as the host's root", (sandbox) => {
  const file = files(sandbox, "secrets: [token]\n    read_only: true\n    tmpfs: /run")
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  assert.is(exec(sandbox, file, "cat", "/run/secrets/token").stdout, `${SECRET}\n`)
  expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", file), 0)
  sandbox.file("stack.yaml", stack("secrets: [{ source: token, uid: 7 }]").replace(/idmap:.*/, "namespaces: { user: host }"))
  expectStatus(run(sandbox, "apply", "-y", "-f", file), 0)
  assert.is(exec(sandbox, file, "stat", "-c", "%u", "/run/secrets/token").stdout, "7\n")
  expectStatus(run(sandbox, "plan", "--detailed-exitcode", "-f", file), 0)
})

test.run()
