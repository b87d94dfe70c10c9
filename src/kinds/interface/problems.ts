import type { Diagnostic } from "../../base/diagnostic.ts"
import { error } from "../../base/diagnostic.ts"
import type { HostFacts, Resource } from "../../model/resource.ts"
import type { InterfaceAttributes, OneEndedAttributes } from "./spec.ts"
import { LINK_KINDS } from "./spec-link-kinds.ts"
import { mtuProblem } from "./spec-mtu.ts"

/** What this host lacks for an interface: told before anything is done. */
export function interfaceProblems(resource: Resource, { links }: HostFacts): Diagnostic[] {
  const { link, mtu, parent } = resource.attributes as unknown as InterfaceAttributes
  if (link === undefined || links === undefined) return []
  if (link.kind === "phys") return lendingProblems(resource, link, links)
  return [
    ...kindProblems(resource, link, links),
    ...(parent === undefined ? parentProblems(resource, link, mtu, links) : []),
    ...keyProblems(resource, links),
  ]
}

type Links = Required<HostFacts>["links"]
type Told = OneEndedAttributes["link"]

function lendingProblems(resource: Resource, { kind, parent = "" }: Told, { devices = {} }: Links): Diagnostic[] {
  const device = devices[parent]
  if (device === undefined) {
    const hint = "name a device that `ip link` shows on the host"
    return [at(resource, kind, "no-device", `there is no device ${parent} on the host that could be lent to ${resource.address}`, hint)]
  }
  if (device.why === undefined) return []
  const hint = "name hardware that the host itself does not use; a macvlan or an ipvlan on a link leaves it to the host"
  return [at(resource, kind, "not-lendable", `${parent} cannot be lent: ${device.why}`, hint)]
}

function kindProblems(resource: Resource, { kind }: Told, { lacking }: Links): Diagnostic[] {
  const why = lacking[kind]
  if (why === undefined || kind === "phys") return []
  const hint = `it takes a kernel with ${LINK_KINDS[kind].option}, built in or with its module ${LINK_KINDS[kind].module} installed; \`stack doctor\` tells what there is`
  return [at(resource, kind, "no-link-kind", `this kernel has no links of kind ${kind} (${why})`, hint)]
}

function keyProblems(resource: Resource, { keys = {} }: Links): Diagnostic[] {
  const { wireguard } = resource.attributes as unknown as InterfaceAttributes
  const own = wireguard?.private_key === undefined ? [] : [["wireguard.private_key", wireguard.private_key] as const]
  const shared = Object.values(wireguard?.peers ?? {}).map(({ preshared_key: key }) => ["wireguard.peers", key] as const)
  return [...own, ...shared].flatMap(([path, key]) => {
    const why = keys[key?.name ?? ""]
    if (why === undefined) return []
    const hint = "a key is made by `wg genkey` or `wg genpsk`: 32 bytes in base64"
    return [at(resource, path, "bad-key", `the secret ${key?.name} is to be a key of ${resource.address}: ${why}`, hint)]
  })
}

function parentProblems(resource: Resource, { kind, parent }: Told, mtu: number | undefined, { mtus }: Links): Diagnostic[] {
  if (parent === undefined) return []
  const most = mtus[parent]
  if (most === undefined) {
    const hint =
      "name a link that `ip link` shows on the host, or one that the stack makes there: a bridge by its `interface`, a pair's end; another interface of the container is its `link`"
    return [at(resource, kind, "no-parent", `there is no link ${parent} on the host, on which ${resource.address} is to lie`, hint)]
  }
  const problem = mtuProblem(kind, mtu, most, `its parent ${parent}`)
  return problem === undefined ? [] : [at(resource, "mtu", "mtu-too-large", problem.summary, problem.hint)]
}

function at(resource: Resource, key: string, code: string, summary: string, hint: string): Diagnostic {
  const range = resource.range(key) ?? resource.range()
  return error(code, summary, { address: resource.address, hint, ...(range === undefined ? {} : { range }) })
}
