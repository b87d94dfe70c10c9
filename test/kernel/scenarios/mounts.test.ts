/** What is mounted in a container: volumes, folders of the host, memory; looked at with findmnt's source and with files. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { apply, expectConverged, expectNoTrace, expectStatus, inside, live, planOf, scenario, test, verdicts } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const MAP = '{ uid: ["0 300000 65536"], gid: ["0 300000 65536"] }'
const stack = (rest: string, more = "volumes: { data: {} }\n") => `name: mnt
${more}containers:
  web: { command: [sleep, infinity], idmap: ${MAP}, ${rest} }
`
const exec = (sandbox: Sandbox, file: string, ...command: string[]) => sandbox.stack(["exec", "-f", file, "web", "--", ...command])
const init = (sandbox: Sandbox) => live(sandbox, "mnt", "web").init
/** Lines of its mountinfo, by target: options, type, options of the file system. */
function mountsOf(sandbox: Sandbox): { [target: string]: string } {
  const lines = readFileSync(`/proc/${init(sandbox)}/mountinfo`, "utf8")
    .trim()
    .split("\n")
  return Object.fromEntries(lines.map((line) => [line.split(" ")[4], line.split(" ").slice(5).join(" ")]))
}
const KEPT = "/var/lib/stack/volumes/mnt/data"

scenario("a volume: made, written to as the container's root, shared by two maps, kept by destroy, gone with --volumes", (sandbox) => {
  const file = sandbox.file(
    "stack.yaml",
    `${stack("volumes: ['data:/var/lib/x']")}  db: { command: [sleep, infinity], volumes: ['data:/data:ro'] }\n`,
  )
  const plan = planOf(sandbox, file)
  assert.equal(verdicts(plan), ["create volume.data", "create container.web", "create container.db"])
  apply(sandbox, file)
  expectConverged(sandbox, file)
  expectStatus(exec(sandbox, file, "sh", "-c", "echo mine > /var/lib/x/file && stat -c %u /var/lib/x/file /var/lib/x"), 0)
  assert.is(exec(sandbox, file, "stat", "-c", "%u", "/var/lib/x/file", "/var/lib/x").stdout, "0\n0\n")
  const db = (...command: string[]) => sandbox.stack(["exec", "-f", file, "db", "--", ...command])
  assert.is(expectStatus(db("sh", "-c", "cat /data/file; stat -c %u /data/file"), 0).stdout, "mine\n0\n")
  assert.match(db("touch", "/data/x").stderr, "Read-only file system")
  assert.is(sandbox.run(["stat", "-c", "%u %a", `${KEPT}/file`, "/var/lib/stack/volumes"]).stdout, "0 644\n0 700\n")
  assert.match(mountsOf(sandbox)["/var/lib/x"] as string, /^rw,nosuid,nodev,\S*idmapped/)
  assert.match(expectStatus(sandbox.stack(["show", "-f", file]), 0).stdout, /^volume\.data +present/m)

  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
  assert.is(sandbox.run(["cat", `${KEPT}/file`]).stdout, "mine\n")
  apply(sandbox, file)
  assert.is(exec(sandbox, file, "cat", "/var/lib/x/file").stdout, "mine\n")
  // What the file does not hold any more stays, too.
  sandbox.file("stack.yaml", stack("volumes: []", ""))
  apply(sandbox, file)
  assert.is(sandbox.run(["cat", `${KEPT}/file`]).stdout, "mine\n")
  const ran = expectStatus(sandbox.stack(["plan", "--destroy", "--volumes", "-f", file]), 0)
  assert.match(ran.stdout, "- volume.data")
  assert.match(expectStatus(sandbox.stack(["destroy", "--volumes", "--atomic", "-y", "-f", file]), 64).stderr, "cannot be brought back")
  expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  assert.is(sandbox.run(["ls", "/var/lib/stack"]).stdout, "")
})

/** A root of busybox, in which /b is a symbolic link to /a, and /l leads below /z. */
function linkedRoot(sandbox: Sandbox): string {
  const root = `${sandbox.work}/root`
  for (const folder of ["bin", "a", "z/er", "proc", "sys", "dev", "etc", "tmp"]) mkdirSync(`${root}/${folder}`, { recursive: true })
  expectStatus(sandbox.run(["sh", "-c", `cp $(command -v busybox) ${root}/bin/busybox && ln -s busybox ${root}/bin/sleep`]), 0)
  symlinkSync("/a", `${root}/b`)
  symlinkSync("z/er", `${root}/l`)
  return root
}

const MEETING = `volumes: ['data:/a/x', { type: tmpfs, target: /b/x, size: 1M }], tmpfs: [/z, /l], image:`

scenario(
  "targets that a symbolic link of the image makes one are told by the plan; of an image that is yet to be unpacked, before the launch",
  (sandbox) => {
    const root = linkedRoot(sandbox)
    const file = sandbox.file("stack.yaml", stack(`${MEETING} "dir:./root"`))
    const told = expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr
    assert.match(told, /stack\.yaml:4:\d+: error: two mounts at \/a\/x: \/a\/x and \/b\/x are one place\n/)
    assert.match(told, /a symbolic link leads from \/b\/x to \/a\/x/)
    assert.match(told, /stack\.yaml:4:\d+: error: the mount at \/z would hide that at \/l\n/)
    assert.match(told, /a symbolic link leads from \/l to \/z\/er/)
    // What is in a folder of the host leads on as well, where no container can write to it.
    sandbox.file("stack.yaml", stack(`volumes: ['./conf:/etc/conf:ro', 'data:/etc/conf/here'], tmpfs: [/a], image: "dir:./root"`))
    mkdirSync(`${sandbox.work}/conf`)
    symlinkSync("/a", `${sandbox.work}/conf/here`)
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr, "two mounts at /a: /a and /etc/conf/here are one place")

    expectStatus(sandbox.run(["tar", "-cf", "root.tar", "-C", root, "."]), 0)
    sandbox.file("stack.yaml", stack(`${MEETING} "tar:./root.tar"`))
    expectStatus(sandbox.stack(["plan", "-f", file]), 0)
    const refused = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1).stderr
    assert.match(refused, /stack\.yaml:4:(?!3:)\d+: error: the mount at \/z would hide that at \/l\n/)
    assert.match(refused, "container.web")
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr, /stack\.yaml:4:\d+: error: two mounts at \/a\/x/)
    // What is of another sort is told as well.
    const odd = `volumes: ['./root.tar:/a'], tmpfs: [/bin/sleep], secrets: [{ source: s, target: /z }]`
    sandbox.file("stack.yaml", stack(`${odd}, image: "tar:./root.tar"`, "volumes: { data: {} }\nsecrets: { s: { file: ./stack.yaml } }\n"))
    const sorts = expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr.match(/error: .*/g)
    assert.equal(sorts, [
      "error: a file is to be mounted at /a, which is a folder in the image",
      "error: a folder is to be mounted at /bin/sleep, which is a file in the image",
      "error: a file is to be mounted at /z, which is a folder in the image",
    ])
    // Apart they are as ever, also through the link.
    sandbox.file("stack.yaml", stack(`volumes: ['data:/a/x', { type: tmpfs, target: /b/y, size: 1M }], image: "tar:./root.tar"`))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    // The host's own links out of folders that it does not show lead nowhere.
    sandbox.file("stack.yaml", stack("tmpfs: [/bin/x, /usr/bin/x, /var/run/x, /run/x]"))
    const [one, ...more] = expectStatus(sandbox.stack(["plan", "-f", file]), 1).stderr.match(/two mounts at .*/g) ?? []
    assert.equal([one, more.length], ["two mounts at /usr/bin/x: /bin/x and /usr/bin/x are one place", 0])
    expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  },
  ["busybox", "tar"],
)

scenario("a volume goes alone, and never from under a container; --replace empties it", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack("volumes: ['data:/x']"))
  apply(sandbox, file)
  expectStatus(exec(sandbox, file, "touch", "/x/file"), 0)
  const plan = planOf(sandbox, file, "--replace", "volume.data")
  assert.equal(verdicts(plan), ["delete+create volume.data", "delete+create container.web"])
  apply(sandbox, file, "--replace", "volume.data")
  assert.is(exec(sandbox, file, "ls", "/x").stdout, "")
  const alone = JSON.parse(
    expectStatus(sandbox.stack(["plan", "--json", "--destroy", "--volumes", "--target", "volume.data", "-f", file]), 0).stdout,
  )
  assert.equal(verdicts(alone).sort(), ["delete container.web", "delete volume.data"])
  sandbox.file("stack.yaml", stack("", "volumes: { data: { prevent_destroy: true } }\n").replace(", }", " }"))
  apply(sandbox, file)
  const ran = sandbox.stack(["destroy", "-y", "--volumes", "-f", file])
  assert.is(ran.status, 3, ran.stderr)
  assert.is(sandbox.run(["ls", "/var/lib/stack/volumes/mnt"]).stdout, "data\n")
  sandbox.run(["sh", "-c", `rmdir ${KEPT} && ln -s /etc ${KEPT}`])
  const foreign = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(foreign.stderr, `${KEPT} is no folder, and volume.data wants its place`)
  assert.ok(existsSync("/etc"))
})

scenario(
  "folders and files of the host: read-only, unmapped or mapped, with what is mounted below them, and what comes later",
  (sandbox) => {
    for (const name of ["conf/sub", "mapped", "shared"]) mkdirSync(`${sandbox.work}/${name}`, { recursive: true })
    writeFileSync(`${sandbox.work}/conf/file`, "text\n")
    chownSync(`${sandbox.work}/mapped`, 1000, 1000)
    for (const way of ["conf/sub", "shared"]) expectStatus(sandbox.run(["mount", "-t", "tmpfs", way, way]), 0)
    expectStatus(sandbox.run(["mount", "--make-shared", "shared"]), 0)
    const mounts = `volumes: ["./conf:/etc/conf:ro", "./conf/file:/run/one/file", "./mapped:/mapped:idmap", "./shared:/shared:rslave",
    { type: bind, source: ./conf, target: "/var/run/deep/er" }]`
    const file = sandbox.file("stack.yaml", stack(mounts, ""))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(
      expectStatus(exec(sandbox, file, "cat", "/etc/conf/file", "/run/one/file", "/var/run/deep/er/file"), 0).stdout,
      "text\n".repeat(3),
    )
    for (const path of ["/etc/conf/x", "/etc/conf/sub/x"])
      assert.match(exec(sandbox, file, "touch", path).stderr, "Read-only file system", path)
    assert.is(exec(sandbox, file, "stat", "-c", "%u", "/etc/conf", "/mapped").stdout, "65534\n1000\n")
    expectStatus(sandbox.run(["sh", "-c", "mkdir shared/late && mount -t tmpfs late shared/late && touch shared/late/here"]), 0)
    assert.is(exec(sandbox, file, "ls", "/shared/late").stdout, "here\n")
    expectConverged(sandbox, file)
    // The other way nothing shows.
    assert.not.match(sandbox.run(["cat", "/proc/self/mountinfo"]).stdout, "/var/run/deep")
  },
)

scenario("memory: size and mode, in any order and nested, below volumes and above them", (sandbox) => {
  const mounts = `volumes: ["data:/a/b", { type: tmpfs, target: /a, size: 1M, mode: 0755 }, { type: tmpfs, target: /a/b/c, tmpfs: { size: 64K } }],
    tmpfs: [/tmp, "/run:size=2M,mode=711"]`
  const file = sandbox.file("stack.yaml", stack(mounts))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  const found = mountsOf(sandbox)
  assert.match(found["/a"] as string, /tmpfs rw,size=1024k,mode=755/)
  assert.match(found["/a/b/c"] as string, /tmpfs rw,size=64k/)
  assert.match(found["/run"] as string, /^rw,nosuid,nodev,relatime.* tmpfs rw,size=2048k,mode=711/)
  assert.is(exec(sandbox, file, "stat", "-c", "%a %u", "/tmp", "/run", "/a").stdout, "1777 0\n711 0\n755 0\n")
  expectStatus(exec(sandbox, file, "touch", "/a/x", "/a/b/x", "/a/b/c/x", "/tmp/x"), 0)
  assert.is(sandbox.run(["ls", KEPT]).stdout, "c\nx\n")

  // Another size, by the file and by hand.
  assert.equal(planOf(sandbox, sandbox.file("stack.yaml", stack(mounts.replace("2M", "3M")))).changes[1]?.forces_replacement, [
    "mounts./run",
  ])
  apply(sandbox, file)
  assert.match(mountsOf(sandbox)["/run"] as string, "size=3072k")
  expectStatus(inside(init(sandbox), "-m", "mount", "-o", "remount,size=5M", "/run"), 0)
  const plan = planOf(sandbox, file)
  assert.equal([verdicts(plan), plan.drift.length], [["delete+create container.web"], 1])
  assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, "mounts./run: ")
  apply(sandbox, file)
  expectConverged(sandbox, file)
})

scenario(
  "what is taken off by hand, opened to writing, or covered is drift, and comes back; a source that is another one, too",
  (sandbox) => {
    for (const name of ["conf", "other"]) mkdirSync(`${sandbox.work}/${name}`)
    const file = sandbox.file("stack.yaml", stack("volumes: ['./conf:/etc/conf:ro', 'data:/data']"))
    apply(sandbox, file)
    const { monitor: before } = live(sandbox, "mnt", "web")
    expectStatus(inside(init(sandbox), "-m", "umount", "/data"), 0)
    const taken = planOf(sandbox, file)
    assert.equal([verdicts(taken), taken.drift.length], [["update container.web"], 1])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.is(live(sandbox, "mnt", "web").monitor, before)
    for (const command of [
      ["mount", "-o", "remount,bind,rw", "/etc/conf"],
      ["mount", "-t", "tmpfs", "x", "/data"],
      ["mount", "--bind", "/usr", "/etc/conf"],
    ]) {
      const { monitor } = live(sandbox, "mnt", "web")
      expectStatus(inside(init(sandbox), "-m", ...command), 0)
      const plan = planOf(sandbox, file)
      assert.equal([verdicts(plan), plan.drift.length], [["delete+create container.web"], 1], command.join(" "))
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.is.not(live(sandbox, "mnt", "web").monitor, monitor)
    }
    expectStatus(sandbox.run(["sh", "-c", "rmdir conf && mkdir conf"]), 0)
    assert.equal(verdicts(planOf(sandbox, file)), ["delete+create container.web"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
  },
)

scenario(
  "a target leads out of the root by no link, and over the kernel's own filesystems neither",
  (sandbox) => {
    const root = `${sandbox.work}/rootfs`
    for (const name of ["bin", "etc", "real"]) mkdirSync(`${root}/${name}`, { recursive: true })
    expectStatus(sandbox.run(["cp", "/bin/busybox", `${root}/bin/sleep`]), 0)
    const outside = `${sandbox.work}/outside`
    for (const folder of [outside, `${root}${outside}`]) mkdirSync(folder, { recursive: true })
    symlinkSync(outside, `${root}/absolute`)
    symlinkSync("../../../../../../../../real", `${root}/up`)
    symlinkSync("/proc/self/root", `${root}/magic`)
    symlinkSync("/nowhere/at/all", `${root}/dangling`)
    symlinkSync("/proc", `${root}/kernel`)
    const at = (target: string) => stack(`image: "dir:./rootfs", volumes: ['data:${target}']`)
    const file = sandbox.file("stack.yaml", at("/absolute/x"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.ok(mountsOf(sandbox)[`${outside}/x`], "followed within the root")
    assert.equal([existsSync(`${outside}/x`), existsSync(`${root}${outside}/x`)], [false, false])
    sandbox.file("stack.yaml", at("/up"))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.ok(mountsOf(sandbox)["/real"])
    for (const [target, errno] of [
      ["/magic/x", "ELOOP|EXDEV|ENOENT|EACCES"],
      ["/dangling", "ENOENT"],
      ["/kernel/self", "EXDEV|ENOENT"],
      ["/bin/sleep/x", "ENOTDIR"],
    ] as const) {
      sandbox.file("stack.yaml", at(target))
      const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
      assert.match(
        ran.stderr,
        new RegExp(`stack\\.yaml:4:\\d+: error: .*mount --bind ${KEPT} ${target}( \\(setup step \\d+\\))?: (${errno})`),
      )
      assert.match(ran.stderr, "hint: ")
      expectNoTrace(ran)
    }
    expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  },
  ["busybox"],
)

scenario("what is mistaken in a file is told where it is written, before anything is done", (sandbox) => {
  const file = sandbox.file("stack.yaml", stack("volumes: ['data:/x', './none:/etc/none:ro']"))
  const ran = expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 1)
  assert.match(ran.stderr, /stack\.yaml:4:\d+: error: \/.*\/none, which is to be mounted at \/etc\/none, is not there/)
  assert.match(ran.stderr, "./none:/etc/none:ro")
  expectNoTrace(ran)
  assert.is(sandbox.run(["ls", "/var/lib/stack"]).stdout, "")
  mkdirSync(`${sandbox.work}/none`)
  chmodSync(sandbox.work, 0o700)
  apply(sandbox, file)
  expectConverged(sandbox, file)
  assert.is(statSync(`${sandbox.work}/none`).uid, 0)
})

scenario("import --live writes what is mounted, and the volumes", (sandbox) => {
  mkdirSync(`${sandbox.work}/conf`)
  const wish = `volumes: ["data:/x:ro", "./conf:/conf:rslave,idmap", { type: tmpfs, target: /run, size: 1M, mode: 700 }], read_only: true, tmpfs: /tmp`
  const file = sandbox.file("stack.yaml", stack(wish))
  apply(sandbox, file)
  const { stdout } = expectStatus(sandbox.stack(["import", "--live", "-p", "mnt"]), 0)
  const again = sandbox.file("again.yaml", stdout)
  expectConverged(sandbox, again)
  assert.match(stdout, "- data:/x:ro")
})

test.run()
