import type { Address } from "../base/address.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import type { KernelError } from "../kernel/kernel.ts"

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
  EBUSY: "something still uses it: find out what, and run the command again",
}

/** A refused kernel operation as a diagnostic: what was asked, the errno's name, the kernel's own text, what to do. */
export function kernelDiagnostic(cause: KernelError, address?: Address): Diagnostic {
  const hint = HINTS[cause.errno]
  return error("kernel-refused", `${cause.op}: ${cause.errno}`, {
    ...(cause.text === "" ? {} : { detail: `the kernel says: ${cause.text}` }),
    ...(hint === undefined ? {} : { hint }),
    ...(address === undefined ? {} : { address }),
    errno: cause.errno,
  })
}
