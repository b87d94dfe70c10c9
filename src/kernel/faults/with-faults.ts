import { announcementTwin } from "../announcements.ts"
import { flowTwin } from "../flows.ts"
import type { Kernel, LaunchRecord, Monitor, NetNs, NetRequest, OpenTap } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import { ruleTwin } from "../netlink/nft/change.ts"
import { shellTwin } from "../netlink/twin.ts"
import { tapTwin } from "../taps.ts"
import { wireGuardTwin } from "../wireguard.ts"
import type { FaultPoints } from "./points.ts"

type Answers = (KernelError | null)[]

/**
 * The same kernel, where every change of it passes the fault points first. Only builds for tests have this: nothing that
 * src/cli/entry.ts imports comes here.
 */
export function withFaults<K extends Kernel>(kernel: K, points: FaultPoints): K {
  const changing: Partial<Kernel> = {
    ...filesWithFaults(kernel, points),
    net: (ns, requests) => netWithFaults(kernel, points, ns, requests),
    netLater: (ns, requests) => netLaterWithFaults(kernel, points, ns, requests),
    openTap: (ns, tap) => points.run(tapTwin(tap), () => tapWithFaults(kernel.openTap(ns, tap), tap.name, points)),
    setWireGuard: (ns, link, change) => points.run(wireGuardTwin(link, change), () => kernel.setWireGuard(ns, link, change)),
    changeRules: (changes) => points.run(changes.map(ruleTwin).join("; "), () => kernel.changeRules(changes)),
    announce: (ns, link, holdings) => points.run(announcementTwin(link, holdings), () => kernel.announce(ns, link, holdings)),
    forgetFlows: (flows) => points.run(flows.map(flowTwin).join("; "), () => kernel.forgetFlows(flows)),
    writeIn: (namespaces, path, text) =>
      points.run(`write ${path} in ${namespaces.join(" and ")}: ${text}`, () => kernel.writeIn(namespaces, path, text)),
    mountFile: (process, mount) =>
      points.run(`mount --bind ${mount.source} /proc/${process.pid}/root${mount.target}`, () => kernel.mountFile(process, mount)),
    mountIn: (process, mount) => points.run(`mount /proc/${process.pid}/root${mount.target}`, () => kernel.mountIn(process, mount)),
    unmountIn: (process, mount) => points.run(`umount /proc/${process.pid}/root${mount.target}`, () => kernel.unmountIn(process, mount)),
    spawn: (record) => spawnWithFaults(kernel, record, points),
    setLimit: (process, limit) => points.run(`prlimit --${limit.name} ${process.pid}`, () => kernel.setLimit(process, limit)),
    attachDevices: (folder, program) => points.run(`bpf attach ${program.name} ${folder}`, () => kernel.attachDevices(folder, program)),
    signal: (process, signal) => points.run(`kill -${signal} ${process.pid}`, () => kernel.signal(process, signal)),
  }
  return { ...kernel, ...changing }
}

function filesWithFaults(kernel: Kernel, points: FaultPoints): Partial<Kernel> {
  return {
    write: (path, text) => points.run(`write ${path}: ${text.trim()}`, () => kernel.write(path, text)),
    replaceFile: (path, text) => points.run(`write ${path}`, () => kernel.replaceFile(path, text)),
    symlink: (path, to) => points.run(`ln -s ${to} ${path}`, () => kernel.symlink(path, to)),
    rewriteFile: (path, text) => points.run(`write ${path}`, () => kernel.rewriteFile(path, text)),
    mkdir: (path, mode) => points.run(`mkdir ${path}`, () => kernel.mkdir(path, mode)),
    spread: (path) => points.run(`chattr +T ${path}`, () => kernel.spread(path)),
    rmdir: (path) => points.run(`rmdir ${path}`, () => kernel.rmdir(path)),
    rename: (from, to) => points.run(`mv ${from} ${to}`, () => kernel.rename(from, to)),
    removeTree: (path) => points.run(`rm -r ${path}`, () => kernel.removeTree(path)),
    removeTreesLater: async (paths) => {
      if (points.isWithin(paths.length)) return paths.map((path) => removeTree(kernel, points, path))
      for (const path of paths) points.run(`rm -r ${path}`, () => {})
      return kernel.removeTreesLater(paths)
    },
    unpack: (job) => points.runLater(`tar -x <${job.archive} -C ${job.folder}`, () => kernel.unpack(job)),
    runTool: (argv, environment) => points.runLater(argv.join(" "), () => kernel.runTool(argv, environment)),
    append: (path, chunks) => points.runLater(`cat >>${path}`, () => kernel.append(path, chunks)),
    lock: (path) => points.run(`lock ${path}`, () => kernel.lock(path)),
  }
}

function removeTree(kernel: Kernel, points: FaultPoints, path: string): Answers[number] {
  try {
    points.run(`rm -r ${path}`, () => kernel.removeTree(path))
    return null
  } catch (failure) {
    return refusal(failure)[0]
  }
}

/** The messages before the fault's go first, then it, then the rest: one that fails stops none behind it. */
function netWithFaults(kernel: Kernel, points: FaultPoints, ns: NetNs, requests: readonly NetRequest[]): Answers {
  if (!points.isWithin(requests.length)) {
    for (const request of requests) points.run(shellTwin(request), () => {})
    return kernel.net(ns, requests)
  }
  return requests.flatMap((request) => {
    try {
      return points.run(shellTwin(request), () => kernel.net(ns, [request]))
    } catch (failure) {
      return refusal(failure)
    }
  })
}

/** The same, one by one, beside what else goes on: other operations may be counted in between. */
async function netLaterWithFaults(kernel: Kernel, points: FaultPoints, ns: NetNs, requests: readonly NetRequest[]): Promise<Answers> {
  if (!points.isWithin(requests.length)) {
    for (const request of requests) points.run(shellTwin(request), () => {})
    return kernel.netLater(ns, requests)
  }
  const answers: Answers = []
  for (const request of requests) {
    const one = points.runLater(shellTwin(request), () => kernel.netLater(ns, [request]))
    answers.push(...(await one.catch(refusal)))
  }
  return answers
}

/** Whoever keeps it and does not hear of it has it all the same. */
function tapWithFaults(tap: OpenTap, name: string, points: FaultPoints): OpenTap {
  return { ...tap, keep: () => points.run(`keep tap ${name}`, () => tap.keep()) }
}

function refusal(failure: unknown): [KernelError] {
  if (failure instanceof KernelError) return [failure]
  throw failure
}

/** Begun, parked, told to go, and gone are moments of a start: after each the caller may be killed, or not hear of it. */
async function spawnWithFaults(kernel: Kernel, record: LaunchRecord, points: FaultPoints): Promise<Monitor> {
  const { title } = record
  const begun = points.run(`start ${title}`, () => {
    const spawning = kernel.spawn(record)
    // Where its answer is lost, so is that it fails.
    spawning.catch(() => {})
    return spawning
  })
  const monitor = await begun
  try {
    points.run(`${title}: parked`, () => {})
  } catch (failure) {
    monitor.abandon()
    throw failure
  }
  return {
    ...monitor,
    go: async () => {
      const started = points.run(`${title}: go`, () => monitor.go())
      // A fault may come before it is looked at.
      started.catch(() => {})
      await started
      points.run(`${title}: started`, () => {})
    },
  }
}
