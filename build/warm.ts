import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { setFlagsFromString } from "node:v8"
import type { Script } from "node:vm"
import type { Context } from "../src/cli/context.ts"
import { main } from "../src/cli/main.ts"
import type { Ffi } from "../src/kernel/ffi.ts"
import type { LinuxKernel } from "../src/kernel/linux.ts"
import { fakeKernel } from "../test/support/fake-kernel/fake-kernel.ts"
import { quietFfi } from "./quiet-ffi.ts"

const EXAMPLE = `
name: stack-build
bridges:
  lan: { address: 10.255.255.1/24 }
cgroups:
  tier: { limits: { memory: 1G } }
idmaps:
  box: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] }
containers:
  a:
    image: host
    command: [sleep, infinity]
    cgroup: tier
    limits: { memory: 64M, pids: 64, cpus: 0.5 }
    interfaces: { eth0: { bridge: lan, address: auto, gateway: 10.255.255.1 } }
  b:
    image: host
    command: sleep infinity
    environment: { A: b }
    idmap: box
    interfaces: { eth0: { bridge: lan, address: 10.255.255.3/24 } }
    depends_on: [a]
  c:
    image: dir:/
    command: sleep infinity
    replicas: 2
    interfaces: { eth0: { bridge: lan, address: auto } }
`

/** The same with an address that changes in place, and with a pair. */
const CHANGED = `${EXAMPLE.replace("10.255.255.3/24", "10.255.255.4/24")}
veths:
  core: { mtu: 1400, endpoints: [{ container: a, interface: v0, address: 10.255.0.1/30 }, { container: b, interface: v0, address: 10.255.0.2/30 }] }
`

const APPLY = ["apply", "-y"]
const OTHER = ["-f", "changed.yaml"]

/**
 * A code cache for each of the commands that count, and one for the others: what a command does not need only makes it start later.
 * `live`: what is run before, by other code. All on a kernel in memory.
 */
const CACHES: { readonly [name: string]: { live?: readonly string[]; commands: readonly (readonly string[])[] } } = {
  plan: {
    live: [...APPLY, ...OTHER],
    commands: [
      ["plan", ...OTHER],
      ["plan", "--json"],
    ],
  },
  apply: { commands: [APPLY, APPLY, [...APPLY, ...OTHER], [...APPLY, ...OTHER]] },
  destroy: { live: APPLY, commands: [["destroy", "-y"]] },
  other: { live: APPLY, commands: [["show"], ["show", "--json"], ["validate"]] },
}

interface Bundle {
  main(argv: readonly string[], context: Context): Promise<number>
  linuxKernel(): LinuxKernel
  kernelBehind(ffi: Ffi): LinuxKernel
}

function along<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** A kernel in memory that has the real one's code run along, against a native side that does nothing: what comes of that is nobody's. */
function accompanied(memory: LinuxKernel, code: LinuxKernel): LinuxKernel {
  return {
    ...memory,
    net: (ns, requests) => {
      along(() => code.net(ns, requests))
      return memory.net(ns, requests)
    },
    netLater: (ns, requests) => {
      along(() => code.netLater(ns, requests).catch(() => undefined))
      return memory.netLater(ns, requests)
    },
    spawn: (record) => {
      along(() => {
        return code
          .spawn(record)
          .then((monitor) => monitor.go())
          .catch(() => undefined)
      })
      return memory.spawn(record)
    },
    signal: (process, signal) => {
      along(() => code.signal(process, signal))
      return memory.signal(process, signal)
    },
    gone: (process, timeout) => {
      along(() => void code.gone(process, timeout))
      return memory.gone(process, timeout)
    },
    readMany: (paths) => {
      along(() => code.readMany(paths))
      return memory.readMany(paths)
    },
    removeTree: (path) => {
      along(() => code.removeTree(path))
      return memory.removeTree(path)
    },
    lock: (path) => {
      along(() => code.lock(path)?.release())
      return memory.lock(path)
    },
  }
}

/**
 * Makes one of the bundle's code caches: its commands are run once, without saying anything, so that V8 has compiled what they need;
 * what it then knows is kept. On the real kernel only `plan` is run, which changes nothing.
 */
async function warm(dist: string, name: string): Promise<void> {
  // V8 forgets the code of functions that have not run for a while; a cache counts only with the flags that it was made with.
  setFlagsFromString("--no-flush-bytecode")
  const { script, bundle } = createRequire(import.meta.url)(join(dist, "stack.js")) as { script: Script; bundle: Bundle }
  const folder = mkdtempSync(join(tmpdir(), "stack-build-"))
  try {
    writeFileSync(join(folder, "stack.yaml"), EXAMPLE)
    writeFileSync(join(folder, "changed.yaml"), CHANGED)
    await runAll(bundle, CACHES[name] ?? { commands: [] }, folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
  setFlagsFromString("--flush-bytecode")
  writeFileSync(join(dist, `bundle.cjs.${name}.cache`), script.createCachedData())
}

async function runAll(bundle: Bundle, { live, commands }: (typeof CACHES)[string], cwd: string): Promise<void> {
  const said: string[] = []
  const out = { write: (text: string | Uint8Array) => void said.push(String(text)), terminal: false, color: false, closed: false }
  const memory = fakeKernel() as unknown as LinuxKernel
  const context = { cwd, environment: {}, out, err: out, sources: new Map<string, string>(), kernel: () => memory }
  // What does not run is not warmed, and nobody would see it but in the start-up time.
  const succeed = async (code: Promise<number>, command: readonly string[]) => {
    if ((await code) !== 0) throw new Error(`stack ${command.join(" ")} fails while the code cache is made\n${said.join("")}`)
  }
  if (live !== undefined) await succeed(main(live, context), live)
  const kernel = accompanied(memory, bundle.kernelBehind(quietFfi()))
  for (const command of commands) await succeed(bundle.main(command, { ...context, kernel: () => kernel }), command)
  // Without the right to look the rest is compiled as it is needed.
  await bundle.main(["plan"], { ...context, kernel: bundle.linuxKernel })
  const own = "/proc/self/ns/net"
  along(() =>
    bundle
      .linuxKernel()
      .visit({ dumps: [own], files: [] })
      .dump(own),
  )
}

/** A process for each cache: what V8 has compiled once it knows for all. */
export function warmAll(dist: string): void {
  for (const name of Object.keys(CACHES)) {
    const { status } = spawnSync(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url), dist, name], { stdio: "inherit" })
    if (status !== 0) throw new Error(`no code cache for ${name}`)
  }
}

const [file, dist, name] = process.argv.slice(1)
if (file === fileURLToPath(import.meta.url) && dist !== undefined && name !== undefined) await warm(dist, name)
