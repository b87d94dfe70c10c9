import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { boxes, makeTar, makeTree, OWNER } from "../support/image-lab.ts"
import { expectStatus } from "../support/lab.ts"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox } from "../support/sandbox.ts"
import type { Part } from "./part.ts"
import { lacking } from "./part.ts"
import { median, timed } from "./timed.ts"

/** `npm run bench -- --start`: one container of an image that is there, until its command runs. */
const ROUNDS = 11

const ABOUT = `One container (busybox, its own user, mount, pid, net, ipc, uts and cgroup namespace, an overlay, 64 MB of memory, 64 pids) of an unpacked image, until its
command runs: \`stack apply\` against \`mount\` of the overlay with \`crun run --detach\`, in turns. Medians of ${ROUNDS}
rounds. \`bare\` is \`node -e 0\`, without which no command of stack starts.`

const NAMESPACES = ["user", "mount", "pid", "network", "ipc", "uts", "cgroup"]
const LIMITS = { memory: 64 << 20, pids: 64 }
const CAPABILITIES = ["AUDIT_WRITE", "CHOWN", "KILL", "NET_BIND_SERVICE", "NET_RAW", "SETGID", "SETUID"].map((name) => `CAP_${name}`)

function bundle(root: string): object {
  const ids = [{ containerID: 0, hostID: OWNER, size: 65536 }]
  const mount = (destination: string, type: string, ...options: string[]) => ({ destination, type, source: type, options })
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0 },
      args: ["/bin/busybox", "sleep", "infinity"],
      cwd: "/",
      env: ["PATH=/bin"],
      noNewPrivileges: true,
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    },
    root: { path: root },
    hostname: "one",
    mounts: [
      mount("/proc", "proc"),
      mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
      mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
      mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777"),
      mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
    ],
    linux: {
      namespaces: NAMESPACES.map((type) => ({ type })),
      uidMappings: ids,
      gidMappings: ids,
      cgroupsPath: "/lab/one",
      resources: { devices: [{ allow: false, access: "rwm" }], memory: { limit: LIMITS.memory }, pids: { limit: LIMITS.pids } },
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  }
}

/** The same tree as its ids have it inside. crun (1.8) refuses a hybrid host whose unified hierarchy has a controller: here it does not see one. */
function prepareCrun(sandbox: Sandbox): void {
  const folder = `${sandbox.work}/crun`
  makeTree(`${folder}/lower`)
  execFileSync("chown", ["-hR", `${OWNER}:${OWNER}`, `${folder}/lower`])
  mkdirSync(`${folder}/bundle`)
  writeFileSync(`${folder}/bundle/config.json`, JSON.stringify(bundle(`${PLACE}/root`)))
  writeFileSync(`${folder}/empty`, "")
  const hide = `list=/sys/fs/cgroup/unified/cgroup.controllers; [ ! -e $list ] || mount --bind ${PLACE}/empty $list`
  expectStatus(sandbox.run(["sh", "-ec", `cp -a crun ${PLACE}; ${hide}`]), 0)
}

/** Where every user may pass, as in the store of stack; on the disk that this is on. */
const PLACE = "/var/lib/crun"

// crun gives its standard streams to the container's root: files of ours, not the machine's /dev/null.
const CRUN_UP = `cd ${PLACE}; mkdir -p root upper workdir; chown ${OWNER}:${OWNER} upper
mount -t overlay overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/workdir" root
crun run --detach --bundle bundle one < empty > out 2>&1 || { cat out >&2; exit 1; }`
const CRUN_DOWN = `cd ${PLACE}; crun delete --force one; umount root; rm -rf upper workdir`

export async function measureStart(): Promise<Part> {
  const title = "Starting one container"
  const lack = lacking("one container beside crun", "crun", "busybox")
  if (lack !== undefined) return { title, about: ABOUT, targets: [], lacks: [lack] }
  const [ours, theirs] = [await openSandbox(), await openSandbox()]
  try {
    makeTar(ours, "image.tar")
    const text = boxes("tar:./image.tar", `, limits: { memory: ${LIMITS.memory}, pids: ${LIMITS.pids} }`)
    const file = ours.file("stack.yaml", text.replace(/^ {2}two:.*\n/m, ""))
    expectStatus(ours.stack(["image", "pull", "tar:./image.tar"]), 0)
    prepareCrun(theirs)
    const took = { bare: [] as number[], apply: [] as number[], crun: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      took.crun.push(timed(theirs, "sh", "-ec", CRUN_UP))
      took.apply.push(timed(ours, ...ours.command("apply", "-y", "-f", file)))
      expectStatus(theirs.run(["sh", "-ec", CRUN_DOWN]), 0)
      took.bare.push(timed(ours, process.execPath, "-e", "0"))
      expectStatus(ours.stack(["destroy", "-y", "-f", file]), 0)
    }
    const [bare, apply, crun] = [median(took.bare), median(took.apply), median(took.crun)]
    const beside = `bare ${bare.toFixed(0)} ms`
    return {
      title,
      about: ABOUT,
      targets: [
        { what: "stack apply, against crun", value: apply, limit: crun, unit: "ms", beside },
        { what: "stack apply without bare, against crun", value: apply - bare, limit: crun, unit: "ms" },
      ],
      lacks: [],
    }
  } finally {
    await Promise.all([ours.close(), theirs.close()])
  }
}
