/** What an ordinary user's way to a registry must be able to do beside the plain one (rootless-image.test.ts): names, certificates, being sent elsewhere. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { expectStatus, scenario, test } from "../../support/lab.ts"
import { baseLayer, imageOf, writeLayout } from "../../support/oci-layout.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const NEEDS = ["setpriv", "newuidmap", "newgidmap", "busybox"]
const MOVING = fileURLToPath(new URL("../../support/moving-registry.mjs", import.meta.url))

function layout(sandbox: Sandbox, mark: string): string {
  const { manifest, blobs } = imageOf([baseLayer(`${mark}\n`)], { Cmd: ["sleep", "infinity"] })
  writeLayout(`${sandbox.work}/layout`, blobs, { app: manifest })
  return `${sandbox.work}/layout`
}

const stackOf = (image: string) => `name: one\ncontainers:\n  box: { image: "docker://${image}" }\n`

function waitFor(sandbox: Sandbox, port: number): void {
  const words = `for i in $(seq 200); do (echo > /dev/tcp/127.0.0.1/${port}) 2>/dev/null && exit 0; sleep 0.05; done; exit 1`
  expectStatus(sandbox.run(["bash", "-c", words]), 0)
}

scenario(
  "a registry by its name and certificate, which must be one that is trusted",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const [folder, cert] = [`${sandbox.work}/registry`, `${sandbox.work}/registry/cert.pem`]
    mkdirSync(folder)
    appendFileSync(`${sandbox.work}/etc/hosts`, "127.0.0.1 registry.test\n")
    const name = ["-subj", "/CN=registry.test", "-addext", "subjectAltName=DNS:registry.test"]
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...name, "-keyout", `${folder}/key.pem`, "-out", cert]
    expectStatus(sandbox.run(["openssl", ...request]), 0)
    const http = { addr: "127.0.0.1:5000", tls: { certificate: cert, key: `${folder}/key.pem` } }
    const storage = { filesystem: { rootdirectory: `${folder}/data` } }
    writeFileSync(`${folder}/config.yml`, JSON.stringify({ version: "0.1", log: { level: "error" }, storage, http }))
    sandbox.start(["docker-registry", "serve", `${folder}/config.yml`], { env: { OTEL_TRACES_EXPORTER: "none" } })
    waitFor(sandbox, 5000)
    const push = [
      "skopeo",
      "copy",
      "--quiet",
      "--dest-tls-verify=false",
      `oci:${layout(sandbox, "secure")}:app`,
      "docker://localhost:5000/app:1",
    ]
    expectStatus(sandbox.run(push), 0)
    const file = sandbox.file("stack.yaml", stackOf("registry.test:5000/app:1"))
    assert.match(
      expectStatus(user.stack(["plan", "-f", file]), 1).stderr,
      /registry\.test:5000\/app cannot be reached[\s\S]*self-signed certificate/,
    )
    const env = { NODE_EXTRA_CA_CERTS: cert }
    expectStatus(user.stack(["apply", "-y", "-f", file], { env }), 0)
    assert.is(expectStatus(user.stack(["exec", "-f", file, "box", "--", "cat", "/etc/mark"]), 0).stdout, "secure\n")
    expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)
  },
  [...NEEDS, "docker-registry", "skopeo", "openssl"],
)

scenario(
  "a registry that sends us elsewhere for a layer: there nobody is told our password",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    sandbox.start([process.execPath, MOVING, layout(sandbox, "moved")])
    waitFor(sandbox, 5001)
    mkdirSync(`${user.home}/.docker`)
    const auth = Buffer.from("user:secret").toString("base64")
    writeFileSync(`${user.home}/.docker/config.json`, JSON.stringify({ auths: { "localhost:5000": { auth } } }))
    const file = sandbox.file("stack.yaml", stackOf("localhost:5000/app:1"))
    expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
    assert.is(expectStatus(user.stack(["exec", "-f", file, "box", "--", "cat", "/etc/mark"]), 0).stdout, "moved\n")
    expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)
  },
  NEEDS,
)

test.run()
