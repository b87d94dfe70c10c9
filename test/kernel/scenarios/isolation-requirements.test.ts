/**
 * The table of requirements in docs/security.md, row by row: that each holds, and that its check fails on a build without the protection.
 * Looked at from outside, by /proc and with tools that are not ours.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { groupFile, live, PIDS } from "../../support/lab.ts"
import type { Weakening } from "../../support/weakened.ts"
import { requirement, test } from "../../support/weakened.ts"

const BOX = "name: iso\ncontainers:\n  box: { command: [sleep, infinity] }\n"
const box = (rest: string) => BOX.replace("infinity]", `infinity]${rest}`)

const SIGNAL_ANOTHER = fileURLToPath(new URL("../../support/signal-another.ts", import.meta.url))
/** By its place: a sandbox's working directory has no modules. */
const TSX = import.meta.resolve("tsx")

const processOf = ({ sandbox }: Weakening) => live(sandbox, "iso", "box")
const execIn = (on: Weakening, script: string) => on.stack(["exec", "-f", `${on.sandbox.work}/stack.yaml`, "box", "--", "sh", "-c", script])

function statusLine(on: Weakening, key: string): string {
  return new RegExp(`^${key}:[ \t]*(.*)$`, "m").exec(readFileSync(`/proc/${processOf(on).init}/status`, "utf8"))?.[1] ?? "absent"
}

const descriptorsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`)
    .map(Number)
    .sort((a, b) => a - b)

const SEALED = "what runs beside a container is not in sealed memory"

requirement("2019-5736: nothing runs for a container from a file that it could write to", {
  without: { "sealed-program": SEALED },
  async check(on) {
    on.apply(BOX)
    const { monitor } = processOf(on)
    assert.match(readlinkSync(`/proc/${monitor}/exe`), /^\/memfd:stack-monitor/, SEALED)
    const seals = `import fcntl, os; print(fcntl.fcntl(os.open("/proc/${monitor}/exe", os.O_RDONLY), 1034) & 15)`

    const { stdout } = spawnSync("python3", ["-c", seals], { encoding: "utf8" })
    assert.is(stdout.trim(), "15", "F_SEAL_SEAL, SHRINK, GROW and WRITE")
    assert.not.match(readlinkSync(`/proc/${processOf(on).init}/exe`), "node")
  },
  programs: ["python3"],
})

const LEAKED = "a descriptor of the caller's reaches the container"

requirement("2024-21626, 2016-8649: of descriptors 0 to 2 alone reach a container, and its folder is in its root", {
  without: { descriptors: LEAKED },
  check(on) {
    const file = on.sandbox.file("stack.yaml", BOX)
    const leaking = (...words: string[]) =>
      on.sandbox.run(["bash", "-c", 'exec 50</etc/passwd 51</; exec "$@"', "bash", ...on.command(...words)])
    assert.is(leaking("apply", "-y", "-f", file).status, 0)
    const { init } = processOf(on)
    assert.equal(descriptorsOf(init), [0, 1, 2], LEAKED)
    assert.is(readlinkSync(`/proc/${init}/cwd`), readlinkSync(`/proc/${init}/root`))
    const { stdout } = leaking("exec", "-f", file, "box", "--", "sh", "-c", "ls /proc/$$/fd; pwd -P")
    assert.is(
      stdout
        .split("\n")
        .filter((line) => Number(line) > 10 && Number(line) < 250)
        .join(),
      "",
      LEAKED,
    )
    assert.match(stdout, /\n\/\n$/)
  },
})

const OUTSIDE = "what is mounted for a container is not in its root"

requirement("2021-30465, 2024-45310: targets of mounts are looked up in the root that was opened", {
  without: { "targets-in-root": OUTSIDE },
  check(on) {
    const { status, stderr } = on.stack(["apply", "-y", "-f", on.sandbox.file("stack.yaml", BOX)])
    assert.is(status, 0, OUTSIDE)
    assert.is(stderr.includes("error"), false)
    const mounts = readFileSync(`/proc/${processOf(on).init}/mountinfo`, "utf8")
    for (const path of ["/proc", "/sys", "/dev", "/dev/pts"]) assert.match(mounts, new RegExp(` ${path} `), OUTSIDE)
  },
})

const SYMLINKED = "an image whose /proc is a link is started"

requirement("2019-19921, 2023-27561: /proc, /sys and /dev of an image are real folders", {
  without: { "real-folders": SYMLINKED },
  check(on) {
    const root = `${on.sandbox.work}/root`
    for (const folder of ["bin", "sys", "dev", "elsewhere"]) mkdirSync(`${root}/${folder}`, { recursive: true })
    on.sandbox.run(["sh", "-c", "cp $(command -v busybox) root/bin/busybox"])
    symlinkSync("elsewhere", `${root}/proc`)
    const file = on.sandbox.file(
      "stack.yaml",
      'name: iso\ncontainers: { box: { image: "dir:./root", command: [busybox, sleep, "1000"] } }\n',
    )
    const { status, stderr } = on.stack(["apply", "-y", "-f", file])
    assert.is(status, 1, SYMLINKED)
    assert.match(stderr, /mkdir \/proc .*ELOOP/)
  },
  programs: ["busybox"],
})

const OTHER_NODE = "a node is taken for another one"

requirement("2025-31133: nodes of devices are looked at by type and number, on a /dev of the container's own", {
  without: { "device-numbers": OTHER_NODE },
  check(on) {
    on.sandbox.run(["sh", "-c", "touch fake && mount --bind fake /dev/full"])
    const { status, stderr } = on.stack(["apply", "-y", "-f", on.sandbox.file("stack.yaml", BOX)])
    assert.is(status, 1, OTHER_NODE)
    assert.match(stderr, /mount --bind \/dev\/full .*ENODEV/)
    on.sandbox.run(["umount", "/dev/full"])
    on.apply(BOX)
    assert.match(readFileSync(`/proc/${processOf(on).init}/mountinfo`, "utf8"), / \/dev .* - tmpfs /)
  },
})

const DIVERTED = "a sysctl is written to a file that is no sysctl's"

requirement("2025-52881, 2019-16884: what is written to /proc goes to a procfs and nowhere else", {
  without: { "private-procfs": DIVERTED },
  check(on) {
    on.sandbox.run([
      "sh",
      "-c",
      "mkdir -p fake/ipv4; for name in ip_forward ping_group_range; do echo untouched > fake/ipv4/$name; done; mount --bind fake /proc/sys/net",
    ])
    const { status, stderr } = on.stack([
      "apply",
      "-y",
      "-f",
      on.sandbox.file("stack.yaml", box(", namespaces: { user: host }, sysctls: { net.ipv4.ip_forward: 1 }")),
    ])
    assert.is(readFileSync(`${on.sandbox.work}/fake/ipv4/ip_forward`, "utf8"), "untouched\n", DIVERTED)
    assert.is(status, 1)
    assert.match(stderr, "EXDEV")
  },
})

const ADMIN = "a root with the host's ids has CAP_SYS_ADMIN"

requirement("2022-0492: no CAP_SYS_ADMIN over the host's user namespace, and no cgroup is mounted", {
  without: { capabilities: ADMIN },
  check(on) {
    on.apply(box(", namespaces: { user: host }"))
    assert.is(BigInt(`0x${statusLine(on, "CapEff")}`) & (1n << 21n), 0n, ADMIN)
    assert.not.match(readFileSync(`/proc/${processOf(on).init}/mountinfo`, "utf8"), /- cgroup2? /)
    assert.is.not(execIn(on, "mount -t tmpfs none /tmp").status, 0)
  },
})

const DUMPABLE = "who runs inside could look into a process that is not yet the container's"

requirement("2016-9962: until its exec nobody inside can trace or open what waits to become the command", {
  without: { "not-dumpable": DUMPABLE },
  async check(on) {
    const file = on.sandbox.file("stack.yaml", BOX)
    const operations = `${on.sandbox.work}/operations`
    on.stack(["apply", "-y", "-f", file], { env: { STACK_FAULT_COUNT: operations } })
    const at =
      readFileSync(operations, "utf8")
        .split("\n")
        .findIndex((line) => line.endsWith(": go")) + 1
    on.stack(["destroy", "-y", "-f", file])
    const waiting = on.sandbox.start(on.command("apply", "-y", "-f", file), { env: { STACK_FAULT: `pause:${at}:${on.sandbox.work}/go` } })
    const ended = new Promise((resolve) => waiting.once("exit", resolve))
    try {
      const parked = await parkedChild(on)
      // What a process that is not dumpable has in /proc is root's, whatever its own ids are. proc(5)
      assert.is(statSync(`/proc/${parked}/environ`).uid, 0, DUMPABLE)
    } finally {
      on.sandbox.file("go", "")
      await ended
    }
  },
})

async function parkedChild(on: Weakening): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    try {
      const { init } = processOf(on)
      // Its own root is not there yet, but its ids are.
      if (init !== 0 && /^Uid:\t[1-9]\d{4,}/m.test(readFileSync(`/proc/${init}/status`, "utf8"))) return init
    } catch {
      // There is no monitor yet.
    }
  }
  throw new Error("nothing was ever parked")
}

const BOUNDING = "the bounding set holds more than the container may have"

requirement("2022-29162: inheritable and ambient sets are empty, and the bounding set is what it may have", {
  without: { "bounding-set": BOUNDING },
  check(on) {
    on.apply(box(", cap_drop: [ALL], cap_add: [CHOWN]"))
    assert.is(BigInt(`0x${statusLine(on, "CapBnd")}`), 1n, BOUNDING)
    for (const set of ["CapInh", "CapAmb"]) assert.is(BigInt(`0x${statusLine(on, set)}`), 0n, set)
    for (const set of ["CapPrm", "CapEff"]) assert.is(BigInt(`0x${statusLine(on, set)}`), 1n, set)
  },
})

const GROUPS = "groups of the caller's are a container's"

requirement("2014-8989, 2022-36109: a container has the groups that it is given, and none of the caller's", {
  without: { groups: GROUPS },
  check(on) {
    const file = on.sandbox.file("stack.yaml", BOX)
    assert.is(on.sandbox.run(["setpriv", "--groups", "4,20", ...on.command("apply", "-y", "-f", file)]).status, 0)
    assert.is(statusLine(on, "Groups").trim(), "", GROUPS)
  },
  programs: ["setpriv"],
})

const SESSION = "a command is in the session of whoever applies"
const STUFFED = "a command may put input into its terminal"

requirement("2017-5226: a session of its own, and no way to type into a terminal", {
  without: { session: SESSION, filter: STUFFED },
  check(on) {
    on.apply(BOX)
    const { init } = processOf(on)
    const session = readFileSync(`/proc/${init}/stat`, "utf8").split(") ")[1]?.split(" ")[3]
    assert.is(Number(session), init, SESSION)
    const script = "import fcntl\ntry:\n  fcntl.ioctl(0, 0x5412, b'x')\nexcept OSError as e: print(e.errno)"
    assert.is(execIn(on, `python3 -c "${script}"`).stdout.trim(), "1", STUFFED)
  },
  programs: ["python3"],
})

const KEYRING = "a command has the session keyring of whoever applies"
const KEYCTL = "a command may call keyctl"

requirement("a session keyring of its own, and no keyctl", {
  without: { "session-keyring": KEYRING, filter: KEYCTL },
  check(on) {
    const keyctl = (...args: string[]) =>
      `import ctypes; libc = ctypes.CDLL(None, use_errno=True); r = libc.syscall(250, ${args.join(", ")})`
    on.sandbox.file(
      "own.py",
      `import os, sys\n${keyctl("1", "0", "0", "0", "0").replaceAll("; ", "\n")}\nprint(libc.syscall(250, 0, -3, 0), flush=True)\nos.execvp(sys.argv[1], sys.argv[1:])\n`,
    )
    const told = `${keyctl("0", "-3", "0")}; print(r, ctypes.get_errno(), flush=True)`
    const text = (rest: string) =>
      `name: iso\ncontainers:\n  box: { command: [sh, -c, "python3 -c '${told}'; exec sleep infinity"]${rest} }\n`
    const file = on.sandbox.file("stack.yaml", text(", security_opt: [seccomp=unconfined]"))
    const { stdout } = on.sandbox.run(["python3", "own.py", ...on.command("apply", "-y", "-f", file)])
    const log = () => on.stack(["logs", "-f", file, "box"]).stdout
    for (let tries = 0; tries < 100 && !/\d/.test(log()); tries++) on.sandbox.run(["sleep", "0.05"])
    assert.is.not(/(\d+) \d+/.exec(log())?.[1], stdout.split("\n")[0], KEYRING)
    on.stack(["destroy", "-y", "-f", file])
    on.apply(BOX)
    assert.match(execIn(on, `python3 -c '${told}'`).stdout, /^-1 1$/m, KEYCTL)
  },
  programs: ["python3"],
})

const NESTED = "a command makes a user namespace"

requirement("nested user namespaces are not made unless asked for", {
  without: { filter: NESTED },
  check(on) {
    on.apply(BOX)
    assert.is.not(execIn(on, "unshare --user true").status, 0, NESTED)
    assert.is.not(execIn(on, "nsenter --target 1 --uts true").status, 0)
  },
})

const UNBOUNDED = "a log grows without bound"

requirement("2022-1708: a log is bounded and rotated, and the monitor's memory is fixed", {
  without: { "log-bound": UNBOUNDED },
  check(on) {
    const file = on.apply(
      'name: iso\ncontainers:\n  box: { command: [sh, -c, "yes $(printf %02000d 0) | head -c 26000000; sleep infinity"] }\n',
    )
    const sizes = () => on.sandbox.run(["sh", "-c", "stat -c '%n %s' /run/stack/iso/box/log*"]).stdout
    const memory = () => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${processOf(on).monitor}/status`, "utf8"))?.[1])
    for (let tries = 0; tries < 200 && !/2[0-9]{7}|log\.1/.test(sizes()); tries++) on.sandbox.run(["sleep", "0.05"])
    const before = memory()
    on.sandbox.run(["sleep", "0.5"])
    for (const line of sizes().trim().split("\n")) assert.ok(Number(line.split(" ")[1]) <= 10 * 1024 * 1024, UNBOUNDED)
    assert.ok(memory() <= before + 16, "the monitor's memory grows")
    on.stack(["destroy", "-y", "-f", file])
  },
})

const OPENED = "a device that is not the container's opens"

requirement("devices are denied by default", {
  without: { devices: OPENED },
  check(on) {
    on.apply(box(", namespaces: { user: host }, cap_add: [MKNOD]"))
    const { status, stderr } = execIn(on, "mknod /tmp/log c 1 11 && : > /tmp/log")
    assert.is.not(status, 0, OPENED)
    assert.match(stderr, "Operation not permitted")
  },
})

const IMAGE_NODE = "a node in an image opens"

requirement("nodes that an image has do not open", {
  without: { "image-nodes": IMAGE_NODE },
  check(on) {
    on.sandbox.run([
      "sh",
      "-c",
      "mkdir -p root/bin root/proc root/sys root/dev; cp $(command -v busybox) root/bin/busybox; mknod root/node c 1 3",
    ])
    on.apply('name: iso\ncontainers:\n  box: { image: "dir:./root", command: [busybox, sleep, "1000"], namespaces: { user: host } }\n')
    const { status, stderr } = on.stack([
      "exec",
      "-f",
      `${on.sandbox.work}/stack.yaml`,
      "box",
      "--",
      "busybox",
      "dd",
      "of=/node",
      "count=0",
      "conv=notrunc",
    ])
    assert.is.not(status, 0, IMAGE_NODE)
    assert.match(stderr, "Permission denied")
  },
  programs: ["busybox"],
})

const OPEN_FOLDER = "others may look into a run folder"

requirement("run folders and their files are root's alone, and a link in their place is an error", {
  without: { "run-folder": OPEN_FOLDER },
  check(on) {
    const file = on.apply(BOX)
    const modes = on.sandbox.run([
      "sh",
      "-c",
      "cd /run/stack && stat -c '%a %n' . iso iso/box iso/box/spec.json iso/box/log iso/lock",
    ]).stdout
    assert.is(modes, "755 .\n700 iso\n700 iso/box\n600 iso/box/spec.json\n600 iso/box/log\n600 iso/lock\n", OPEN_FOLDER)
    on.stack(["destroy", "-y", "-f", file])
    on.sandbox.run(["sh", "-c", "mkdir -p /run/stack elsewhere; chmod 755 /run/stack; ln -s $PWD/elsewhere /run/stack/iso"])
    assert.match(on.stack(["apply", "-y", "-f", file]).stderr, "/run/stack/iso is a symbolic link")
  },
})

const SYSCTLS = "a sysctl of the whole machine is set for a container"

requirement("2022-0811: sysctls are those of a list, and their values of plain characters", {
  without: { "sysctl-list": SYSCTLS },
  check(on) {
    const validate = (sysctls: string) => on.stack(["validate", "-f", on.sandbox.file("stack.yaml", box(`, sysctls: { ${sysctls} }`))])
    assert.is(validate("net.ipv4.ip_forward: 1, kernel.msgmax: 9000, fs.mqueue.msg_max: 10").status, 0)
    assert.is(validate("net.ipv4.conf.eth0/10.forwarding: 1, net/ipv6/conf/eth0.10.20/forwarding: 1").status, 0)
    const others = ["kernel.core_pattern", "kernel.shm_rmid_forced.x", "vm.swappiness", "kernel.sem_", "kernel/shm.x"]
    // By a slash that is a dot, or a dot that is a slash, no name gets a part that leads up, or is none.
    const upwards = ["net.//.//.kernel.core_pattern", "net/../kernel/core_pattern", "net/ipv4/../../kernel/core_pattern", "net.ipv4.x//y"]
    const empty = ["net..ipv4.ip_forward", "net//ipv4//ip_forward", "net.ipv4./ip_forward", "net.ipv4.ip_forward/", "/net/ipv4/ip_forward"]
    for (const name of [...others, ...upwards, ...empty])
      assert.match(validate(`${name}: 1`).stderr, "cannot be set for a container alone", SYSCTLS)
    for (const value of ["1+2\\n3", "$(id)", "|x"])
      assert.match(validate(`net.ipv4.ip_forward: "${value}"`).stderr, "a character that none takes")
  },
})

const ANOTHER = "a process is hit that has another's number"

requirement("a process is hit by its number and its start time, or not at all", {
  without: { "start-times": ANOTHER },
  check(on) {
    const { stdout, stderr } = on.sandbox.run([process.execPath, "--import", TSX, SIGNAL_ANOTHER, on.folder])
    assert.is(stdout, "spared\n", stderr === "" ? ANOTHER : stderr)
  },
})

const STALE = "a plan is carried out on other objects than it was made for"

requirement("a saved plan holds for the objects that it was made for alone", {
  without: { "stale-plan": STALE },
  check(on) {
    const file = on.apply(BOX)
    on.sandbox.file("stack.yaml", box(", oom_score_adj: 5"))
    assert.is(on.stack(["plan", "-f", file, "--out", "kept"]).status, 0)
    const { init } = processOf(on)
    on.sandbox.file("stack.yaml", BOX)
    on.stack(["destroy", "-y", "-f", file])
    on.stack(["apply", "-y", "-f", file])
    assert.is.not(processOf(on).init, init)
    const { status, stderr } = on.stack(["apply", "kept"])
    assert.is(status, 3, STALE)
    assert.match(stderr, "container.box is another one now")
  },
})

const OVER_HOST = "power over the host is given to who has not asked for it"

requirement("2022-0492: CAP_SYS_ADMIN over the host's user namespace is had by name alone", {
  without: { "power-over-the-host": OVER_HOST },
  check(on) {
    const validate = (rest: string) => on.stack(["validate", "-f", on.sandbox.file("stack.yaml", box(rest))])
    assert.is(validate(", namespaces: { user: host }, cap_add: [SYS_ADMIN]").status, 1, OVER_HOST)
    assert.is(validate(", namespaces: { user: host }, privileged: true").status, 1)
    assert.is(validate(", namespaces: { user: host }, profile: unsafe").status, 0)
  },
})

const PRIVILEGES = "a set-user-id program could give a command more than it has"
const WRITABLE = "what steers the machine may be written"
const CORE = "core dumps are for the host to handle"
const PIDS_LEFT = "it may fill the machine's table of processes"

requirement("the default of a container: no_new_privs, masked and read-only paths, /sys read-only, no core dumps, 1024 processes", {
  without: { "no-new-privileges": PRIVILEGES, masks: WRITABLE, "read-only-sys": WRITABLE, "core-dumps": CORE, pids: PIDS_LEFT },
  check(on) {
    on.apply(BOX)
    assert.is(statusLine(on, "NoNewPrivs"), "1", PRIVILEGES)
    assert.match(readFileSync(`/proc/${processOf(on).init}/limits`, "utf8"), /^Max core file size\s+0\s+0\s/m, CORE)
    const mounts = readFileSync(`/proc/${processOf(on).init}/mountinfo`, "utf8")
    for (const path of ["/proc/sys", "/sys"]) assert.match(mounts, new RegExp(` ${path} ro,`), WRITABLE)
    for (const path of ["/proc/keys", "/proc/timer_list"]) assert.match(mounts, new RegExp(` /null ${path} ro,`))
    assert.is(pidsMax(on), "1024", PIDS_LEFT)
  },
})

/** Of its group in the hierarchy that counts processes; a group that is not there holds it to nothing. */
function pidsMax({ sandbox }: Weakening): string {
  const file = groupFile(sandbox, "pids", "iso/box", PIDS)
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "max"
}

const HOST_ROOT = "host id 0 is mapped though nobody has said that this is meant"

requirement("user namespaces: the host's root is nobody's in a container, unless the file says so", {
  without: { "host-root": HOST_ROOT },
  check(on) {
    const mapped = (more: string) => box(`, idmap: { uid: ["0 0 65536"]${more} }`)
    const refused = on.stack(["plan", "-f", on.sandbox.file("stack.yaml", mapped(""))])
    assert.is(refused.status, 1, HOST_ROOT)
    assert.match(refused.stderr, /host id 0 is mapped.*\n(.*\n)*.*unsafe: true/)
    const file = on.apply(mapped(", unsafe: true"))
    assert.match(readFileSync(`/proc/${processOf(on).init}/uid_map`, "utf8"), /^ +0 +0 +65536$/m)
    assert.match(on.stack(["plan", "-f", file]).stdout, /idmap.*as the user's.*the host's root, whom nothing holds/)
  },
})

test.run()
