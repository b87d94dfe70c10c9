import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import type { Script } from "node:vm"
import type { Context } from "../src/cli/context.ts"
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

/** Run on a kernel in memory, one after another. */
const COMMANDS = [["plan"], ["apply", "-y"], ["plan"], ["plan", "--json"], ["show"], ["show", "--json"], ["destroy", "-y"]]

interface Bundle {
  main(argv: readonly string[], context: Context): Promise<number>
  linuxKernel(): LinuxKernel
  kernelBehind(ffi: Ffi): LinuxKernel
}

/** A kernel in memory that has the real one's code run along, against a native side that does nothing: what comes of that is nobody's. */
function accompanied(memory: LinuxKernel, code: LinuxKernel): LinuxKernel {
  const along = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch {
      return undefined
    }
  }
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
        const monitor = code.spawn(record)
        return monitor.parked.then(() => monitor.go()).catch(() => undefined)
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
 * Makes the bundle's code cache: the commands that should start fast are run once, without saying anything, so that V8
 * has compiled what they need; what it then knows is kept. On the real kernel only `plan` is run, which changes nothing.
 */
export async function warm(dist: string): Promise<void> {
  // V8 forgets the code of functions that have not run for a while; only the flags that the loader sets may stay different.
  setFlagsFromString("--no-flush-bytecode")
  const { script, bundle } = createRequire(import.meta.url)(join(dist, "stack.js")) as { script: Script; bundle: Bundle }
  const folder = mkdtempSync(join(tmpdir(), "stack-build-"))
  const said: string[] = []
  const out = { write: (text: string) => void said.push(text), terminal: false, color: false, closed: false }
  const context = { cwd: folder, environment: {}, out, err: out, sources: new Map<string, string>() }
  // What does not run is not warmed, and nobody would see it but in the start-up time.
  const succeed = async (command: readonly string[], context: Context) => {
    const code = await bundle.main(command, context)
    if (code !== 0) throw new Error(`stack ${command.join(" ")}: exit code ${code} while the code cache is made\n${said.join("")}`)
  }
  try {
    writeFileSync(join(folder, "stack.yaml"), EXAMPLE)
    const memory = fakeKernel() as unknown as LinuxKernel
    const kernel = accompanied(memory, bundle.kernelBehind(quietFfi()))
    for (const command of COMMANDS) await succeed(command, { ...context, kernel: () => kernel })
    // Without the right to look it says so: then this part is compiled as it is needed.
    await bundle.main(["plan"], { ...context, kernel: bundle.linuxKernel })
  } finally {
    rmSync(folder, { recursive: true })
  }
  setFlagsFromString("--flush-bytecode")
  writeFileSync(join(dist, "bundle.cjs.cache"), script.createCachedData())
}
