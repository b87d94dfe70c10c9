/** What holds a container by default, what each profile leaves of it, and what a plan says of that: told by /proc of its first process. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { scratchFolder } from "../../support/sandbox.ts"
import { hasCapability } from "../../support/skip.ts"

const box = (rest: string) => `name: held\ncontainers:\n  web: { command: [sleep, infinity]${rest} }\n`

/** Options of the mount on top at a path of the container; "" where nothing is mounted just there. proc_pid_mountinfo(5) */
function mountAt(sandbox: Sandbox, path: string): string {
  const lines = readFileSync(`/proc/${live(sandbox, "held", "web").init}/mountinfo`, "utf8").split("\n")
  const found = lines.filter((line) => line.split(" ")[4] === path).at(-1)
  return found === undefined ? "" : `${found.split(" ")[3]} ${found.split(" ")[5]?.split(",")[0]} ${found.split(" - ")[1]?.split(" ")[0]}`
}

function statusOf(sandbox: Sandbox): { capabilities: bigint; noNewPrivileges: string; seccomp: string } {
  const text = readFileSync(`/proc/${live(sandbox, "held", "web").init}/status`, "utf8")
  const line = (key: string) => new RegExp(`^${key}:\\s*(\\S+)$`, "m").exec(text)?.[1] ?? ""
  return { capabilities: BigInt(`0x${line("CapBnd")}`), noNewPrivileges: line("NoNewPrivs"), seccomp: line("Seccomp") }
}

const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"].filter((path) => existsSync(path))
const HIDDEN_FILES = ["interrupts", "kcore", "keys", "latency_stats", "sched_debug", "timer_list"]
  .map((name) => `/proc/${name}`)
  .filter((path) => existsSync(path))
const HIDDEN_FOLDERS = ["/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/firmware"].filter((path) => existsSync(path))

scenario("what steers the machine is read-only, and what tells of it is hidden, unless it is unmasked", (sandbox) => {
  const file = sandbox.file("stack.yaml", box(""))
  apply(sandbox, file)
  for (const path of READ_ONLY) assert.match(mountAt(sandbox, path), / ro proc$/, path)
  assert.match(mountAt(sandbox, "/sys"), / ro sysfs$/)
  for (const path of HIDDEN_FILES) assert.match(mountAt(sandbox, path), /^\/null ro /, path)
  for (const path of HIDDEN_FOLDERS) assert.match(mountAt(sandbox, path), / ro tmpfs$/, path)
  const exec = (script: string) => sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", script])
  assert.match(exec("echo 1 > /proc/sys/net/ipv4/ip_forward").stderr, "Read-only file system")
  assert.is(exec(`cat ${HIDDEN_FILES.join(" ")} | wc -c; ls ${HIDDEN_FOLDERS.join(" ")} | grep -c ^[a-z]`).stdout, "0\n0\n")
  expectConverged(sandbox, file)

  const path = HIDDEN_FILES[0] as string
  sandbox.file("stack.yaml", box(`, security_opt: ["unmask=${path}:/proc/sys"]`))
  const plan = planOf(sandbox, file)
  assert.equal(plan.changes[0]?.forces_replacement, ["unmask"])
  assert.match(sandbox.stack(["plan", "-f", file]).stdout, `security_opt: "unmask=${path}"`)
  apply(sandbox, file)
  assert.is(mountAt(sandbox, path), "")
  assert.is(mountAt(sandbox, "/proc/sys"), "")
  assert.match(mountAt(sandbox, HIDDEN_FILES[1] as string), /^\/null ro /)
  expectConverged(sandbox, file)
})

scenario("a NET_ADMIN sets the parameters of its own network, and nothing else", (sandbox) => {
  const file = sandbox.file("stack.yaml", box(", cap_add: [NET_ADMIN]"))
  apply(sandbox, file)
  const exec = (script: string) => sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", script])
  const before = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")
  assert.is(expectStatus(exec("echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward"), 0).stdout, "1\n")
  assert.is(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8"), before)
  assert.match(exec("echo 1 > /proc/sys/kernel/msgmax").stderr, "Read-only file system")
})

scenario("profiles: from no capability at all to nothing that holds it; a plan tells, import --live spells", (sandbox) => {
  const file = sandbox.file("stack.yaml", box(", profile: strict"))
  apply(sandbox, file)
  assert.equal(statusOf(sandbox), { capabilities: 0n, noNewPrivileges: "1", seccomp: "2" })
  assert.not.match(sandbox.stack(["plan", "-f", file]).stdout, "relaxed")
  expectConverged(sandbox, file)

  sandbox.file("stack.yaml", box(", profile: system"))
  apply(sandbox, file)
  const system = statusOf(sandbox)
  assert.equal({ ...system, capabilities: 0n }, { capabilities: 0n, noNewPrivileges: "0", seccomp: "2" })
  assert.ok((system.capabilities & (1n << 21n)) !== 0n, "SYS_ADMIN")
  assert.is(system.capabilities & (1n << 16n), 0n, "SYS_MODULE")
  expectConverged(sandbox, file)

  sandbox.file("stack.yaml", box(", privileged: true"))
  assert.equal(verdicts(planOf(sandbox, file)), ["delete+create container.web"])
  const told = sandbox.stack(["plan", "-f", file]).stdout
  for (const word of ["cap_add: ALL", '"seccomp=unconfined"', '"no-new-privileges=false"', '"unmask=ALL"', '"any access"'])
    assert.match(told, word)
  apply(sandbox, file)
  const free = statusOf(sandbox)
  assert.ok((free.capabilities & (1n << 16n)) !== 0n, "SYS_MODULE")
  assert.equal({ ...free, capabilities: 0n }, { capabilities: 0n, noNewPrivileges: "0", seccomp: "0" })
  for (const path of [...READ_ONLY, ...HIDDEN_FILES, ...HIDDEN_FOLDERS]) assert.is(mountAt(sandbox, path), "", path)
  assert.match(mountAt(sandbox, "/sys"), / rw sysfs$/)
  expectConverged(sandbox, file)
  assert.match(sandbox.stack(["import", "--live", "-f", file]).stdout, /command: \[sleep, infinity\]\n\s+privileged: true\n$/)
})

/** On a disk, as a node on a tmpfs that is mounted `nodev` opens for nobody. */
const NODES = mkdtempSync(`${scratchFolder()}/stack-test-nodes.`)
process.on("exit", () => rmSync(NODES, { recursive: true, force: true }))

scenario("`privileged` with ids of its own: it has no devices but its own, can make none, and that is what the plan says", (sandbox) => {
  if (hasCapability(27) === false) return
  chmodSync(NODES, 0o755)
  expectStatus(sandbox.run(["sh", "-c", `mknod ${NODES}/tun c 10 200 && chmod 666 ${NODES}/tun`]), 0)
  const file = sandbox.file("stack.yaml", box(`, privileged: true, devices: ["${NODES}/tun:/dev/given:r"]`))
  const { stdout } = apply(sandbox, file)
  const told = "it may do with the devices that it has what their modes let it; others it has not, and cannot make"
  assert.match(stdout, new RegExp(`!  container\\.web  privileged: "any access" +# ${told}\\n`))
  assert.match(stdout, / cap_add: ALL +# its root has every capability over what is its own\n/)
  assert.not.match(stdout, "every device")
  const exec = (script: string) => sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", script])
  for (const script of ["mknod /tmp/kmsg c 1 11", "mknod /dev/kmsg c 1 11", "mount -t devtmpfs none /mnt"])
    assert.is.not(exec(script).status, 0, script)
  const usual = "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
  assert.is(expectStatus(exec("cd /dev && echo *"), 0).stdout, `${usual.replace("full", "full given")}\n`)
  // Where the machine has no such device at all, nothing can be told by opening it.
  if (!sandbox.run(["sh", "-c", `exec 3<${NODES}/tun`]).status) expectStatus(exec("exec 3<>/dev/given"), 0)
  sandbox.file("stack.yaml", box(`, devices: ["${NODES}/tun:/dev/given:r"]`))
  apply(sandbox, file)
  assert.is.not(exec("exec 3<>/dev/given").status, 0)
})

const GIVEN = ["SYS_ADMIN", "MKNOD"] as const

scenario("what has power over the host has it by name alone", (sandbox) => {
  if (hasCapability(21) === false || hasCapability(27) === false) return
  const shared = (rest: string) => box(`, namespaces: { user: host }, cap_drop: [ALL], cap_add: [${GIVEN.join()}]${rest}`)
  const file = sandbox.file("stack.yaml", shared(""))
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(stderr, /stack\.yaml:3:\d+: error: SYS_ADMIN over the host's own ids give container\.web the whole host/)
  assert.match(stderr, "profile: unsafe")
  sandbox.file("stack.yaml", shared(", profile: unsafe"))
  assert.match(apply(sandbox, file).stdout, /privileged: "all devices" +# it may use every device of the host's\n/)
  const exec = (script: string) => sandbox.stack(["exec", "-f", file, "web", "--", "sh", "-c", script])
  expectStatus(exec("mknod /tmp/log c 1 11 && : > /tmp/log"), 0)
  expectConverged(sandbox, file)
  assert.match(sandbox.stack(["import", "--live", "-f", file]).stdout, "profile: unsafe")
})

test.run()
