/** A registry that is not what it should be, on loopback: each of its ways is one diagnostic, or is got over. */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import type { LayerSource } from "../../../src/image/found.ts"
import { imageStore } from "../../../src/image/paths.ts"
import { openRegistry } from "../../../src/image/registry-client.ts"
import type { Found } from "../../../src/image/registry-credentials.ts"
import { credentialsFor } from "../../../src/image/registry-credentials.ts"
import { fetchLayer, findInRegistry } from "../../../src/image/registry-source.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"
import { imageOf, layer } from "../../support/oci-layout.ts"

const PATIENCE = { attempts: 3, pauseMs: 1, silenceMs: 300 }
const IMAGE = imageOf([layer({ name: "a", body: "x".repeat(50_000) })], { Cmd: ["true"] })
const [LAYER] = IMAGE.blobs as [(typeof IMAGE.blobs)[0]]

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void

/** What a sound one says; `count`: how often it was asked. */
const sound: Answer = ({ url = "" }, response) => {
  const found = IMAGE.blobs.find(({ digest }) => url.endsWith(digest)) ?? (url.endsWith("/manifests/1") ? IMAGE.manifest : undefined)
  if (found === undefined) response.writeHead(404).end()
  else response.writeHead(200, { "content-length": found.size }).end(found.bytes)
}

async function withRegistry<T>(answer: Answer, work: (host: string, asked: string[]) => Promise<T>): Promise<T> {
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.range ?? ""}`.trim())
    answer(request, response, asked.length)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    return await work(`127.0.0.1:${(server.address() as AddressInfo).port}`, asked)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const client = (registry: string, found: Found = {}) =>
  openRegistry({ registry, repository: "app", tag: "1" }, found, { patience: PATIENCE })
const find = (registry: string, found?: Found) => findInRegistry(client(registry, found), { registry, repository: "app", tag: "1" }, "x64")

async function told(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (e) {
    if (e instanceof DiagnosticError)
      return e.diagnostics.map(({ code, summary, detail = "" }) => `${code}: ${summary}: ${detail}`).join("\n")
    throw e
  }
  return "nothing"
}

const plain =
  (status: number, body: string | Buffer = ""): Answer =>
  (_, response) =>
    void response.writeHead(status).end(body)
const json = (value: unknown) => plain(200, JSON.stringify(value))

/** Blanks, which JSON may begin with, for ever. */
const slowly: Answer = (_, response) => {
  response.writeHead(200)
  const timer = setInterval(() => response.write(" "), 50)
  response.on("close", () => clearInterval(timer))
}

const WAYS: readonly (readonly [what: string, answer: Answer, says: RegExp])[] = [
  ["401 without a way", plain(401), /^image-registry: .*in a way that is not known here: it answers 401, and does not say how/],
  [
    "401 whatever is sent",
    (_, r) => void r.writeHead(401, { "www-authenticate": "Basic realm=x" }).end(),
    /^image-registry: the registry lets nobody read .* without a name: it answers 401/,
  ],
  ["403", plain(403), /^image-registry: .*it answers 403/],
  ["404", plain(404), /^no-image: the registry has no .*app:1: it answers 404/],
  ["429 for good", plain(429), /^image-registry: .*429 \(too many requests\)/],
  ["500 for good", plain(500), /^image-registry: .*it answers 500/],
  ["nothing", () => {}, /^image-registry: .*cannot be reached: .*no answer for 0.3 s/],
  ["half an answer", (_, r) => void r.writeHead(200, { "content-length": 1000 }).write("{"), /cannot be reached: no byte for 0.3 s/],
  ["a byte now and then", slowly, /cannot be reached: the manifest of .* is not whole after 1.2 s/],
  [
    "for a token without end",
    (q, r, n) =>
      q.url?.startsWith("/token")
        ? slowly(q, r, n)
        : void r.writeHead(401, { "www-authenticate": `Bearer realm="http://${q.headers.host}/token"` }).end(),
    /cannot be reached: the token for .* is not whole after 1.2 s/,
  ],
  ["a closed door", (request) => void request.socket.destroy(), /cannot be reached/],
  ["garbage", plain(200, Buffer.from([0, 1, 2, 255])), /^bad-image: the manifest of .* is no JSON/],
  ["a list", json([1]), /^bad-image: .* is no map/],
  ["another document", json({ hello: 1 }), /^bad-image: .* is no manifest of an image/],
  ["schema 1", json({ schemaVersion: 1, fsLayers: [] }), /^bad-image: .*schema 1/],
  ["a path for a digest", json({ layers: [], config: { digest: "sha256:../../../etc", size: 1 } }), /^bad-image: .* no sha256 digest/],
  ["no end", (_, r) => void r.writeHead(200).end(Buffer.alloc(5 << 20, 0x20)), /^bad-image: .* more than 4194304 bytes/],
  [
    "no platform of ours",
    json({ manifests: [{ digest: IMAGE.manifest.digest, size: 1, platform: { os: "plan9", architecture: "amd64" } }] }),
    /^no-image: .*no image for linux\/amd64: it has plan9\/amd64/,
  ],
  [
    "a digest that it is not",
    (_, r) => void r.writeHead(200, { "docker-content-digest": LAYER.digest }).end(IMAGE.manifest.bytes),
    /^bad-image: .* is not what its digest says/,
  ],
  [
    "another configuration",
    (q, r, n) => (q.url?.includes("blobs") ? void r.writeHead(200).end("{}") : sound(q, r, n)),
    /^bad-image: the configuration of .* is not what its digest says/,
  ],
  [
    "a realm in the clear",
    (_, r) => void r.writeHead(401, { "www-authenticate": 'Bearer realm="http://192.0.2.1/token"' }).end(),
    /sends us for a token to where nobody should go/,
  ],
]

for (const [what, answer, says] of WAYS)
  test(`a registry that answers ${what}`, () => withRegistry(answer, async (host) => assert.match(await told(find(host)), says)))

test("what passes is got over", () =>
  withRegistry(
    (request, response, count) =>
      count < 3 ? void response.writeHead(count === 1 ? 503 : 429, { "retry-after": "0" }).end() : sound(request, response, count),
    async (host, asked) => {
      assert.is((await find(host)).digest, IMAGE.manifest.digest)
      assert.equal(asked.slice(0, 3), ["/v2/app/manifests/1", "/v2/app/manifests/1", "/v2/app/manifests/1"])
    },
  ))

test("a token is asked for with the password, and sent along", () =>
  withRegistry(
    (request, response, count) => {
      const { host = "", authorization = "" } = request.headers
      if (request.url?.startsWith("/token")) {
        assert.is(request.url, "/token?service=s&scope=repository%3Aapp%3Apull")
        assert.is(authorization, `Basic ${Buffer.from("me:pw").toString("base64")}`)
        response.end('{"access_token":"t"}')
      } else if (authorization !== "Bearer t")
        response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token",service="s",scope="repository:app:pull"` }).end()
      else sound(request, response, count)
    },
    async (host) => assert.is((await find(host, { credentials: { user: "me", password: "pw" } })).digest, IMAGE.manifest.digest),
  ))

// ------------------------------------------------------------------------- layers

const source: LayerSource = { id: "sha256-0", form: "layer", expected: {}, size: LAYER.size, from: { digest: LAYER.digest } }
const path = `${imageStore().downloads}/${LAYER.digest.replace(":", "-")}`

/** Fetches into a kernel in memory; what the file then holds, and the sum of what was told. */
async function fetched(host: string, kernel = fakeKernel()): Promise<{ bytes: string; told: number }> {
  for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) kernel.mkdir(path.slice(0, at))
  let sum = 0
  const file = await fetchLayer(kernel, client(host), source, (bytes) => {
    sum += bytes
  })
  const bytes = Buffer.from(kernel.readBytes(file.path, 0, 1 << 20) ?? []).toString("base64")
  file.done()
  assert.is(kernel.fingerprint(path), null)
  return { bytes, told: sum }
}

const whole = { bytes: LAYER.bytes.toString("base64"), told: LAYER.size }

/** Gives so many bytes and hangs up; parts are given where `parts`. */
const breaking =
  (after: number, parts: boolean): Answer =>
  ({ headers }, response, count) => {
    const from = parts && headers.range !== undefined ? Number(/bytes=(\d+)-/.exec(headers.range)?.[1]) : 0
    const range = { "content-range": `bytes ${from}-${LAYER.size - 1}/${LAYER.size}` }
    response.writeHead(from > 0 ? 206 : 200, { "content-length": LAYER.size - from, ...(from > 0 ? range : {}) })
    if (count < 3) response.write(LAYER.bytes.subarray(from, from + after), () => setTimeout(() => response.destroy(), 20))
    else response.end(LAYER.bytes.subarray(from))
  }

test("a download that breaks off goes on from where it was", () =>
  withRegistry(breaking(100, true), async (host, asked) => {
    assert.equal(await fetched(host), whole)
    assert.equal(
      asked.map((line) => line.split(" ")[1] ?? ""),
      ["", "bytes=100-", "bytes=200-"],
    )
  }))

test("where the registry gives no parts it begins again", () =>
  withRegistry(breaking(100, false), async (host) => assert.equal(await fetched(host), whole)))

test("what a killed one has left is gone on with", () =>
  withRegistry(breaking(1e6, true), async (host, asked) => {
    const kernel = fakeKernel()
    for (let at = path.indexOf("/", 1); at > 0; at = path.indexOf("/", at + 1)) kernel.mkdir(path.slice(0, at))
    kernel.replaceFile(path, LAYER.bytes.subarray(0, 77).toString("latin1"))
    assert.equal(await fetched(host, kernel), whole)
    assert.equal(asked, [`/v2/app/blobs/${LAYER.digest} bytes=77-`])
  }))

for (const [what, bytes, says] of [
  ["more", Buffer.concat([LAYER.bytes, Buffer.from("more")]), /gives more of .* than it says/],
  ["less", LAYER.bytes.subarray(0, 50), /gives less of .* than it says: .*: 50 of/],
] as const)
  test(`a registry that gives ${what} than it says`, () =>
    withRegistry(
      (_, response) => void response.writeHead(200).end(bytes),
      async (host) => assert.match(await told(fetched(host)), says),
    ))

// -------------------------------------------------------------------- credentials

test("whom a registry is told that we are", () => {
  const kernel = fakeKernel()
  for (const folder of ["/h", "/h/.docker", "/h/.config", "/h/.config/containers"]) kernel.mkdir(folder)
  const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") })
  kernel.replaceFile(
    "/h/.docker/config.json",
    JSON.stringify({ auths: { "r:1": auth("d:1"), "https://index.docker.io/v1/": auth("hub:2") }, credsStore: "x" }),
  )
  kernel.replaceFile("/h/.config/containers/auth.json", JSON.stringify({ auths: { "r:1/team": auth("t:3:4") } }))
  const ask = (registry: string, repository: string, environment = { HOME: "/h" }) =>
    credentialsFor(kernel, registry, repository, environment)
  assert.equal(ask("r:1", "team/app"), { credentials: { user: "t", password: "3:4" } })
  assert.equal(ask("r:1", "app"), { credentials: { user: "d", password: "1" } })
  assert.equal(ask("docker.io", "library/app"), { credentials: { user: "hub", password: "2" } })
  assert.equal(ask("other", "app"), { helper: { program: "docker-credential-x", server: "other" } })
  assert.equal(ask("other", "app", { HOME: "/none" }), {})
  const written = (config: object) => {
    kernel.replaceFile("/h/auth.json", JSON.stringify(config))
    return (registry: string) => credentialsFor(kernel, registry, "app", { HOME: "/none", REGISTRY_AUTH_FILE: "/h/auth.json" })
  }
  const helped = written({ auths: { r: auth("a:b") }, credHelpers: { r: "own", "docker.io": "hub", evil: "../../bin/sh" } })
  assert.equal(helped("r"), { helper: { program: "docker-credential-own", server: "r" } })
  assert.equal(helped("docker.io"), { helper: { program: "docker-credential-hub", server: "https://index.docker.io/v1/" } })
  assert.equal(helped("evil"), {})
  const token = written({ auths: { r: { identitytoken: "t", auth: "" } } })
  assert.equal(token("r"), { credentials: { user: "", password: "", identityToken: "t" } })
})

test.run()
