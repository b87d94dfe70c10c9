/** `init: systemd`: an unmodified Debian of its own packages boots, is logged in to, and is shut down. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, live, planOf, scenario, test, titleOf, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"
import { sandboxMissing } from "../../support/sandbox.ts"

const PACKAGES = "systemd,systemd-sysv,dbus,cron,login,procps"
const BUILD_MS = 600_000
const BOOT_S = 120

let folder = ""
let why = sandboxMissing("debootstrap")

function buildRoot(): void {
  if (why !== undefined) return
  folder = mkdtempSync("/var/tmp/stack-test-system.")
  const { status } = spawnSync("debootstrap", ["--variant=minbase", `--include=${PACKAGES}`, "bookworm", `${folder}/root`], {
    encoding: "utf8",
    timeout: BUILD_MS,
  })
  if (status !== 0) why = "debootstrap cannot fetch Debian's packages here"
}

process.on("exit", () => {
  if (folder !== "") rmSync(folder, { recursive: true, force: true })
})
buildRoot()

const stack = (rest = "") => `
name: machines
bridges: { lan: { address: 10.9.0.1/24 } }
containers:
  deb:
    image: dir:${folder}/root
    init: systemd
    limits: { memory: 512M, pids: 300 }
    interfaces: { eth0: { bridge: lan, address: 10.9.0.2/24 } }${rest}
`

function machine(name: string, body: (sandbox: Sandbox) => Promise<void>): void {
  if (why === undefined) scenario(name, body)
  else console.log(`skipped: ${name}: ${why}`)
}

const booting = <T>(look: () => T | false | undefined) => eventually(look, "it never came to that", BOOT_S)

const inDeb = (sandbox: Sandbox, file: string, ...command: string[]) => sandbox.stack(["exec", "-f", file, "deb", "--", ...command])
const said = (sandbox: Sandbox, file: string, ...command: string[]) => expectStatus(inDeb(sandbox, file, ...command), 0).stdout.trim()

function booted(sandbox: Sandbox, file: string): Promise<string> {
  return booting(() => {
    const state = inDeb(sandbox, file, "systemctl", "is-system-running").stdout.trim()
    return ["running", "degraded"].includes(state) && state
  })
}

machine("it boots to running, manages groups of its own, and an apply has nothing to say of that", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack())
  const { stdout } = apply(sandbox, file)
  assert.match(stdout, /container\.deb {2}init: systemd {2}#/)
  assert.is(await booted(sandbox, file), "running", inDeb(sandbox, file, "systemctl", "--failed", "--no-pager").stdout)
  expectConverged(sandbox, file)
  const { init } = live(sandbox, "machines", "deb")
  assert.match(readFileSync(`/proc/${init}/cgroup`, "utf8"), /\/stack\/machines\/deb\/init\.scope$/m)
  assert.is(
    said(sandbox, file, "systemctl", "is-active", "cron", "systemd-journald", "dbus", "console-getty"),
    Array(4).fill("active").join("\n"),
  )
  assert.match(said(sandbox, file, "journalctl", "--no-pager", "-u", "cron"), "Started cron.service")
  assert.is(said(sandbox, file, "systemd-detect-virt"), "container-other")
  assert.is(said(sandbox, file, "hostname"), "deb")
  // A program with a set-user-id bit gives its power, as on a machine.
  assert.match(said(sandbox, file, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "su", "--version"), "su from util-linux")
  assert.is(said(sandbox, file, "stat", "-c", "%U %a", "/usr/bin/su"), "root 4755")
  assert.match(said(sandbox, file, "ps", "-o", "comm=", "-p", "1"), "systemd")
  const id = said(sandbox, file, "cat", "/etc/machine-id")
  assert.match(id, /^[0-9a-f]{32}$/)
  const limited = said(
    sandbox,
    file,
    "sh",
    "-c",
    "mount -o remount,rw /sys 2>&1 || true; echo 1 > /proc/sys/kernel/panic 2>&1 || true; cat /sys/fs/cgroup/cgroup.procs | wc -l",
  )
  assert.match(limited, /Read-only|Permission|denied|not permitted/i)

  // Its service is started again by its own init when it dies; ours is not asked.
  expectStatus(inDeb(sandbox, file, "sh", "-c", "systemctl kill -s KILL cron; systemctl reset-failed cron; systemctl start cron"), 0)
  assert.is(live(sandbox, "machines", "deb").init, init)

  // Made anew it is the same machine.
  expectStatus(sandbox.stack(["apply", "-y", "-f", file, "--replace", "container.deb"]), 0)
  await booted(sandbox, file)
  assert.is(said(sandbox, file, "cat", "/etc/machine-id"), id)
  expectConverged(sandbox, file)
})

machine("a login at its console; its end by its own shutdown; nothing is left of it", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack())
  apply(sandbox, file)
  await booted(sandbox, file)
  expectStatus(inDeb(sandbox, file, "sh", "-c", "echo root:secret | chpasswd"), 0)
  const console1 = sandbox.start(sandbox.command("console", "-f", file, "deb"))
  let shown = ""
  console1.stdout.on("data", (text) => (shown += String(text)))
  const type = async (keys: string, answer: RegExp) => {
    console1.stdin.write(keys)
    await booting(() => answer.test(shown))
  }
  await type("\r", /login: $/)
  await type("root\r", /Password: $/)
  await type("secret\r", /root@deb:~# /)
  await type("tty; stty size; echo $((6*7))\r", /\/dev\/\S+\r\n[\s\S]*\r\n42\r\n/)
  // One at a time sits there.
  const second = sandbox.stack(["console", "-f", file, "deb"], { input: "\r" })
  assert.match(second.stderr, "The console has closed")
  const left = new Promise((resolve) => console1.on("close", resolve))
  console1.stdin.write("\x01q")
  assert.is(await left, 0)
  assert.match(expectStatus(sandbox.stack(["logs", "-f", file, "deb"]), 0).stdout, "42")

  const { init } = live(sandbox, "machines", "deb")
  const log = "/run/stack/machines/deb/log"
  const reader = sandbox.start(["sh", "-c", `exec 3<${log}; echo; while [ -e ${log} ]; do sleep 0.05; done; cat <&3`])
  let heard = ""
  reader.stdout.on("data", (text) => (heard += String(text)))
  await booting(() => heard !== "")
  const closed = new Promise((resolve) => reader.on("close", resolve))
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  await closed
  assert.match(heard, /Reached target .*(shutdown|final|poweroff)|Sending SIGTERM to remaining processes|Powering off/)
  assert.not.ok(existsSync(`/proc/${init}`) && titleOf(init).includes("init"))
  assert.equal(sandbox.processes(), [])
  for (const group of sandbox.groups) assert.not.ok(existsSync(`${group.folder}/stack`), group.folder)
})

machine("`restart`: it boots again after a reboot or a crash, and stays off when it was told to power off", async (sandbox) => {
  const file = sandbox.file("stack.yaml", stack("\n    restart: on-failure"))
  apply(sandbox, file)
  await booted(sandbox, file)
  const { monitor } = live(sandbox, "machines", "deb")
  const another = async (before: number) => {
    await booting(() => ![0, before].includes(live(sandbox, "machines", "deb").init))
    assert.is(await booted(sandbox, file), "running")
    expectConverged(sandbox, file)
    return live(sandbox, "machines", "deb").init
  }
  const first = live(sandbox, "machines", "deb").init
  inDeb(sandbox, file, "systemctl", "reboot")
  const second = await another(first)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /container\.deb +running .*restarted 1 time \(reboot\)/)
  process.kill(second, "SIGKILL")
  const third = await another(second)
  assert.is(live(sandbox, "machines", "deb").monitor, monitor)
  assert.match(readFileSync(`/proc/${third}/cgroup`, "utf8"), /\/stack\/machines\/deb\/init\.scope$/m)

  // The console is the new system's.
  const sat = sandbox.start(sandbox.command("console", "-f", file, "deb"))
  let shown = ""
  sat.stdout.on("data", (text) => (shown += String(text)))
  sat.stdin.write("\r")
  await booting(() => shown.includes("login: "))
  sat.stdin.write("\x01q")
  await new Promise((resolve) => sat.on("close", resolve))

  inDeb(sandbox, file, "systemctl", "poweroff")
  await booting(() => live(sandbox, "machines", "deb").init === 0)
  const log = sandbox.stack(["logs", "-f", file, "deb"]).stderr
  assert.match(log, /the command has ended \(reboot\); it is started again in 100 ms \(restart 1\)/)
  assert.not.match(log, /\(power-off\); it is started again/)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /container\.deb +powered off +restarted 2 times \(signal 9\)/)
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.equal(sandbox.processes(), [])
  for (const group of sandbox.groups) assert.not.ok(existsSync(`${group.folder}/stack`), group.folder)
})

/** What systemd does with its groups: it leaves its own to those below it, hands out the controllers, and makes more as deep as it likes. */
const GROUPS = `cd /sys/fs/cgroup && mkdir -p init.scope a/b/c/d && echo $$ > init.scope/cgroup.procs &&
for one in $(cat cgroup.controllers); do echo +$one > cgroup.subtree_control || exit 3; done; exec sleep infinity`

scenario(
  "`restart` of a system: no group that it had made, nor a controller that it had handed out, is in the way of the next",
  async (sandbox) => {
    const command = JSON.stringify(["sh", "-c", GROUPS.replaceAll("$", "$$$$")])
    const file = sandbox.file(
      "stack.yaml",
      `name: own\ncontainers:\n  web: { image: host, init: systemd, restart: always, command: ${command} }\n`,
    )
    apply(sandbox, file)
    const asleep = (before: number) =>
      booting(() => {
        const { init } = live(sandbox, "own", "web")
        return init !== before && titleOf(init) === "sleep infinity" && init
      })
    const cgroup = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, "utf8")
    const first = await asleep(0)
    const before = cgroup(first)
    assert.match(before, /^0::.*\/stack\/own\/web\/init\.scope$/m)
    process.kill(first, "SIGKILL")
    const second = await asleep(first)
    assert.is(cgroup(second), before)
    expectConverged(sandbox, file)
    assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /running .*restarted 1 time \(signal 9\)/)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.equal(sandbox.processes(), [])
  },
)

/** What the kernel makes of reboot(2) in a pid namespace: its process 1 ends by SIGINT or SIGHUP, which reach it in no other way. */
for (const [word, state, cause] of [
  ["poweroff", "powered off", "its system powered off"],
  ["halt", "powered off", "its system powered off"],
  ["reboot", "ended (reboot)", "its system rebooted, and nothing has started it again"],
] as const)
  scenario(
    `\`${word}\` inside: how it ended is told in those words, not by the kernel's signal`,
    async (sandbox) => {
      const file = sandbox.file(
        "stack.yaml",
        "name: off\ncontainers:\n  web: { image: host, command: [sleep, infinity], cap_add: [SYS_BOOT] }\n",
      )
      apply(sandbox, file)
      sandbox.stack(["exec", "-f", file, "web", "--", "busybox", word, "-f"])
      const shown = () => expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout
      await eventually(() => live(sandbox, "off", "web").init === 0 && !/web +running/.test(shown()))
      assert.match(shown().replace(/ {2,}/g, "  "), `container.web  ${state}`)
      const [container] = JSON.parse(expectStatus(sandbox.stack(["show", "--json", "-f", file]), 0).stdout).resources
      assert.is(container.state, state)
      assert.is(container.attributes.exit_code, null)
      const plan = planOf(sandbox, file)
      assert.equal(verdicts(plan), ["update container.web"])
      assert.is(plan.changes.find(({ address }) => address === "container.web")?.cause, cause)
      assert.match(expectStatus(sandbox.stack(["exec", "-f", file, "web", "--", "true"]), 1).stderr, `its state is ${state}`)
      apply(sandbox, file)
      expectConverged(sandbox, file)
    },
    ["busybox"],
  )

scenario("a container that shares its processes with the host is killed by SIGINT as any process", async (sandbox) => {
  const command = JSON.stringify(["sh", "-c", "exec sleep infinity"])
  const file = sandbox.file(
    "stack.yaml",
    `name: off\ncontainers:\n  web: { image: host, command: ${command}, namespaces: { pid: host } }\n`,
  )
  apply(sandbox, file)
  process.kill(live(sandbox, "off", "web").init, "SIGINT")
  await eventually(() => live(sandbox, "off", "web").init === 0)
  await eventually(() => /container\.web +killed \(SIGINT\)/.test(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout))
})

scenario("a container without a system has no console, and a system needs namespaces of its own", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: plain\ncontainers:\n  web: { image: host, command: [sleep, infinity] }\n")
  apply(sandbox, file)
  assert.match(expectStatus(sandbox.stack(["console", "-f", file, "web"]), 1).stderr, "container.web has no console")
  assert.match(expectStatus(sandbox.stack(["console", "-f", file, "wep"]), 1).stderr, "did you mean web?")
  sandbox.file("stack.yaml", "name: plain\ncontainers:\n  web: { image: host, init: systemd, namespaces: { pid: host } }\n")
  const { stderr } = expectStatus(sandbox.stack(["validate", "-f", file]), 1)
  assert.match(stderr, /3:\d+: error: a system container \(`init: systemd`\) needs a pid namespace of its own/)
})

scenario("where cgroup2 is mounted nowhere, a plan says that a system cannot be had", (sandbox) => {
  const file = sandbox.file("stack.yaml", "name: plain\ncontainers:\n  web: { image: host, init: systemd }\n")
  const without = "awk '/ - cgroup2 /{ print $5 }' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l"
  const ran = sandbox.run(["unshare", "-m", "sh", "-c", `${without}; ${sandbox.command("plan", "-f", file).join(" ")}`])
  const hasV1 = sandbox.groups.some(({ version }) => version === 1)
  const said = hasV1 ? /3:\d+: error: init: systemd takes cgroup2, which is not mounted here/ : /no cgroup hierarchy is mounted/
  assert.match(expectStatus(ran, 1).stderr, said)
})

test.run()
