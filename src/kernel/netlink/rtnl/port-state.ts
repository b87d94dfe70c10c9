import { PORT_STATES } from "../../../base/bridge-options.ts"
import type { NetRequest } from "../../kernel.ts"
import { writeNested, writeU8 } from "../attr.ts"
import { IFLA_BRPORT_STATE } from "../constants/if-bridge.ts"
import { IFLA_PROTINFO } from "../constants/if-link.ts"
import { NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST } from "../constants/netlink.ts"
import { AF_BRIDGE, RTM_SETLINK } from "../constants/rtnetlink.ts"
import type { WireWriter } from "../wire.ts"
import type { Resolver } from "./resolver.ts"

/**
 * `bridge link set dev LINK state …`: by a message of the family AF_BRIDGE. After one of another family (`type bridge_slave state 0`) the kernel says that the
 * link has changed, and opens what was just shut: do_setlink(), br_port_carrier_check().
 */
export function encodePortState(
  w: WireWriter,
  sequence: number,
  { link, state }: NetRequest & { op: "port-state" },
  resolver: Resolver,
): void {
  w.message(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, sequence, () => {
    for (const field of [AF_BRIDGE, resolver.index(link), 0, 0]) w.u32(field)
    writeNested(w, IFLA_PROTINFO | NLA_F_NESTED, () => writeU8(w, IFLA_BRPORT_STATE, PORT_STATES.indexOf(state)))
  })
}
