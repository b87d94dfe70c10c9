import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { expectStatus } from "../support/lab.ts"
import { imageOf, writeLayout } from "../support/oci-layout.ts"
import type { Sandbox } from "../support/sandbox.ts"
import { openSandbox } from "../support/sandbox.ts"
import type { Part } from "./part.ts"
import { lacking } from "./part.ts"
import { median, timed } from "./timed.ts"

/** `npm run bench -- --unpack`: an image of this size, in layers of a quarter each. */
const BYTES = 200e6
const LAYERS = 4
const ROUNDS = 3
const SAMPLE_MS = 10

const ABOUT = `An OCI layout of 200 MB (${LAYERS} layers of files of this machine's /usr, gzip), by \`stack image pull\`, \`umoci unpack\`, and \`skopeo copy\` to a
folder with \`tar\` for each layer, in turns, each to a new place on one disk. Medians of ${ROUNDS} rounds. Memory is what the command and its helpers had at
most, each counted with its own most.`

/** Files of /usr, in order, until they are so many bytes. */
function fileLists(): string[][] {
  const lists: string[][] = []
  const found = execFileSync("find", ["/usr", "-xdev", "-type", "f", "-size", "-20M", "-printf", "%s %p\n"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  })
  let list: string[] = []
  let bytes = 0
  for (const line of found
    .split("\n")
    .filter(Boolean)
    .sort((a, b) => (a.slice(a.indexOf(" ")) < b.slice(b.indexOf(" ")) ? -1 : 1))) {
    list.push(line.slice(line.indexOf(" ") + 2))
    bytes += Number(line.slice(0, line.indexOf(" ")))
    if (bytes < BYTES / LAYERS) continue
    lists.push(list)
    if (lists.length === LAYERS) return lists
    list = []
    bytes = 0
  }
  throw new Error(`/usr does not hold ${BYTES} bytes of files`)
}

/** The layout `image:app`, and what is in it. */
function makeImage({ work }: Sandbox): string {
  const files = fileLists()
  const layers = files.map((list) => {
    writeFileSync(`${work}/list`, list.join("\n"))
    const words = [
      "-C",
      "/",
      "--numeric-owner",
      "--owner=0",
      "--group=0",
      "--no-recursion",
      "-cf",
      "-",
      "--verbatim-files-from",
      "-T",
      `${work}/list`,
    ]
    return execFileSync("tar", words, { maxBuffer: 1 << 30 })
  })
  const { manifest, blobs } = imageOf(layers)
  writeLayout(`${work}/image`, blobs, { app: manifest })
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)
  const unpacked = layers.reduce((sum, layer) => sum + layer.length, 0)
  const packed = blobs.reduce((sum, { size }) => sum + size, 0)
  return `${files.flat().length} files, ${megabytes(unpacked)} MB, packed ${megabytes(packed)} MB`
}

/** To a new place each, for what was removed a moment ago makes ext4 slow. */
function tools(round: number) {
  const skopeo = `skopeo copy --quiet oci:image:app dir:skopeo-${round} && mkdir tree-${round} &&
    for layer in $(python3 -c 'import json; print(*(l["digest"][7:] for l in json.load(open("skopeo-${round}/manifest.json"))["layers"]))'); do
      tar -C tree-${round} --same-owner -xpzf skopeo-${round}/$layer; done`
  return {
    umoci: ["umoci", "unpack", "--image", "image:app", `umoci-${round}`],
    skopeo: ["sh", "-ec", skopeo],
  }
}

/** Kilobytes that a process had at most; 0 of one that is gone. proc(5), VmHWM */
function mostOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Bytes of memory of a pull, at most: the sum of all its processes, as if each had its most at the same time. */
async function memoryOf(sandbox: Sandbox): Promise<number> {
  const most = new Map<number, number>()
  const pull = sandbox.start(sandbox.command("image", "pull", "oci:./image:app"))
  const look = () => {
    for (const pid of sandbox.processes()) most.set(pid, Math.max(most.get(pid) ?? 0, mostOf(pid)))
  }
  const looking = setInterval(look, SAMPLE_MS)
  const status = await new Promise((resolve) => pull.once("exit", resolve))
  clearInterval(looking)
  if (status !== 0) throw new Error(`stack image pull: exit status ${status}`)
  return [...most.values()].reduce((sum, kilobytes) => sum + kilobytes * 1024, 0)
}

/** The store as it was before anything was pulled; what there was is kept beside it. */
function emptyStore(sandbox: Sandbox, round: number): void {
  expectStatus(sandbox.run(["sh", "-c", `[ ! -e /var/lib/stack/images ] || mv /var/lib/stack/images /var/lib/stack/old-${round}; sync`]), 0)
}

export async function measureUnpack(): Promise<Part> {
  const title = "Unpacking an image"
  const lack = lacking("unpacking beside umoci and skopeo", "umoci", "skopeo", "tar", "python3")
  if (lack !== undefined) return { title, about: ABOUT, targets: [], lacks: [lack] }
  const sandbox = await openSandbox()
  try {
    const image = makeImage(sandbox)
    const times = { stack: [] as number[], umoci: [] as number[], skopeo: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      const commands = { ...tools(round), stack: sandbox.command("image", "pull", "oci:./image:app") }
      emptyStore(sandbox, round)
      for (const name of ["stack", "umoci", "skopeo"] as const) {
        times[name].push(timed(sandbox, ...commands[name]))
        expectStatus(sandbox.run(["sync"]), 0)
      }
    }
    checkTree(sandbox)
    emptyStore(sandbox, ROUNDS)
    const memory = await memoryOf(sandbox)
    const [stack, umoci, skopeo] = [median(times.stack), median(times.umoci), median(times.skopeo)]
    const beside = `${image}; umoci ${umoci.toFixed(0)} ms, skopeo and tar ${skopeo.toFixed(0)} ms`
    return {
      title,
      about: ABOUT,
      targets: [
        { what: "200 MB, against 1.2 × the faster", value: stack, limit: 1.2 * Math.min(umoci, skopeo), unit: "ms", beside },
        { what: "memory of it", value: memory / 1e6, limit: 150, unit: "MB" },
      ],
      lacks: [],
    }
  } finally {
    await sandbox.close()
  }
}

/** Who has unpacked less was not faster: all three have the same number of files. */
function checkTree(sandbox: Sandbox): void {
  const count = `set -- $(find umoci-0/rootfs -type f | wc -l) $(find tree-0 -type f | wc -l) $(find /var/lib/stack/images/layers -type f -path '*/usr/*' | wc -l)
    echo $*; [ $1 = $2 ] && [ $2 = $3 ]`
  expectStatus(sandbox.run(["sh", "-c", count]), 0)
}
