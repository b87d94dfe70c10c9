import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { KernelError } from "../kernel/kernel.ts"
import { KEPT_ROOT, RUN_ROOT } from "./ownership.ts"

/** What to do about an errno, where that can be told without knowing the operation. errno(3) */
const HINTS: { readonly [errno: string]: string } = {
  EPERM:
    "this needs privilege: run it as root; what root may not do either, a seccomp filter or security module forbids, such as that of a container around it",
  EACCES: "check the permissions of the file and of the folders above it",
  ENOSPC: "a limit of the kernel is reached (namespaces, cgroups, inotify, disk): see /proc/sys/user and df",
  EMFILE: "raise the limit on open files (ulimit -n)",
  ENFILE: "raise fs.file-max",
  ENOMEM: "the kernel has no memory for it: free some, or lower the parallelism",
  EOPNOTSUPP: "this kernel does not have the feature",
  ENOSYS: "this kernel is too old for it, or a seccomp filter hides it",
  ENODEV: "the object is gone, or this kernel lacks the driver for it",
  EROFS: "the file system is mounted read-only here: mount -o remount,rw, or run it where that can be written",
  EEXIST: "something else has that name or address: look at it with `ip`, and remove or rename one of the two",
  EADDRINUSE: "another link has that address: that of a container that has ended stays as long as a process is in yet (`lsns -t net`)",
  EFBIG: "no file may become that large here: `ulimit -f` tells how large, and `ulimit -f unlimited` before the command lifts it",
  EDQUOT: "the quota on keys is used up: /proc/key-users tells by whom, and /proc/sys/kernel/keys/root_maxkeys how many root may have",
  EBUSY: "something still uses it: find out what, and run the command again",
}

/** The same of a file in the folders of stacks, by the folder that it lies in. */
const FILE_HINTS: { readonly [errno: string]: (folder: string) => string } = {
  ENOSPC: (folder) =>
    `nothing more fits there: \`df ${folder}\` and \`df -i ${folder}\` tell whether bytes or files are used up; make room, and run the command again`,
  EDQUOT: (folder) =>
    `a quota of the file system there is used up: have it raised, or make room (\`df ${folder}\` tells which file system it is)`,
  EROFS: (folder) =>
    `it is mounted read-only there: \`findmnt -T ${folder}\` tells what is; mount -o remount,rw, or run it where that can be written`,
  EIO: () => "the disk there does not do as it should: `dmesg` tells more",
}

/** The folder that a file of ours lies in, where the words of an operation end in its path. */
function folderOf({ op }: KernelError): string | undefined {
  const path = op.slice(op.lastIndexOf(" ") + 1)
  const ours = [RUN_ROOT, KEPT_ROOT].some((root) => path === root || path.startsWith(`${root}/`))
  return ours ? path.slice(0, path.lastIndexOf("/")) : undefined
}

function hintOf(cause: KernelError): string | undefined {
  const folder = folderOf(cause)
  return (folder === undefined ? undefined : FILE_HINTS[cause.errno]?.(folder)) ?? withoutIpv6(cause) ?? HINTS[cause.errno]
}

/** inet6_addr_add(): of an address the kernel says EACCES where IPv6 is off on the link. */
function withoutIpv6({ op, errno }: KernelError): string | undefined {
  const link = /^ip address add \S+ dev (\S+)/.exec(op)?.[1]
  if (link === undefined || errno !== "EACCES") return undefined
  const name = link.replaceAll(".", "/")
  return `IPv6 is off on that link: switch it on where the link is, by \`sysctl -w net.ipv6.conf.${name}.disable_ipv6=0\`, or give it no address of IPv6`
}

/** A refused kernel operation as a diagnostic: what was asked, the errno's name, the kernel's own text, what to do. */
export function kernelDiagnostic(cause: KernelError, address?: Address): Diagnostic {
  const hint = hintOf(cause)
  return error("kernel-refused", `${cause.op}: ${cause.errno}`, {
    ...(cause.text === "" ? {} : { detail: `the kernel says: ${cause.text}` }),
    ...(hint === undefined ? {} : { hint }),
    ...(address === undefined ? {} : { address }),
    errno: cause.errno,
  })
}
