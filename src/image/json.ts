import { createHash } from "node:crypto"
import { imageError } from "./found.ts"

/** Of one document; those of real images have a few kilobytes. */
export const MOST_JSON = 4 << 20

export type Json = { readonly [key: string]: unknown }

/** The document, if it is a map. `what`: for the message. */
export function parseJson(bytes: Uint8Array, what: string): Json {
  if (bytes.length > MOST_JSON) throw imageError("bad-image", `${what} has more than ${MOST_JSON} bytes`)
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"))
  } catch (e) {
    throw imageError("bad-image", `${what} is no JSON`, { detail: (e as Error).message })
  }
  if (!isMap(value)) throw imageError("bad-image", `${what} is no map`)
  return value
}

export function sha256Of(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** Throws where the bytes are not those that the digest was made of. */
export function requireDigest(bytes: Uint8Array, digest: string, what: string): void {
  const has = sha256Of(bytes)
  if (has !== digest) throw imageError("bad-image", `${what} is not what its digest says`, { detail: `wanted ${digest}\nit has ${has}` })
}

export function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

export function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined
}
