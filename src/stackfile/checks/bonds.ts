import { WITHOUT_MAC } from "../../kinds/interface/spec-link-kinds.ts"
import type { Draft, DraftContainer, DraftInterface } from "../resolve.ts"

/** Members of bonds: each is there, in one bond, and has nothing of its own that the bond has. */
export function checkBonds(draft: Draft): void {
  for (const container of draft.containers) {
    const taken = new Map<string, string>()
    for (const one of container.interfaces) checkBond(draft, container, one, taken)
  }
}

function checkBond({ suggest }: Draft, { interfaces }: DraftContainer, bond: DraftInterface, taken: Map<string, string>): void {
  const name = bond.attributes.interface
  for (const [i, member] of (bond.value.bond?.members ?? []).entries()) {
    const path = ["bond", "members", i]
    const found = interfaces.find(({ attributes }) => attributes.interface === member)
    if (found === undefined) {
      const near = suggest(
        member,
        interfaces.map(({ attributes }) => attributes.interface),
      )
      const hint = near === undefined ? `add an interface \`${member}: { bridge: … }\`` : `did you mean \`${near}\`?`
      bond.entry.report(path, "unknown-reference", `\`${member}\` is no interface of this container`, { hint })
    } else if (taken.has(member)) {
      const other = taken.get(member)
      const summary = other === name ? `${member} stands twice` : `${member} is a member of ${other} already`
      bond.entry.report(path, "duplicate-member", summary, { hint: "take one out" })
    } else {
      taken.set(member, name)
      checkMember(bond, found, path)
    }
  }
}

/** Of no MAC address, or made of others. */
const UNFIT: ReadonlySet<string> = new Set([...WITHOUT_MAC, "vrf", "bond"])

function checkMember(
  { attributes: bond, entry }: DraftInterface,
  { attributes, value, entry: its }: DraftInterface,
  path: (string | number)[],
): void {
  const kind = attributes.link?.kind
  if (kind !== undefined && UNFIT.has(kind)) {
    entry.report(path, "bad-member", `a ${kind} cannot be a member of a bond`, {
      hint: "take it out; a member is on a bridge, or a macvlan, a dummy, …",
    })
    return
  }
  for (const key of ["address", "gateway", "master"] as const)
    if (value[key] !== undefined)
      its.report(
        [key],
        "bad-member",
        `${attributes.interface} is a member of ${bond.interface}, which has the addresses and routes of both`,
        {
          hint: `write it at ${bond.interface}`,
        },
      )
  const mtu = bond.mtu ?? 1500
  if (attributes.mtu !== undefined && attributes.mtu !== mtu)
    entry.report(
      path,
      "bad-member",
      `${attributes.interface} has an mtu of ${attributes.mtu}, and its bond ${mtu}, which it would take over`,
      {
        hint: `write \`mtu: ${attributes.mtu}\` at ${bond.interface}, or make both alike`,
      },
    )
}
