import type { Draft } from "../resolve.ts"
import { checkAddresses } from "./addresses.ts"
import { checkBonds } from "./bonds.ts"
import { checkDependencies } from "./dependencies.ts"
import { checkGateways } from "./gateways.ts"
import { checkGroups } from "./groups.ts"
import { checkIds } from "./ids.ts"
import { checkJoinedSubnets } from "./joined-subnets.ts"
import { checkLent } from "./lent.ts"
import { checkLifecycle } from "./lifecycle.ts"
import { checkLimits } from "./limits.ts"
import { checkLinkNames } from "./link-names.ts"
import { checkLinkNumbers } from "./link-numbers.ts"
import { checkMacs } from "./macs.ts"
import { checkMasters } from "./masters.ts"
import { checkMoved } from "./moved.ts"
import { checkNames } from "./names.ts"
import { checkNamespaces } from "./namespaces.ts"
import { checkOwnLinks } from "./own-links.ts"
import { checkPorts } from "./ports.ts"
import { checkPower } from "./power.ts"
import { checkRoom } from "./room.ts"
import { checkRoutes } from "./routes.ts"
import { checkSubnets } from "./subnets.ts"

const CHECKS: readonly ((draft: Draft) => void)[] = [
  checkNames,
  checkLinkNames,
  checkMacs,
  checkLinkNumbers,
  checkLent,
  checkSubnets,
  checkAddresses,
  checkJoinedSubnets,
  checkRoom,
  checkGateways,
  checkMasters,
  checkBonds,
  checkOwnLinks,
  checkRoutes,
  checkIds,
  checkGroups,
  checkLimits,
  checkNamespaces,
  checkPorts,
  checkPower,
  checkDependencies,
  checkLifecycle,
  checkMoved,
]

/** Those that look at one container after another. */
const OF_EACH = [checkGateways, checkMasters, checkBonds, checkOwnLinks, checkRoutes, checkLimits, checkNamespaces] as const

/** All that the schema cannot see. Each check reports what it finds; none depends on another. */
export function check(draft: Draft): void {
  for (const one of CHECKS) one(draft)
  const { spare } = draft
  if (spare.length === 0) return
  for (const one of OF_EACH) one({ ...draft, containers: spare, interfaces: spare.flatMap((c) => c.interfaces) })
}
