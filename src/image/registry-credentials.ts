import type { Kernel } from "../kernel/kernel.ts"
import type { Json } from "./json.ts"
import { isMap } from "./json.ts"
import type { Helper } from "./registry-helper.ts"

/** The caller's environment. */
export type Environment = { readonly [name: string]: string | undefined }

export interface Credentials {
  user: string
  password: string
  /** In place of both: what a registry's token server takes for them. OAuth2's refresh token */
  identityToken?: string
}

/** Whom a registry is told that we are; or why nobody here can tell. */
export interface Found {
  credentials?: Credentials
  /** A program holds them. */
  helper?: Helper
}

/** What `docker login` and `podman login` have written: containers-auth.json(5). The first file that knows the registry counts. */
export function credentialsFor(kernel: Pick<Kernel, "read">, registry: string, repository: string, environment: Environment): Found {
  for (const path of paths(environment)) {
    const file = parsed(kernel.read(path))
    if (file === undefined) continue
    const helpers = isMap(file.credHelpers) ? file.credHelpers : {}
    const own = helperOf(helpers[registry] ?? (registry === "docker.io" ? helpers[HUB] : undefined), registry)
    if (own !== undefined) return { helper: own }
    const auths = isMap(file.auths) ? file.auths : {}
    for (const key of keysFor(registry, repository)) {
      const credentials = isMap(auths[key]) ? writtenIn(auths[key]) : undefined
      if (credentials !== undefined) return { credentials }
    }
    const helper = helperOf(file.credsStore, registry)
    if (helper !== undefined) return { helper }
  }
  return {}
}

/** Docker's own name for docker.io. */
const HUB = "https://index.docker.io/v1/"

/** A name that is a part of a program's, and of no path. */
function helperOf(name: unknown, registry: string): Helper | undefined {
  if (typeof name !== "string" || !/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/.test(name)) return undefined
  return { program: `docker-credential-${name}`, server: registry === "docker.io" ? HUB : registry }
}

function paths({ REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR, XDG_CONFIG_HOME, DOCKER_CONFIG, HOME }: Environment): string[] {
  const home = HOME ?? "/root"
  return [
    ...(REGISTRY_AUTH_FILE ? [REGISTRY_AUTH_FILE] : []),
    ...(XDG_RUNTIME_DIR ? [`${XDG_RUNTIME_DIR}/containers/auth.json`] : []),
    `${XDG_CONFIG_HOME || `${home}/.config`}/containers/auth.json`,
    `${DOCKER_CONFIG || `${home}/.docker`}/config.json`,
  ]
}

/** The most exact first: a repository, those above it, the registry. */
function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split("/")
  const below = parts.map((_, i) => [registry, ...parts.slice(0, parts.length - i)].join("/"))
  const hub = registry === "docker.io" ? [HUB, "index.docker.io"] : []
  return [...below, registry, `https://${registry}`, `http://${registry}`, ...hub]
}

function parsed(text: string | null): Json | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "null")
    return isMap(value) ? value : undefined
  } catch {
    return undefined
  }
}

function writtenIn({ auth, identitytoken }: Json): Credentials | undefined {
  if (typeof identitytoken === "string" && identitytoken !== "") return { user: "", password: "", identityToken: identitytoken }
  return decoded(auth)
}

function decoded(auth: unknown): Credentials | undefined {
  if (typeof auth !== "string" || auth === "") return undefined
  const text = Buffer.from(auth, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
