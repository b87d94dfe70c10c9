import type { Draft, DraftContainer, DraftInterface } from "../resolve.ts"

/** Interfaces that are in a vrf: it is there, it is one, and what they say goes with it. */
export function checkMasters(draft: Draft): void {
  for (const container of draft.containers) for (const one of container.interfaces) checkMaster(draft, container, one)
}

function checkMaster({ suggest }: Draft, { interfaces }: DraftContainer, { attributes, entry, value }: DraftInterface): void {
  const name = attributes.inside_master
  if (name === undefined) return
  const vrfs = interfaces.filter(({ attributes: { link } }) => link?.kind === "vrf").map((one) => one.attributes.interface)
  if (!vrfs.includes(name)) {
    const near = suggest(name, vrfs)
    entry.report(["master"], "unknown-reference", `\`${name}\` is no vrf of this container`, {
      hint: near === undefined ? `add an interface \`${name}: { vrf: { table: 10 } }\`` : `did you mean \`${near}\`?`,
    })
  }
  if (attributes.link?.kind === "vrf") entry.report(["master"], "bad-master", "a vrf cannot be in a vrf", { hint: "take `master` out" })
  if (value.gateway !== undefined)
    entry.report(["gateway"], "bad-gateway", `${name} has a routing table of its own, and the gateway would go into the container's`, {
      hint: "take `gateway` out",
    })
}
