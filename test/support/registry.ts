import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Blob } from "./oci-layout.ts"
import { writeLayout } from "./oci-layout.ts"
import type { Sandbox } from "./sandbox.ts"

const TOKEN_SERVER = fileURLToPath(new URL("token-server.mjs", import.meta.url))
/** `secret`, as htpasswd -B has it. */
const HTPASSWD = "user:$2b$04$7HAsDilkN0InY5B9nc/2DO16Yg4p7BEEepgJT.K7a3hZV63NhfHli\n"

/** A real registry on the sandbox's loopback. */
export interface Registry {
  /** `localhost:PORT`. */
  host: string
  /** Puts what a layout has under this tag into it, with all its platforms. */
  push(blobs: readonly Blob[], manifest: Blob, name: string): void
  /** A login, as `docker login` writes it into HOME. */
  login: { HOME: string }
}

export function startRegistry(sandbox: Sandbox, auth: "none" | "basic" | "token", port: number): Registry {
  const folder = `${sandbox.work}/registry-${port}`
  mkdirSync(`${folder}/home/.docker`, { recursive: true })
  const host = `localhost:${port}`
  writeFileSync(`${folder}/htpasswd`, HTPASSWD)
  writeFileSync(`${folder}/config.yml`, configuration(folder, auth, port))
  const login = JSON.stringify({ auths: { [host]: { auth: Buffer.from("user:secret").toString("base64") } } })
  writeFileSync(`${folder}/home/.docker/config.json`, login)
  if (auth === "token") startTokens(sandbox, folder, port)
  sandbox.start(["docker-registry", "serve", `${folder}/config.yml`], { env: { OTEL_TRACES_EXPORTER: "none" } })
  waitFor(sandbox, port)
  return {
    host,
    login: { HOME: `${folder}/home` },
    push(blobs, manifest, name) {
      writeLayout(`${folder}/layout`, blobs, { pushed: manifest })
      const credentials = auth === "none" ? [] : ["--dest-creds", "user:secret"]
      const words = ["skopeo", "copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false", ...credentials]
      const { status, stderr } = sandbox.run([...words, `oci:${folder}/layout:pushed`, `docker://${host}/${name}`])
      if (status !== 0) throw new Error(`skopeo: ${stderr}`)
    },
  }
}

function configuration(folder: string, auth: "none" | "basic" | "token", port: number): string {
  const service = { realm: `http://localhost:${port + 1}/token`, service: "registry", issuer: "test", rootcertbundle: `${folder}/cert.pem` }
  const auths = {
    none: {},
    basic: { auth: { htpasswd: { realm: "test", path: `${folder}/htpasswd` } } },
    token: { auth: { token: service } },
  }
  return JSON.stringify({
    version: "0.1",
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: `${folder}/data` } },
    http: { addr: `127.0.0.1:${port}` },
    ...auths[auth],
  })
}

function startTokens(sandbox: Sandbox, folder: string, port: number): void {
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"]
  const { status, stderr } = sandbox.run(["openssl", ...request, "-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`])
  if (status !== 0) throw new Error(`openssl: ${stderr}`)
  sandbox.start(["node", TOKEN_SERVER, String(port + 1), `${folder}/key.pem`, `${folder}/cert.pem`, "registry"])
  waitFor(sandbox, port + 1)
}

function waitFor(sandbox: Sandbox, port: number): void {
  const words = `for i in $(seq 200); do (echo > /dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 0; sleep 0.05; done; exit 1`
  if (sandbox.run(["bash", "-c", words]).status !== 0) throw new Error(`nobody listens on port ${port}`)
}
