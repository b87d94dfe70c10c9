import type { Kernel } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"

/**
 * Whether the host listens to routers on a link: a container that advertises itself would else give the host addresses, and a way out that leads
 * through it. A kernel without IPv6 hears none. CVE-2020-13401; ip-sysctl.rst, accept_ra
 */
export function setAcceptRa(kernel: Kernel, name: string, on: boolean): KernelError | null {
  try {
    kernel.write(`/proc/sys/net/ipv6/conf/${name}/accept_ra`, on ? "1" : "0")
    return null
  } catch (failure) {
    if (!(failure instanceof KernelError)) throw failure
    return failure.errno === "ENOENT" && !on ? null : failure
  }
}
