import type { Link } from "../../kernel/kernel.ts"
import type { Scope } from "../../model/driver.ts"
import type { Adoption, Import } from "../../model/imports.ts"
import { addressOfAlias, isStackGroup, STACK_ALIAS } from "../../model/ownership.ts"

type Problem = NonNullable<Adoption["problem"]>

/** The host's link of that name, if it is of this type and no stack has marked it; or why it cannot be adopted. */
export function unmarkedLink(scope: Scope, { to, id }: Import, type: string): { link: Link } | { problem: Problem } {
  const link = scope.host.links.find(({ name }) => name === id)
  if (link === undefined) {
    const hint = `\`ip link\` shows which there are; without the entry, ${to} is made anew`
    return { problem: { summary: `there is no link ${id} on this host that could become ${to}`, hint } }
  }
  const owner = ownerProblem(scope.stack, link)
  if (owner !== undefined) return { problem: owner }
  if (link.kind === type) return { link }
  const hint = `name a ${type} (\`ip link show type ${type}\`), or take the entry out`
  return { problem: { summary: `link ${id} is a ${link.kind || "device"}, and ${to} is to be a ${type}`, hint } }
}

/** The words for a link that bears the mark of a stack, be it this one. */
export function ownerProblem(stack: string, { name, alias, group }: Link): Problem | undefined {
  const own = addressOfAlias(stack, alias)
  if (own !== undefined) return { summary: `link ${name} is ${own} of this stack already`, hint: "take the entry out" }
  if (alias.startsWith(STACK_ALIAS)) {
    const hint = "what is another stack's is never adopted: take it out of that one first"
    return { summary: `link ${name} is another stack's: it is marked "${alias}"`, hint }
  }
  if (alias !== "" || !isStackGroup(group)) return undefined
  const hint = "apply or destroy that stack, which puts it right, or delete the link"
  return { summary: `link ${name} was left by an apply of a stack that was cut short (group 0x${group.toString(16)})`, hint }
}
