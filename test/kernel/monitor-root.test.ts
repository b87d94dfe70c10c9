import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { test } from "uvu"
import * as assert from "uvu/assert"
import type { LaunchRecord, SetupOp } from "../../src/kernel/kernel.ts"
import { linuxKernel } from "../../src/kernel/linux.ts"
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC } from "../../src/kernel/mount-flags.ts"
import { rootFactsReader } from "../../src/kinds/container/facts.ts"
import { planRoot } from "../../src/kinds/container/rootfs.ts"
import type { ContainerAttributes } from "../../src/kinds/container/spec.ts"
import { USUAL_LIFE } from "../../src/kinds/container/spec-life.ts"
import { cleanUp, launch, MAP, outputOf, recordOf, spaces, started, temporary } from "./monitor-process.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

/** A root of the host's /usr, as narrow as a shell can live in, with whatever else in the place of `/proc`. */
function folderWith(prepare: (root: string) => void): string {
  const root = temporary()
  for (const name of ["usr", "dev", "tmp"]) mkdirSync(`${root}/${name}`)
  for (const name of ["bin", "lib", "lib64"]) if (existsSync(`/${name}`)) symlinkSync(`usr/${name}`, `${root}/${name}`)
  prepare(root)
  chmodSync(root, 0o755)
  spawnSync("chown", ["-R", "-h", "700000:700000", root])
  return root
}

function enter(root: string, ops: readonly SetupOp[]): SetupOp[] {
  return [
    { op: "mount-root", source: root, path: root, type: "bind", flags: 0, data: "" },
    { op: "root", path: root },
    { op: "bind", source: "/usr", target: "/usr", flags: MS_RDONLY | MS_REC },
    ...ops,
    { op: "pivot" },
  ]
}

const PROC: SetupOp = { op: "mount", source: "proc", target: "/proc", type: "proc", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: "" }

async function outputIn(root: string, ops: readonly SetupOp[], command: string, different: Partial<LaunchRecord> = {}): Promise<string> {
  const dir = temporary()
  await started(recordOf(command, dir, { setup: enter(root, ops), ...different }))
  return outputOf(dir)
}

/** The errno with which the operation fails that comes `index` behind the first three. */
async function refusal(root: string, ops: readonly SetupOp[]): Promise<{ index: number; errno: number }> {
  const monitor = launch(recordOf("true", temporary(), { setup: enter(root, ops) }))
  await monitor.parked()
  const message = await monitor.go()
  if (message?.kind !== "failed") throw new Error("it was taken")
  assert.is(message.stage, 16)
  return { index: message.index - 3, errno: message.errno }
}

const ENOENT = 2
const EEXIST = 17
const ENOTDIR = 20
const EINVAL = 22
const ELOOP = 40

test("the new root is all there is", async () => {
  const root = folderWith((r) => mkdirSync(`${r}/proc`))
  const output = await outputIn(root, [PROC], "ls /; cut -d' ' -f5 /proc/self/mountinfo | head -3; cd ..; pwd; echo /proc/[0-9]*")
  const names = ["bin", "dev", "lib", ...(existsSync("/lib64") ? ["lib64"] : []), "proc", "tmp", "usr"]
  assert.is(output, `${names.join("\n")}\n/\n/usr\n/proc\n/\n/proc/1\n`)
})

test("nothing that is mounted inside shows outside", async () => {
  const before = readFileSync("/proc/self/mountinfo", "utf8")
  assert.is(spawnSync("mount", ["--make-rshared", "/"]).status, 0)
  const shared = readFileSync("/proc/self/mountinfo", "utf8")
  const root = folderWith((r) => mkdirSync(`${r}/proc`))
  await outputIn(root, [PROC], "true")
  assert.is(readFileSync("/proc/self/mountinfo", "utf8"), shared)
  assert.is.not(before, shared)
  spawnSync("mount", ["--make-rprivate", "/"])
})

test("a link in the place of a target is an error, in the root or on the way", async () => {
  const etc = folderWith((r) => {
    symlinkSync("/etc", `${r}/proc`)
    symlinkSync("dev", `${r}/way`)
    symlinkSync("/etc/passwd", `${r}/file`)
    mkdirSync(`${r}/dev/x`)
  })
  assert.equal(await refusal(etc, [PROC]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ ...PROC, target: "/way/x" }]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ op: "mkdir", target: "/proc", mode: 0o755 }]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ op: "mkdir", target: "/way/y", mode: 0o755 }]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ op: "file", target: "/file", mode: 0o644 }]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ op: "bind", source: "/dev/null", target: "/file", flags: 0 }]), { index: 0, errno: ELOOP })
  assert.equal(await refusal(etc, [{ op: "symlink", target: "/way/z", to: "x" }]), { index: 0, errno: ELOOP })
})

test("a target leads out of the root by no way", async () => {
  const root = folderWith(() => {})
  assert.equal(await refusal(root, [{ op: "mkdir", target: "/../../../no-such/x", mode: 0o755 }]), { index: 0, errno: ENOENT })
  const up = temporary()
    .slice(1)
    .split("/")
    .map(() => "..")
    .join("/")
  const output = await outputIn(root, [{ op: "mkdir", target: `/tmp/${up}/../../inside`, mode: 0o755 }], "ls -d /inside")
  assert.is(output, "/inside\n")
  assert.not.ok(existsSync("/inside"))
})

test("what is there already must be what is wanted", async () => {
  const root = folderWith((r) => {
    mkdirSync(`${r}/folder`)
    writeFileSync(`${r}/file`, "")
  })
  const fine: SetupOp[] = [
    { op: "mkdir", target: "/folder", mode: 0o755 },
    { op: "file", target: "/file", mode: 0o644 },
    { op: "symlink", target: "/bin", to: "elsewhere" },
  ]
  assert.is(await outputIn(root, fine, "readlink /bin"), "usr/bin\n")
  assert.equal(await refusal(root, [...fine, { op: "mkdir", target: "/file", mode: 0o755 }]), { index: 3, errno: ENOTDIR })
  assert.equal(await refusal(root, [{ op: "file", target: "/folder", mode: 0o644 }]), { index: 0, errno: EEXIST })
  assert.equal(await refusal(root, [{ op: "bind", source: "/dev/null", target: "/folder", flags: 0 }]), { index: 0, errno: EINVAL })
})

test("modes are those of the list, whatever the umask", async () => {
  const ops: SetupOp[] = [
    { op: "mkdir", target: "/sticky", mode: 0o1777 },
    { op: "file", target: "/open", mode: 0o666 },
  ]
  assert.is(
    await outputIn(
      folderWith(() => {}),
      ops,
      "stat -c '%a %u' /sticky /open",
    ),
    "1777 0\n666 0\n",
  )
})

test("a bind has its flags, and keeps those of its source", async () => {
  const source = temporary()
  chmodSync(source, 0o777)
  assert.is(spawnSync("mount", ["-t", "tmpfs", "-o", "nosuid,noexec,mode=777", "stack-test", source]).status, 0)
  mkdirSync(`${source}/below`)
  assert.is(spawnSync("mount", ["-t", "tmpfs", "stack-test", `${source}/below`]).status, 0)
  const root = folderWith((r) => {
    mkdirSync(`${r}/proc`)
    mkdirSync(`${r}/data`)
  })
  const bind: SetupOp = { op: "bind", source, target: "/data", flags: MS_RDONLY | MS_NODEV | MS_REC }
  try {
    const output = await outputIn(root, [PROC, bind], "grep -o ' /data[^ ]* r[^ ]*' /proc/self/mountinfo; touch /data/x /data/below/x 2>&1")
    assert.match(output, / \/data ro,nosuid,nodev,noexec/)
    assert.match(output, / \/data\/below ro,nodev/)
    assert.is(output.match(/Read-only file system/g)?.length, 2)
  } finally {
    spawnSync("umount", ["--recursive", source])
  }
})

test("an operation of a root that there is not, a pivot without one", async () => {
  for (const op of [PROC, { op: "mkdir", target: "/x", mode: 0o755 }, { op: "pivot" }] as SetupOp[]) {
    const monitor = launch(recordOf("true", temporary(), { setup: [op] }))
    await monitor.parked()
    assert.equal(await monitor.go(), { kind: "failed", stage: 16, index: 0, errno: 9 })
  }
})

/** As the product would have it. */
function attributes(image: string, user: "new" | "host"): ContainerAttributes {
  const map = user === "new" ? [{ container: 0, host: 700000, count: 65536 }] : []
  const namespaces = spaces("new", { user }) as ContainerAttributes["namespaces"]
  return {
    image,
    ephemeral: false,
    read_only: false,
    mounts: {},
    secrets: {},
    configs: {},
    argv: [],
    environment: {},
    working_dir: "/",
    user: "",
    hostname: "one",
    hosts: "image",
    ...{ dns: [], dns_search: [], dns_opt: [] },
    uid_map: map,
    gid_map: map,
    cgroup: "",
    limits: {},
    routes: [],
    sysctls: {},
    capabilities: [],
    no_new_privileges: true,
    seccomp: "unconfined",
    group_add: [],
    unmask: [],
    all_devices: false,
    devices: [],
    ulimits: {},
    oom_score_adj: 0,
    ...USUAL_LIFE,
    conditions: {},
    healthcheck: {},
    namespaces,
    labels: {},
    depends_on: [],
    state: "running",
  }
}

async function inImage(image: string, user: "new" | "host", command: string): Promise<string> {
  const layer = temporary()
  chmodSync(layer, 0o711)
  const kernel = linuxKernel()
  const facts = { ...rootFactsReader(kernel, "test")("one", attributes(image, user)), layer: `${layer}/one`, names: layer }
  for (const below of ["etc", "image/etc"]) mkdirSync(`${layer}/${below}`, { recursive: true })
  const sysctl: SetupOp = { op: "sysctl", name: "net.ipv4.ping_group_range", value: "0 65535" }
  const dir = temporary()
  const map = user === "new" ? MAP : ""
  const different = { ...planRoot(attributes(image, user), facts, [sysctl]), namespaces: spaces("new", { user }), uidMap: map, gidMap: map }
  await started(recordOf(command, dir, different))
  return outputOf(dir)
}

for (const user of ["new", "host"] as const) {
  test(`the host's system folders, nothing written back; user: ${user}`, async () => {
    const output = await inImage(
      "host",
      user,
      "echo x > /etc/stack-test && cat /etc/stack-test; ls /home /srv | wc -w; ps ax -o pid= | head -1",
    )
    assert.is(output.replaceAll(" ", ""), "x\n2\n1\n")
    assert.not.ok(existsSync("/etc/stack-test"))
  })

  test(`devices work, ids are the container's; user: ${user}`, async () => {
    const devices = "head -c 4 /dev/zero | wc -c; cat /dev/null; head -c1 /dev/zero 2>&1 > /dev/full; stat -c %u /dev/pts; ls /dev/fd/"
    assert.match(await inImage("host", user, devices), /^4\n.*No space left.*\n0\n0\n1\n2\n3\n$/s)
  })

  test(`ping works without a capability; user: ${user}`, async () => {
    if (spawnSync("ping", ["-V"]).status !== 0) return console.log("no ping here")
    assert.match(await inImage("host", user, "ping -c1 -W1 127.0.0.1"), /1 received/)
  })
}

test("the host's steering files are closed to a root that is the host's", async () => {
  const output = await inImage("host", "host", "echo 1 > /proc/sys/kernel/panic; echo $?; cat /proc/keys | wc -c")
  assert.match(output, /Read-only file system|Permission denied|cannot create/)
  assert.match(output, /^0$/m)
})

test("of the steering files those that a kernel has, whatever machine it runs on", () => {
  const facts = {
    layer: "/layer",
    image: ["/"],
    closed: false,
    volumes: "/volumes",
    owners: [],
    names: "/names",
    named: [],
    systemNames: { proc: ["acpi", "scsi", "latency_stats", "mtrr", "sys", "uptime"], sys: ["firmware", "kernel"] },
    nodes: [],
    systemFolders: [],
  }
  const masks = (change: Partial<ContainerAttributes>, user: "new" | "host" = "new") =>
    planRoot({ ...attributes("host", user), ...change }, facts, [])
      .setup.flatMap((op) => (op.op === "bind" || op.op === "device" || op.op === "mount" ? [`${op.source} ${op.target}`] : []))
      .filter((text) => / \/(proc|sys)\/./.test(text))
  const hidden = ["/dev/null /proc/latency_stats", "tmpfs /proc/acpi", "tmpfs /proc/scsi", "tmpfs /sys/firmware"]
  assert.equal(masks({}), ["/proc/sys /proc/sys", ...hidden])
  assert.equal(masks({}, "host"), ["/proc/sys /proc/sys", "/proc/mtrr /proc/mtrr", ...hidden])
  assert.equal(masks({ capabilities: ["NET_ADMIN"] }).slice(0, 2), ["/proc/sys /proc/sys", "/proc/sys/net /proc/sys/net"])
  assert.equal(masks({ unmask: ["/proc/sys", "/proc/acpi", "/sys/firmware"], capabilities: ["NET_ADMIN"] }), [hidden[0], hidden[2]])
  assert.equal(masks({ unmask: ["ALL"] }), [])
})

/** A shell, cat, and what they are linked with, below `image`, where /lib is part of /usr. */
function copyPrograms(image: string): void {
  const programs = ["/usr/bin/sh", "/usr/bin/cat"]
  const { stdout } = spawnSync("ldd", programs, { encoding: "utf8" })
  const libraries = stdout.match(/\/[^ :)]+\.so[^ :)]*/g) ?? []
  for (const path of new Set([...programs, ...libraries])) {
    const target = `${image}${path.startsWith("/usr") ? path : `/usr${path}`}`
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(path, target)
  }
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, `${image}/${name}`)
}

test("an image in a folder that is closed to others", async () => {
  const closed = temporary()
  const image = `${closed}/image`
  mkdirSync(`${image}/etc`, { recursive: true })
  copyPrograms(image)
  writeFileSync(`${image}/etc/name`, "image\n")
  chownSync(closed, 1234, 1234)
  chmodSync(closed, 0o700)
  for (const user of ["new", "host"] as const) {
    assert.is(await inImage(`dir:${image}`, user, "cat /etc/name; echo changed > /new-file; cat /new-file"), "image\nchanged\n")
  }
  assert.not.ok(existsSync(`${image}/new-file`))
})

test("a folder to be opened that is not there", async () => {
  const monitor = launch(recordOf("true", temporary(), { openPaths: ["/usr", "/no/such"] }))
  assert.equal(await monitor.next(), { kind: "failed", stage: 5, index: 1, errno: ENOENT })
})

test.after.each(cleanUp)
if (inOwnNamespaces(import.meta.url)) test.run()
