import { openAnnouncements } from "./announcements.ts"
import type { CaptureJob } from "./capture.ts"
import { becomeCapture } from "./capture.ts"
import { openDevices } from "./device-programs.ts"
import { openDialer } from "./dial.ts"
import type { Ffi } from "./ffi.ts"
import { nativeFolder, openFfi } from "./ffi.ts"
import { openFiles } from "./files.ts"
import type { Kernel } from "./kernel.ts"
import type { ExecRecord } from "./launch/exec.ts"
import { openFlows } from "./netlink/conntrack/flows.ts"
import { openWireGuard } from "./netlink/genl/wireguards.ts"
import { openNet } from "./netlink/net.ts"
import { openRules } from "./netlink/nft/rules.ts"
import { openVisits } from "./netlink/visits.ts"
import { openArchives } from "./open-archives.ts"
import type { WhenReadable } from "./poller.ts"
import { openPoller } from "./poller.ts"
import { openProcesses } from "./processes.ts"
import { openTaps } from "./taps.ts"
import { tryAll } from "./tries.ts"

export interface LinuxKernel extends Kernel {
  /**
   * This process becomes the one that the record describes: standard input, output and error stay, all else of it is gone.
   * @throws KernelError when it could not even begin
   */
  become(record: ExecRecord): never
  /** The same: it becomes the program that writes packets down. */
  capture(job: CaptureJob): never
}

/** The kernel this process runs on. Nothing native is loaded before it is needed. `folder`: of libstack.so and stack-monitor. */
export function linuxKernel(folder?: string): LinuxKernel {
  return kernelBehind(openFfi(folder), folder)
}

/** The same on another native side. */
export function kernelBehind(ffi: Ffi, folder?: string): LinuxKernel {
  const poller = openPoller(ffi)
  const readable: WhenReadable = (fd) => new Promise<void>((resolve) => poller.wait(fd, Number.POSITIVE_INFINITY, () => resolve()))
  const files = openFiles(ffi, readable)
  const processes = openProcesses(ffi, files.read, folder, poller)
  const { rest, ...net } = openNet(ffi, readable)
  const archives = openArchives(() => folder ?? nativeFolder())
  return {
    ...files,
    ...archives,
    ...processes,
    ...net,
    capture: (job) => becomeCapture(ffi, job, folder),
    tries: (requests) => tryAll(requests, folder),
    ...openDevices(ffi),
    dial: openDialer(ffi, readable),
    ...openTaps(ffi),
    ...openRules(ffi),
    ...openFlows(ffi),
    ...openAnnouncements(ffi),
    ...openWireGuard(ffi),
    ...openVisits(ffi, { ...net, ...processes, rest }),
  }
}
