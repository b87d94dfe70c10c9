import type { Shape } from "../../base/shape.ts"
import { mapOf, oneOf, record, text, textLike, truth, whole } from "../../base/shape.ts"

const SIMPLE = /^(\/(?!\.\.?(\/|$))[^/]+)+$/
const target = textLike(SIMPLE, "path in a container")
const source = textLike(/^(\/|(\/(?!\.\.?(\/|$))[^/]+)+)$/, "absolute path")
const name = textLike(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/, "name")

const kinds: { readonly [type: string]: Shape } = {
  volume: record({ type: text(), source: name, read_only: truth }),
  bind: record({ type: text(), source, read_only: truth, propagation: oneOf("private", "slave"), idmapped: truth }),
  tmpfs: record({ type: text(), mode: textLike(/^[0-7]{3,4}$/, "mode") }, { size: whole(1, Number.MAX_SAFE_INTEGER) }),
}

const mount: Shape = (value, path) => {
  const type = (value as { type?: unknown } | null)?.type
  const shape = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined
  return shape === undefined ? `${path} is no mount` : shape(value, path)
}

const id = whole(0, 2 ** 32 - 2)
const given = { name, uid: id, gid: id, mode: textLike(/^[0-7]{3,4}$/, "mode"), content: oneOf("current", "another") }
const from = { file: source, environment: textLike(/^[A-Za-z_][A-Za-z0-9_]*$/, "name of a variable") }

/** How a container's root is written to and what is mounted in it, in a record or a kept plan. */
export const mountShapes: { readonly [key: string]: Shape } = {
  ephemeral: truth,
  read_only: truth,
  mounts: mapOf(target, mount),
  secrets: mapOf(target, record(given, from)),
  configs: mapOf(target, record(given, { ...from, text: text() })),
}
