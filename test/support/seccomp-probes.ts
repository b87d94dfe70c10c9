import { hostArchitecture } from "../../src/kernel/architecture.ts"
import { callsOf } from "../../src/seccomp/architecture.ts"

/**
 * Calls that a container's filter refuses, and that the kernel alone answers otherwise to anybody: none of them asks for a capability
 * before it looks at its parameters. `says`: what the filter's answer shows as; a kill is `SIGSYS`.
 */
interface Probe {
  name: string
  call: string
  args: readonly (number | bigint)[]
  says: string
}

const BAD_POINTER = 1
const NEW_USER = 0x1000_0000
const SIGCHLD = 17

const ALL: readonly Probe[] = [
  { name: "unshare", call: "unshare", args: [NEW_USER], says: "EPERM" },
  { name: "clone", call: "clone", args: [NEW_USER | SIGCHLD], says: "EPERM" },
  { name: "clone3", call: "clone3", args: [0, 0], says: "ENOSYS" },
  { name: "setns", call: "setns", args: [-1, 0], says: "EPERM" },
  { name: "mount", call: "mount", args: [BAD_POINTER, BAD_POINTER, BAD_POINTER], says: "EPERM" },
  { name: "keyctl", call: "keyctl", args: [0, -3, 0], says: "EPERM" },
  { name: "add_key", call: "add_key", args: [BAD_POINTER, BAD_POINTER, 0, 0, 0], says: "EPERM" },
  { name: "request_key", call: "request_key", args: [BAD_POINTER, BAD_POINTER, 0, 0], says: "EPERM" },
  { name: "kcmp", call: "kcmp", args: [1, 1, 99], says: "EPERM" },
  { name: "move_pages", call: "move_pages", args: [0, 1, BAD_POINTER, 0, 0, 0], says: "EPERM" },
  { name: "TIOCSTI", call: "ioctl", args: [0, 0x5412, 0], says: "EPERM" },
  { name: "TIOCSTI behind 32 bits", call: "ioctl", args: [0, 0x1_0000_5412n, 0], says: "EPERM" },
  { name: "TIOCLINUX", call: "ioctl", args: [0, 0x541c, 0], says: "EPERM" },
  { name: "AF_VSOCK", call: "socket", args: [40, 1, 0], says: "EPERM" },
  { name: "personality", call: "personality", args: [0x4_0000], says: "EPERM" },
]

/** `int 0x80` in a program of 64 bits is a call of i386: getpid is 20 there. */
const I386_GETPID = "b814000000cd80c3"
export const I386_PROBE = "i386"

const onX86 = () => hostArchitecture() === "x86-64"

/** What each probe shows as where it is refused. */
export function refusals(): { [name: string]: string } {
  return { ...Object.fromEntries(ALL.map(({ name, says }) => [name, says])), ...(onX86() ? { [I386_PROBE]: "SIGSYS" } : {}) }
}

/** A command that makes each call in a process of its own, and prints a JSON object: `ok`, an errno's name, or a signal's. */
export function probeCommand(): string[] {
  const numbers = callsOf(hostArchitecture())
  const calls = ALL.map(({ name, call, args }) => `(${JSON.stringify(name)}, [${[numbers.get(call), ...args].join(", ")}])`)
  const script = `
import ctypes, errno, json, mmap, os, signal
libc = ctypes.CDLL(None, use_errno=True)
def raw(args):
    result = libc.syscall(*[ctypes.c_long(a) for a in args])
    return 0 if result >= 0 else ctypes.get_errno()
def i386():
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("${I386_GETPID}"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    return 0
def apart(work):
    pid = os.fork()
    if pid == 0: os._exit(work())
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status): return signal.Signals(os.WTERMSIG(status)).name
    code = os.WEXITSTATUS(status)
    return errno.errorcode.get(code, str(code)) if code else "ok"
found = {name: apart(lambda: raw(args)) for name, args in [${calls.join(", ")}]}
${onX86() ? `found["${I386_PROBE}"] = apart(i386)` : ""}
print(json.dumps(found), flush=True)
`
  return ["python3", "-c", script]
}
