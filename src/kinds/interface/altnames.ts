import type { Address } from "../../base/address.ts"
import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Observed } from "../../model/resource.ts"
import { altnameOf } from "../link/altname.ts"
import type { Renaming } from "../link/rename.ts"

/** The names of the file that an interface's end, and its port, have besides their own; nothing where there are none. */
export function calledToo(scope: Scope, address: Address, inside: Link | undefined, port?: Link): Observed["live"] {
  if (inside?.altnames === undefined && port?.altnames === undefined) return {}
  const wanted = scope.resource(address)?.attributes ?? {}
  const [inner, outer] = [inside && altnameOf(inside, wanted.interface), port && altnameOf(port, wanted.host_interface)]
  if (inner === undefined && outer === undefined) return {}
  return { altnames: { ...(inner === undefined ? {} : { inside: inner }), ...(outer === undefined ? {} : { port: outer }) } }
}

export function besides(altname: string | undefined): Pick<Renaming, "altname"> {
  return altname === undefined ? {} : { altname }
}
