import { withArticle } from "../base/article.ts"
import type { Diagnostic } from "../base/diagnostic.ts"
import { error } from "../base/diagnostic.ts"
import { limitDiagnostics } from "../kinds/cgroup/limits.ts"
import { CONTROLLERS } from "../kinds/cgroup/problems.ts"
import type { ContainerAttributes } from "../kinds/container/spec.ts"
import type { InterfaceAttributes } from "../kinds/interface/spec.ts"
import { impairedEnds } from "../kinds/link/kind-impaired-ends.ts"
import { impairProblems } from "../kinds/link/problems-impair.ts"
import { needsNetem } from "../kinds/link/spec-impair.ts"
import type { NatAttributes } from "../kinds/nat/spec.ts"
import type { Desired, Resource } from "../model/resource.ts"
import type { Check } from "./check.ts"
import { works } from "./check.ts"
import type { Examination } from "./examine.ts"

/** A check that a resource cannot do without, and the field of the file that wants it. */
interface Need {
  id: string
  path?: string
}

/** What all of a stack needs is told once, of the first resource. */
const OF_ALL: ReadonlySet<string> = new Set(["capabilities", "cgroups", "cgroups:make"])

/** What is missing of what a stack needs: each where the file asks for it, with the fix. */
export function unmetNeeds({ resources }: Desired, { checks, controllers }: Examination): Diagnostic[] {
  const refused = new Map(checks.filter((one) => !works(one)).map((one) => [one.id, one]))
  // An ordinary user's containers live without groups where it can make none; what is limited needs one all the same.
  if (checks.some(({ id, state }) => id === "capabilities" && state === "user")) refused.delete("cgroups:make")
  const told = new Set<string>()
  return resources.flatMap((resource) => {
    const needs = needsOf(resource).filter(({ id }) => refused.has(id) && !told.has(id))
    for (const { id } of needs) if (OF_ALL.has(id)) told.add(id)
    const missing = needs.flatMap((need) =>
      [refused.get(need.id)].flatMap((found) => (found === undefined ? [] : [unmet(resource, need, found)])),
    )
    // A controller that groups cannot be given is told already, with the reason.
    const limits = needs.some(({ id }) => id.startsWith("cgroup:")) ? [] : heldLimits(resource, controllers)
    return [...missing, ...limits, ...unimpaired(resource, refused)]
  })
}

/** What the hierarchies have no such limit for. */
function heldLimits(resource: Resource, controllers: Examination["controllers"]): Diagnostic[] {
  return limitDiagnostics(resource, { controllers, absentDevices: [], absentFiles: [] })
}

/** What it takes netem for is told as planning would tell it; a rate alone can be had by tbf as well. */
function unimpaired(resource: Resource, refused: ReadonlyMap<string, Check>): Diagnostic[] {
  if (!refused.has("qdisc:netem")) return []
  const tbf = refused.get("qdisc:tbf")
  const rates = tbf === undefined ? [] : impairedEnds(resource).filter(([, impair]) => !needsNetem(impair))
  return [
    ...impairProblems(resource, { netem: false }),
    ...rates.flatMap(([path]) => (tbf === undefined ? [] : [unmet(resource, { id: tbf.id, path }, tbf)])),
  ]
}

function unmet(resource: Resource, { path }: Need, found: Check): Diagnostic {
  const range = (path === undefined ? undefined : resource.range(path)) ?? resource.range()
  return error("missing-here", `${resource.address} needs ${nounOf(found)}`, {
    address: resource.address,
    detail: found.detail,
    hint: found.fix,
    ...(found.errno === "" ? {} : { errno: found.errno }),
    ...(range === undefined ? {} : { range }),
  })
}

function nounOf({ id, subject, what }: Check): string {
  if (id === "capabilities") return "capabilities that this process has not"
  if (id.startsWith("cgroup:")) return `the ${what} controller, which groups cannot be given here`
  if (subject === "cgroups") return "a group of its own, and none can be made here"
  if (subject === "namespaces") return `${withArticle(what)} namespace, which cannot be made here`
  if (subject === "links") return `a link of type ${what}, which cannot be made here`
  return `${what}, which cannot be had here`
}

function needsOf(resource: Resource): Need[] {
  const capabilities: Need = { id: "capabilities" }
  switch (resource.kind) {
    case "bridge":
      return [
        capabilities,
        { id: "link:bridge" },
        ...(resource.attributes.vlan_filtering === true ? [{ id: "link:bridge-vlans", path: "vlan_filtering" }] : []),
      ]
    case "nat":
      return [capabilities, ...packetNeeds(resource.attributes as unknown as NatAttributes)]
    case "hosts":
    case "volume":
      return [capabilities]
    case "interface":
      return [capabilities, ...linkNeed(resource.attributes as unknown as InterfaceAttributes)]
    case "veth":
      return [capabilities, { id: "link:veth" }]
    case "cgroup":
      return [capabilities, { id: "cgroups" }, { id: "cgroups:make" }, ...limitNeeds(resource)]
    case "image":
      return [capabilities, { id: "namespace:mount" }]
    case "container":
      return [capabilities, ...containerNeeds(resource.attributes as unknown as ContainerAttributes), ...limitNeeds(resource)]
  }
}

/** A rule of ports leads to an address that only planning knows. */
function packetNeeds({ rules, ports }: NatAttributes): Need[] {
  const words = [...rules, ...(Object.keys(ports).length > 0 ? ["dnat to"] : [])].join("\n")
  const used = Object.entries({ masquerade: /\bmasquerade\b/, dnat: /\bdnat to\b/, fib: /\bfib\b/, ct: /\bct\b/ }).filter(([, rule]) =>
    rule.test(words),
  )
  return [{ id: "nftables" }, ...used.map(([name]) => ({ id: `nftables:${name}` }))]
}

function linkNeed({ link }: InterfaceAttributes): Need[] {
  if (link?.kind === "phys") return []
  return [link === undefined ? { id: "link:veth" } : { id: `link:${link.kind}`, path: link.kind }]
}

/** Where the image's files lie: a folder of the file's, or what is unpacked below the data folder. */
function mappedImage(image: string): Need {
  return { id: image.startsWith(FOLDER) ? `idmapped:${image.slice(FOLDER.length)}` : "idmapped:data", path: "image" }
}

/** What `image: dir:…` begins with. */
export const FOLDER = "dir:"

function containerNeeds({ namespaces, seccomp, uid_map, image }: ContainerAttributes): Need[] {
  const own = Object.entries(namespaces).filter(([, mode]) => mode === "new")
  const mapped = namespaces.user === "new"
  return [
    { id: "cgroups" },
    { id: "cgroups:make" },
    ...own.map(([kind]): Need => ({ id: `namespace:${kind}`, path: `namespaces.${kind}` })),
    ...(mapped && !Array.isArray(uid_map) ? [{ id: "ids:uid" }, { id: "ids:gid" }] : []),
    ...(image === "" || namespaces.mount !== "new"
      ? []
      : [
          { id: mapped ? "overlay:user" : "overlay", path: "image" },
          { id: "layers", path: "image" },
        ]),
    ...(mapped && image !== "host" ? [mappedImage(image)] : []),
    ...(seccomp === "unconfined" ? [] : [{ id: "seccomp", path: "security_opt" }]),
  ]
}

function limitNeeds({ attributes }: Resource): Need[] {
  const keys = Object.keys(attributes.limits ?? {}).filter((key): key is keyof typeof CONTROLLERS => key in CONTROLLERS)
  return keys.map((key) => ({ id: `cgroup:${CONTROLLERS[key]}`, path: `limits.${key}` }))
}
