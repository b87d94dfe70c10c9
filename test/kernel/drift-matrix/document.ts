import { repairOf } from "./repair.ts"
import type { AttributeRow, Hand, KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"
import { MATRIX } from "./rows.ts"

const HEAD = `# Drift

Every attribute that a stack file can set, where its live value is read, and how somebody else may change it. Each line of the third
column is a test: run on an applied stack, \`plan\` must name just what it changed, and \`apply\` must repair just that, with every other
process, namespace, cgroup and link the one it was (\`npm test -- scenarios/drift\`). \`$web\` is the pid of a container's first process,
\`$web_monitor\` its monitor's; \`$pids\` is the stack's folder in the hierarchy that has the controller.

What others may change is named by \`ignore_drift\` of the resource, and left as it is found, in plans and by apply: \`[limits.memory]\`, \`[limits]\` for all of them, and \`*\` for any
part. So an interface gets its addresses by DHCP (a client in the container, with \`cap_add: [NET_ADMIN, NET_RAW]\`): without \`address\`, and with \`ignore_drift: [address]\`. A peer
of WireGuard without an \`endpoint\` is wherever it is heard from; with one it is to be there, and where it has moved to (roaming) is drift, but with
\`ignore_drift: [wireguard.peers.*.endpoint]\`, by which its endpoint is only where it is looked for first.

Written by \`npm run generate\` from [test/kernel/drift-matrix](../test/kernel/drift-matrix).
`

/** The text of docs/drift.md. */
export function driftDocument(): string {
  return [HEAD, ...MATRIX.map(section)].join("\n")
}

function section({ kind, attributes }: KindRows): string {
  const head = `## ${kind}\n\n| attribute | read from | changed by hand with | repaired |\n| --- | --- | --- | --- |`
  return `${[head, ...attributes.map((row) => line(kind, row))].join("\n")}\n`
}

function line(kind: string, row: AttributeRow): string {
  const { attribute, read, hands, never } = row
  const name = attribute === ITSELF ? "all of it" : `\`${attribute.replace(/\.[01]\./, ".N.")}\``
  const how = never === undefined ? hands.map(words).join("<br>") : `not: ${never}`
  return `| ${name} | ${cell(read)} | ${cell(how)} | ${repair(kind, row)} |`
}

function words({ by }: Hand): string {
  return typeof by === "string" ? `\`${by}\`` : `\`${by.v2}\`; v1: \`${by.v1}\``
}

/** A bar within a cell would end it. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|")
}

function repair(kind: string, { attribute, never }: AttributeRow): string {
  if (attribute === ITSELF) return "made anew"
  const replaced = repairOf(`${kind}.`, [attribute]) === "replace"
  if (never !== undefined) return replaced ? "(a new wish: replaced)" : "(a new wish: in place)"
  if (attribute === "state") return "restarted, in its namespaces"
  return replaced ? "replaced" : "in place"
}
