import { shortened } from "../../base/hash.ts"
import { canonicalIp, formatIp, parseCidr } from "../../base/ip.ts"
import { RESOLVER_IMAGE } from "../image/spec.ts"

/** `resolver:` of a bridge, as a map. */
export interface ResolverEntry {
  address?: string | string[]
  upstream?: string | string[]
}

/** The interface by which it is on its bridge. */
export const RESOLVER_INTERFACE = "eth0"
export const MOST_UPSTREAMS = 8
/** As a container can be called. */
const LONGEST_NAME = 63
/** What it runs as: nobody whom another container of the stack could be. */
const USER = "53:53"

export function resolverName(bridge: string): string {
  return shortened(`resolver-${bridge}`, LONGEST_NAME)
}

/**
 * The container that it stands for, as a file would write it: on the bridge as the others are, with ids of its own, no capability, and nothing to
 * write to. It may have port 53 because its network namespace says that anybody may.
 */
export function resolverContainer(
  stack: string,
  bridge: { name: string; address: readonly string[] },
  entry: ResolverEntry,
): { [key: string]: unknown } {
  const upstream = upstreamsOf(entry).flatMap((text) => canonicalIp(text) ?? [])
  const gateway = gatewaysOf(bridge.address, upstream)
  return {
    image: RESOLVER_IMAGE,
    command: ["/stack-resolver", "53", stack, "/etc/hosts", ...upstream],
    user: USER,
    read_only: true,
    cap_drop: ["ALL"],
    sysctls: { "net.ipv4.ip_unprivileged_port_start": 53 },
    interfaces: {
      [RESOLVER_INTERFACE]: { bridge: bridge.name, address: entry.address ?? "auto", ...(gateway.length === 0 ? {} : { gateway }) },
    },
  }
}

export function upstreamsOf({ upstream }: ResolverEntry): string[] {
  return upstream === undefined ? [] : [upstream].flat()
}

/** The host's addresses on the bridge, one of each family in which somebody is to be asked. */
export function gatewaysOf(addresses: readonly string[], upstream: readonly string[]): string[] {
  const ips = addresses.flatMap((text) => parseCidr(text) ?? [])
  return ([4, 6] as const).flatMap((family) => {
    const ip = ips.find((one) => one.family === family)
    return ip !== undefined && upstream.some((one) => one.includes(":") === (family === 6)) ? [formatIp(ip)] : []
  })
}
