import type { Address } from "../../base/address.ts"
import { hash64 } from "../../base/hash.ts"

/**
 * What a link with one end is called from its creation until its mark and its name are given to it, by one message: kernels before 6.13
 * refuse to make it under a name that a link of the host has, such as eth0.
 */
export function birthName(stack: string, address: Address): string {
  return `${stack.slice(0, 4)}-${hash64(`birth ${stack}/${address}`).slice(0, 10)}`
}
