import { setTimeout as pause } from "node:timers/promises"
import type { RegistryRef } from "../kinds/image/spec.ts"
import { imageError } from "./found.ts"
import { isMap, MOST_JSON } from "./json.ts"
import type { Ask } from "./outside.ts"
import type { Environment, Found } from "./registry-credentials.ts"
import type { Helper } from "./registry-helper.ts"

/** How often and how long; tests wait for less. */
export interface Patience {
  /** How often something is asked for before it is given up. */
  attempts: number
  /** Before the second time; doubled each time. */
  pauseMs: number
  /** Without a byte. */
  silenceMs: number
}

export const PATIENCE: Patience = { attempts: 5, pauseMs: 250, silenceMs: 15_000 }
/** A small document that takes as many silences as this never ends. */
const MOST_SILENCES = 4
/** Longer than this nobody waits because a registry asks for it. */
const MOST_PAUSE_MS = 20_000

/** One repository of a registry. OCI distribution-spec */
export interface RegistryClient {
  readonly name: string
  /** Answers 200 or 206; any other is a DiagnosticError. `path`: below the repository. */
  get(path: string, headers: { [name: string]: string }): Promise<Response>
  readonly patience: Patience
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

/** Plain http only where no wire is: on this machine. */
export function schemeOf(registry: string): "http" | "https" {
  return LOOPBACK.test(registry) ? "http" : "https"
}

/** How it is gone about; `environment`: that of a program which keeps passwords. */
export interface Ways {
  patience?: Patience
  environment?: Environment
  /** Absent: fetch. */
  ask?: Ask
}

export function openRegistry({ registry, repository }: RegistryRef, found: Found, ways: Ways = {}): RegistryClient {
  const { patience = PATIENCE, environment = {}, ask: by = fetch } = ways
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry
  const base = `${schemeOf(registry)}://${host}/v2/${repository}`
  const name = `${registry}/${repository}`
  let authorization: string | undefined
  let known: Known = found
  const ask = (path: string, headers: { [name: string]: string }) =>
    patiently(name, patience, () =>
      fetchWith(by, `${base}/${path}`, { ...headers, ...(authorization === undefined ? {} : { authorization }) }, patience),
    )
  return {
    name,
    patience,
    async get(path, headers) {
      let response = await ask(path, headers)
      if (response.status === 401) {
        await response.body?.cancel()
        if (known.helper !== undefined && known.credentials === undefined) known = await helped(known.helper, environment)
        authorization = await authorize(response, { name, repository, found: known, patience, by })
        response = await ask(path, headers)
      }
      if (response.status === 200 || response.status === 206) return response
      await response.body?.cancel().catch(() => {})
      throw refusal(name, path, response.status, known)
    },
  }
}

/** What is known of who we are, and of a program that was asked and did not tell. */
interface Known extends Found {
  why?: string
}

/** Only once a registry wants to know: most give what is public to everybody. */
async function helped(helper: Helper, environment: Environment): Promise<Known> {
  const { askHelper } = await import("./registry-helper.ts")
  const told = await askHelper(helper, environment)
  return { helper, ...("why" in told ? told : { credentials: told.credentials }) }
}

/** Whether another try may go better. RFC 9110, RFC 6585 */
function isPassing(status: number): boolean {
  return status === 429 || status === 408 || (status >= 500 && status !== 501)
}

async function patiently(name: string, { attempts, pauseMs }: Patience, work: () => Promise<Response>): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    let failure: unknown
    let wanted = 0
    try {
      const response = await work()
      if (!isPassing(response.status) || attempt === attempts) return response
      wanted = Number(response.headers.get("retry-after") ?? 0) * 1000 || 0
      await response.body?.cancel()
    } catch (e) {
      failure = e
      // One that says nothing is not waited for so often.
      if (e instanceof Silence) attempt = Math.max(attempt, attempts - 1)
    }
    if (failure !== undefined && attempt >= attempts) throw unreachable(name, failure)
    await pause(Math.max(Math.min(wanted, MOST_PAUSE_MS), pauseMs * 2 ** (attempt - 1)))
  }
}

/** Until the head of the answer is there. */
async function fetchWith(
  by: Ask,
  url: string,
  headers: { [name: string]: string },
  { silenceMs }: Patience,
  form?: URLSearchParams,
): Promise<Response> {
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(new Silence(`no answer for ${silenceMs / 1000} s`)), silenceMs)
  try {
    const sent = form === undefined ? {} : { method: "POST" as const, body: form }
    return await by(url, { headers: { "user-agent": "stack", ...headers }, signal: giveUp.signal, ...sent })
  } finally {
    clearTimeout(timer)
  }
}

/** Its bytes; throws where it is silent for too long, or has more than `most`. */
export async function* bodyOf(response: Response, most: number, { silenceMs }: Patience): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  let left = most
  while (reader !== undefined) {
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no byte for ${silenceMs / 1000} s`)), silenceMs)
    })
    try {
      const { done, value } = await Promise.race([reader.read(), silence])
      if (done) return
      left -= value.length
      if (left < 0) throw new TooLong()
      yield value
    } catch (e) {
      reader.cancel().catch(() => {})
      throw e
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Nothing came for too long. */
class Silence extends Error {}

/** More bytes than were announced. */
export class TooLong extends Error {}

/** A small document, whole. */
export async function smallBody(client: Pick<RegistryClient, "name" | "patience">, response: Response, what: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const { silenceMs } = client.patience
  const end = performance.now() + MOST_SILENCES * silenceMs
  try {
    for await (const piece of bodyOf(response, MOST_JSON, client.patience)) {
      if (performance.now() > end) throw new Error(`${what} is not whole after ${(MOST_SILENCES * silenceMs) / 1000} s`)
      pieces.push(piece)
    }
  } catch (e) {
    if (e instanceof TooLong) throw imageError("bad-image", `${what} has more than ${MOST_JSON} bytes`)
    throw unreachable(client.name, e)
  }
  return Buffer.concat(pieces)
}

// ------------------------------------------------------------------------- who we are

interface Asking {
  name: string
  repository: string
  found: Known
  patience: Patience
  by: Ask
}

/** What is to be sent along after a 401. RFC 7235; for Bearer the distribution's own "Token Authentication Specification". */
async function authorize(response: Response, asking: Asking): Promise<string> {
  const { name, found } = asking
  const challenge = response.headers.get("www-authenticate") ?? ""
  const basic =
    found.credentials === undefined || found.credentials.identityToken !== undefined
      ? undefined
      : `Basic ${Buffer.from(`${found.credentials.user}:${found.credentials.password}`).toString("base64")}`
  if (/^basic\b/i.test(challenge)) {
    if (basic === undefined) throw refusal(name, "", 401, found)
    return basic
  }
  if (/^bearer\b/i.test(challenge)) return `Bearer ${await token(challenge, basic, asking)}`
  throw imageError("image-registry", `the registry of ${name} wants to know who asks, in a way that is not known here`, {
    detail: challenge === "" ? "it answers 401, and does not say how (www-authenticate)" : challenge,
    hint: "check that this is a registry; known are Basic, and Bearer with a token",
  })
}

async function token(challenge: string, basic: string | undefined, { name, repository, found, patience, by }: Asking): Promise<string> {
  const parameters = Object.fromEntries([...challenge.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, key, value]) => [key, value])) as {
    [key: string]: string | undefined
  }
  const url = realmUrl(parameters.realm, name)
  if (parameters.service !== undefined) url.searchParams.set("service", parameters.service)
  url.searchParams.set("scope", parameters.scope ?? `repository:${repository}:pull`)
  const headers: { [name: string]: string } = basic === undefined ? {} : { authorization: basic }
  const refresh = found.credentials?.identityToken
  const response = await patiently(name, patience, () =>
    refresh === undefined
      ? fetchWith(by, url.href, headers, patience)
      : fetchWith(by, url.origin + url.pathname, {}, patience, refreshing(url, refresh)),
  )
  if (response.status !== 200) {
    await response.body?.cancel()
    throw refusal(name, "", response.status, found)
  }
  const bytes = await smallBody({ name, patience }, response, `the token for ${name}`)
  try {
    const answer: unknown = JSON.parse(bytes.toString())
    const given = isMap(answer) ? (answer.token ?? answer.access_token) : undefined
    if (typeof given === "string" && given !== "") return given
  } catch {
    // As good as none.
  }
  throw imageError("image-registry", `the registry of ${name} has sent us for a token to ${url.host}, which gave none`)
}

/** RFC 6749, 6: in the body, where no log of addresses has it. */
function refreshing({ searchParams }: URL, refresh: string): URLSearchParams {
  return new URLSearchParams({
    ...Object.fromEntries(searchParams),
    grant_type: "refresh_token",
    client_id: "stack",
    refresh_token: refresh,
  })
}

/** Passwords go over no wire in the clear. */
function realmUrl(realm: string | undefined, name: string): URL {
  const url = realm !== undefined && URL.canParse(realm) ? new URL(realm) : undefined
  if (url !== undefined && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.host)))) return url
  throw imageError("image-registry", `the registry of ${name} sends us for a token to where nobody should go`, {
    detail: realm ?? "nowhere",
  })
}

// ------------------------------------------------------------------------- what is told

function refusal(name: string, path: string, status: number, { credentials, helper, why }: Known) {
  if (status === 401 || status === 403) {
    const named = credentials?.identityToken === undefined ? `as ${credentials?.user}` : "by the token that was kept"
    const who = credentials === undefined ? "without a name" : named
    const keeper = helper === undefined ? "~/.docker/config.json" : `what ${helper.program} keeps`
    const detail = `it answers ${status}${why === undefined ? "" : `; ${why}`}`
    return imageError("image-registry", `the registry lets nobody read ${name} ${who}`, {
      detail,
      hint: `log in (\`docker login\`, \`podman login\`), or correct ${keeper}`,
    })
  }
  if (status === 404) {
    const what = path.startsWith("manifests/") ? `:${path.slice("manifests/".length)}`.replace(":sha256", "@sha256") : ` (${path})`
    return imageError("no-image", `the registry has no ${name}${what}`, {
      detail: "it answers 404",
      hint: "check the name, the tag, and that you may see it",
    })
  }
  const detail = `it answers ${status}${status === 429 ? " (too many requests)" : ""}`
  return imageError("image-registry", `the registry of ${name} does not give it`, { detail, hint: "try again later" })
}

export function unreachable(name: string, failure: unknown) {
  const { message, cause } = failure as Error & { cause?: { code?: string; message?: string } }
  const detail = [message, cause?.code ?? cause?.message ?? ""].filter(Boolean).join(": ")
  return imageError("image-registry", `the registry of ${name} cannot be reached`, {
    detail,
    hint: "check the registry's name, and the network",
  })
}
