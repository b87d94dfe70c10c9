import type { Address } from "../../base/address.ts"
import { splitAddress } from "../../base/address.ts"
import { withArticle } from "../../base/article.ts"
import { error } from "../../base/diagnostic.ts"
import { destination, movesOf, oneMove } from "../../model/moves.ts"
import type { DraftMove } from "../moved.ts"
import type { Draft } from "../resolve.ts"

const KINDS = ["container", "interface", "bridge", "veth", "cgroup", "idmap"] as const
const NAME = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}"
const FORMS: { readonly [kind: string]: RegExp } = {
  container: new RegExp(`^${NAME}(\\[\\d{1,4}\\])?$`),
  interface: new RegExp(`^${NAME}(\\[\\d{1,4}\\])?\\.[^/\\s]+$`),
}
const EXAMPLES: { readonly [kind: string]: string } = { interface: "interface.web.eth0" }

type Key = "from" | "to"

/** Each entry of `moved` says of one resource of the file which one of the kernel it was. */
export function checkMoved(draft: Draft): void {
  const whole = draft.moved.filter((move) => (["from", "to"] as const).map((key) => isAddress(draft, move, key)).every(Boolean))
  const sound = whole.filter((move) => isOneKind(draft, move))
  const single = withoutTwins(draft, sound)
  const circular = circles(draft, single)
  const moves = movesOf({ moved: single })
  for (const move of single.filter((one) => !circular.has(one))) {
    if (draft.declared.has(move.from) && !isFormerSingle(draft, move)) tellDeclared(draft, move)
    const end = destination(moves, move.to)
    if (!draft.declared.has(end)) tellMissing(draft, move, end)
    else tellNumberless(draft, move, end)
  }
}

function tell(draft: Draft, move: DraftMove, key: Key, code: string, summary: string, hint: string): void {
  draft.diagnostics.push(error(code, summary, { hint, range: move.range(key) }))
}

function isAddress(draft: Draft, move: DraftMove, key: Key): boolean {
  const address = move[key]
  const { kind, name } = splitAddress(address)
  if (!address.includes(".")) {
    tell(
      draft,
      move,
      key,
      "bad-move",
      `\`${address}\` is no address`,
      `write the kind before the name: \`${guess(draft, address)}.${address}\``,
    )
    return false
  }
  if (!KINDS.some((one) => one === kind)) {
    const near = draft.suggest(kind, KINDS)
    tell(
      draft,
      move,
      key,
      "bad-move",
      `there is no kind \`${kind}\``,
      near === undefined ? `there is ${KINDS.join(", ")}` : `did you mean \`${near}.${name}\`?`,
    )
    return false
  }
  if ((FORMS[kind] ?? new RegExp(`^${NAME}$`)).test(name)) return true
  tell(
    draft,
    move,
    key,
    "bad-move",
    `\`${address}\` is not the address of ${withArticle(kind)}`,
    `write one such as ${EXAMPLES[kind] ?? `${kind}.web`}`,
  )
  return false
}

/** The kind that something of this name has in the file. */
function guess({ declared }: Draft, name: string): string {
  return KINDS.find((kind) => declared.has(`${kind}.${name}`)) ?? "container"
}

function isOneKind(draft: Draft, move: DraftMove): boolean {
  const [from, to] = [splitAddress(move.from).kind, splitAddress(move.to).kind]
  if (move.from === move.to) tell(draft, move, "to", "bad-move", `${move.to} is moved to itself`, "take the entry out")
  else if (from !== to) tell(draft, move, "to", "bad-move", `a ${from} cannot become a ${to}`, `name a ${from} of this file`)
  return from === to && move.from !== move.to
}

function withoutTwins(draft: Draft, moves: readonly DraftMove[]): DraftMove[] {
  const [sources, ends] = [new Map<Address, DraftMove>(), new Map<Address, DraftMove>()]
  return moves.filter((move) => {
    const [same, rival] = [sources.get(move.from), ends.get(move.to)]
    if (same !== undefined)
      tell(draft, move, "from", "bad-move", `${move.from} is moved twice: to ${same.to} already`, "keep one of the two entries")
    else if (rival !== undefined)
      tell(
        draft,
        move,
        "to",
        "bad-move",
        `two are moved to ${move.to}: ${rival.from} already`,
        "one thing can have been it: keep one of the two entries",
      )
    else {
      sources.set(move.from, move)
      ends.set(move.to, move)
    }
    return same === undefined && rival === undefined
  })
}

const CIRCLE_HINT =
  "take out the entry whose move is made; where names are to be swapped, give one of them a name of its own first, apply, and then the other's"

/** Told once for each circle, at the entry that closes it. */
function circles(draft: Draft, all: readonly DraftMove[]): Set<DraftMove> {
  const moves = movesOf({ moved: all })
  const found = new Set<DraftMove>()
  const known = new Set<Address>()
  for (const move of all) {
    const way = [move.from]
    for (let at = oneMove(moves, move.from); at !== undefined && way.length <= 2 * all.length; at = oneMove(moves, at)) {
      way.push(at)
      if (at === move.from) break
    }
    if (way.length === 1 || way.at(-1) !== move.from) continue
    found.add(move)
    if (!known.has(move.from)) tell(draft, move, "to", "move-cycle", `moves in a circle: ${way.join(" -> ")}`, CIRCLE_HINT)
    for (const address of way) known.add(address)
  }
  return found
}

function tellDeclared(draft: Draft, move: DraftMove): void {
  const hint = `take ${move.from} out of the file if it is ${move.to} now, or else this entry`
  tell(draft, move, "from", "still-declared", `${move.from} is still declared in this file`, hint)
}

function tellMissing(draft: Draft, move: DraftMove, end: Address): void {
  const { kind, name } = splitAddress(end)
  const known = [...draft.declared].filter((address) => address.startsWith(`${kind}.`))
  const near = draft.suggest(end, known)
  const hint = near === undefined ? `declare it, or take the entry out` : `did you mean ${near}?`
  tell(draft, move, "to", "unknown-reference", `no ${kind} is called \`${name}\``, hint)
}

const NUMBERED = /\[\d+\]/

/** A container that had no number before the file gave its name to replicas: without one the name stands for none of these, unless all are moved. */
function isFormerSingle({ declared }: Draft, { from, to }: DraftMove): boolean {
  return splitAddress(from).kind === "container" && declared.has(`${from}[0]`) && NUMBERED.test(to)
}

/** A replica by its number can only be another by its number. */
function tellNumberless(draft: Draft, move: DraftMove, end: Address): void {
  if (!NUMBERED.test(move.from) || NUMBERED.test(end) || !draft.declared.has(`${end}[0]`)) return
  tell(draft, move, "to", "bad-move", `${end} has replicas, and ${move.from} is one`, `say which one it is: ${end}[0]`)
}
