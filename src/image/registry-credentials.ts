import type { Kernel } from "../kernel/kernel.ts"
import type { Json } from "./json.ts"
import { isMap } from "./json.ts"

/** The caller's environment. */
export type Environment = { readonly [name: string]: string | undefined }

export interface Credentials {
  user: string
  password: string
}

/** Whom a registry is told that we are; or why nobody here can tell. */
export interface Found {
  credentials?: Credentials
  /** A program holds them, which is not asked. */
  helper?: string
}

/** What `docker login` and `podman login` have written: containers-auth.json(5). The first file that knows the registry counts. */
export function credentialsFor(kernel: Pick<Kernel, "read">, registry: string, repository: string, environment: Environment): Found {
  for (const path of paths(environment)) {
    const file = parsed(kernel.read(path))
    if (file === undefined) continue
    const auths = isMap(file.auths) ? file.auths : {}
    for (const key of keysFor(registry, repository)) {
      const credentials = isMap(auths[key]) ? decoded(auths[key].auth) : undefined
      if (credentials !== undefined) return { credentials }
    }
    const helpers = isMap(file.credHelpers) ? file.credHelpers : {}
    const helper = helpers[registry] ?? file.credsStore
    if (typeof helper === "string") return { helper: `docker-credential-${helper}` }
  }
  return {}
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
  const hub = registry === "docker.io" ? ["https://index.docker.io/v1/", "index.docker.io"] : []
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

function decoded(auth: unknown): Credentials | undefined {
  if (typeof auth !== "string" || auth === "") return undefined
  const text = Buffer.from(auth, "base64").toString("utf8")
  const colon = text.indexOf(":")
  return colon < 1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
