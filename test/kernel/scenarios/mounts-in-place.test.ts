/** Mounts that come and go while their container runs: its process stays, and what is seen is what a launch would show. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const stack = (rest: string, image = "host", command = "[sleep, infinity]") => `name: mnt
volumes: { data: {}, more: {} }
secrets: { token: { file: ./token } }
containers:
  web: { image: "${image}", command: ${command}${rest} }
`
const exec = (sandbox: Sandbox, file: string, ...command: string[]) => sandbox.stack(["exec", "-f", file, "web", "--", ...command])
const init = (sandbox: Sandbox) => live(sandbox, "mnt", "web").init
/** Targets, options and types of its mounts in /srv. */
function mountsOf(sandbox: Sandbox): string[] {
  const lines = readFileSync(`/proc/${init(sandbox)}/mountinfo`, "utf8")
    .split("\n")
    .filter((line) => / \/srv\//.test(line))
  return lines
    .map((line) => line.replace(/^\S+ \S+ \S+ \S+ (\S+) (\S+) .*- (\S+) .*$/, "$1 $2 $3").replace(",nosuid,nodev,relatime", ""))
    .sort()
}

function sources(sandbox: Sandbox): void {
  mkdirSync(`${sandbox.work}/conf`)
  for (const name of ["conf/file", "token"]) writeFileSync(`${sandbox.work}/${name}`, "text\n")
}

/** The file says this now, and its container goes on. */
function changed(sandbox: Sandbox, text: string, verdict = "update container.web"): string {
  const before = init(sandbox)
  const file = sandbox.file("stack.yaml", text)
  assert.ok(verdicts(planOf(sandbox, file)).includes(verdict))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(init(sandbox), before)
  return file
}

scenario("volumes, folders, a file and memory: added, nested, and taken off, as a launch would have made them", (sandbox) => {
  sources(sandbox)
  const all = `, volumes: ["data:/srv/data", "more:/srv/data/more:ro", "./conf:/srv/conf:ro", "./conf/file:/srv/file"], tmpfs: ["/srv/mem:size=1M,mode=755"]`
  const file = sandbox.file("stack.yaml", stack(all))
  apply(sandbox, file)
  const [launched, seen] = [
    mountsOf(sandbox),
    exec(sandbox, file, "stat", "-c", "%n %u %g %a", "/srv/data", "/srv/mem", "/srv/conf").stdout,
  ]
  assert.is(launched.length, 5)
  changed(sandbox, stack(""))
  assert.equal(mountsOf(sandbox), [])
  changed(sandbox, stack(all))
  assert.equal(mountsOf(sandbox), launched)
  assert.is(exec(sandbox, file, "stat", "-c", "%n %u %g %a", "/srv/data", "/srv/mem", "/srv/conf").stdout, seen)
  expectStatus(exec(sandbox, file, "sh", "-c", "echo mine > /srv/data/file && echo mine > /srv/mem/file && cat /srv/conf/file"), 0)
  assert.match(exec(sandbox, file, "touch", "/srv/conf/x").stderr, "Read-only file system")
  assert.is(sandbox.run(["stat", "-c", "%u", "/var/lib/stack/volumes/mnt/data/file"]).stdout, "0\n")
  // Of a container with the host's ids, too.
  sandbox.file("stack.yaml", stack(", namespaces: { user: host }"))
  apply(sandbox, file)
  changed(sandbox, stack(`, namespaces: { user: host }${all}`))
  changed(sandbox, stack(", namespaces: { user: host }"))
  // A later launch and a destroy find nothing that they do not know of.
  changed(sandbox, stack(`, namespaces: { user: host }${all}`))
  apply(sandbox, file, "--replace", "container.web")
  expectConverged(sandbox, file)
  expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  assert.is(sandbox.run(["ls", "/var/lib/stack"]).stdout, "")
})

scenario("what is in use stays, and is told; once it is not, it goes", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack(", tmpfs: [/srv/mem]"))
  apply(sandbox, file)
  const before = init(sandbox)
  const user = sandbox.start(sandbox.command("exec", "-f", file, "web", "--", "sh", "-c", "cd /srv/mem; echo $$; exec sleep infinity"))
  const pid = await new Promise<string>((resolve) => user.stdout.once("data", (said) => resolve(String(said).trim())))
  sandbox.file("stack.yaml", stack(""))
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(stderr, /umount \/srv\/mem: EBUSY[\s\S]*hint: a process has something open there[\s\S]*--replace container\.web/)
  assert.is(mountsOf(sandbox).length, 1)
  const ended = new Promise((resolve) => user.once("exit", resolve))
  expectStatus(exec(sandbox, file, "kill", "-9", pid), 0)
  await ended
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.equal([mountsOf(sandbox), init(sandbox)], [[], before])
})

scenario(
  "what would hide others, lies in a closed root, or is another at its place replaces the container, and the plan names it",
  (sandbox) => {
    sources(sandbox)
    const file = sandbox.file("stack.yaml", "")
    for (const [from, to, forces] of [
      [`, volumes: ["data:/srv/data"]`, `, volumes: ["data:/srv/data"], tmpfs: [/srv]`, "/srv"],
      [`, volumes: ["data:/srv/data"], tmpfs: [/srv]`, `, volumes: ["data:/srv/data"]`, "/srv"],
      [`, volumes: ["data:/srv/data"]`, `, volumes: ["more:/srv/data"]`, "/srv/data"],
      [`, volumes: ["data:/srv/data"]`, `, volumes: ["data:/srv/data:ro"]`, "/srv/data"],
      [", secrets: [token]", ", secrets: [token], tmpfs: [/run]", "/run"],
      [", read_only: true", ", read_only: true, tmpfs: [/mnt]", "/mnt"],
      ["", `, volumes: ["./conf:/etc"]`, "/etc"],
      ["", ", tmpfs: [/dev/shm]", "/dev/shm"],
    ] as const) {
      sandbox.file("stack.yaml", stack(from))
      apply(sandbox, file)
      sandbox.file("stack.yaml", stack(to))
      const [change] = planOf(sandbox, file).changes.filter(({ address }) => address === "container.web")
      assert.equal([change?.actions, change?.forces_replacement], [["delete", "create"], [`mounts.${forces}`]], `${from} -> ${to}`)
      assert.match(sandbox.stack(["plan", "-f", file]).stdout, new RegExp(`mounts\\.${forces}: .*# forces replacement`))
    }
  },
)

scenario(
  "memory covers a folder of the host that its root may not enter (Debian's /etc/frr), at its launch and while it runs",
  (sandbox) => {
    expectStatus(
      sandbox.run(["sh", "-c", "mount -t tmpfs -o mode=755 tmpfs /opt && mkdir -m 750 /opt/kept && echo secret > /opt/kept/file"]),
      0,
    )
    const covered = ', tmpfs: ["/opt/kept:mode=700,size=1M"]'
    const file = sandbox.file("stack.yaml", stack(covered))
    const seen = () => exec(sandbox, file, "sh", "-c", "stat -c '%a %u' /opt/kept && touch /opt/kept/x && ls /opt/kept").stdout
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(seen(), "700 0\nx\n")
    changed(sandbox, stack(""))
    assert.match(exec(sandbox, file, "ls", "/opt/kept").stderr, "Permission denied")
    changed(sandbox, stack(covered))
    assert.is(seen(), "700 0\nx\n")
    assert.match(
      readFileSync(`/proc/${init(sandbox)}/mountinfo`, "utf8"),
      / \/opt\/kept rw,nosuid,nodev,relatime .*- tmpfs tmpfs rw,size=1024k,mode=700/,
    )
  },
)

scenario(
  "a container that is in the way of a mount is led nowhere else by it",
  (sandbox) => {
    const root = `${sandbox.work}/root`
    for (const folder of ["bin", "srv", "proc", "sys", "dev", "real"]) mkdirSync(`${root}/${folder}`, { recursive: true })
    expectStatus(sandbox.run(["sh", "-c", "cp $(command -v busybox) root/bin/busybox"]), 0)
    symlinkSync("/real", `${root}/link`)
    mkdirSync(`${sandbox.work}/elsewhere`)
    const of = (rest: string) => stack(rest, "dir:./root", "[busybox, sleep, infinity]")
    const file = sandbox.file("stack.yaml", of(""))
    apply(sandbox, file)
    changed(sandbox, of(", tmpfs: [/link/deep]"))
    assert.match(readFileSync(`/proc/${init(sandbox)}/mountinfo`, "utf8"), " /real/deep ")
    changed(sandbox, of(""))
    for (const [to, errno] of [
      [sandbox.work, "ENOENT"],
      ["/proc/1/root", "ELOOP|ENOENT|EXDEV"],
      ["/", "EBUSY"],
      ["/dev", "EXDEV"],
      ["/proc", "EXDEV"],
    ] as const) {
      sandbox.file("stack.yaml", of(""))
      apply(sandbox, file, "--replace", "container.web")
      const script = `rm -rf /srv; ln -s ${to} /srv`
      expectStatus(exec(sandbox, file, "busybox", "sh", "-c", script), 0)
      sandbox.file("stack.yaml", of(", tmpfs: [/srv]"))
      const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
      assert.match(stderr, new RegExp(`mount tmpfs on /srv: (${errno})\\n`), to)
    }
    assert.not.match(sandbox.run(["cat", "/proc/self/mountinfo"]).stdout, "elsewhere")
    assert.is(sandbox.run(["ls", "elsewhere"]).stdout, "")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  },
  ["busybox"],
)

test.run()
