/** Who keeps the password of a registry: programs by docker's protocol, and tokens in place of passwords; on loopback. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { openRegistry } from "../../../src/image/registry-client.ts"
import type { Found } from "../../../src/image/registry-credentials.ts"

async function withRegistry(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (host: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    await work(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const client = (registry: string, found: Found, environment = {}) =>
  openRegistry({ registry, repository: "app", tag: "1" }, found, { patience: { attempts: 3, pauseMs: 1, silenceMs: 3000 }, environment })

async function told(work: Promise<unknown>): Promise<string> {
  const failure: unknown = await work.then(
    () => "nothing",
    (thrown) => thrown,
  )
  if (!(failure instanceof DiagnosticError)) throw failure
  return JSON.stringify(failure.diagnostics)
}

/** A helper as a program on PATH, which runs this. */
function helperOf(script: string): { found: Found; environment: { [name: string]: string }; close(): void } {
  const folder = mkdtempSync(`${tmpdir()}/stack-helper-`)
  writeFileSync(`${folder}/docker-credential-test`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const environment = { PATH: `${folder}:${process.env.PATH}`, TOLD: `${folder}/told` }
  const helper = { program: "docker-credential-test", server: "r.example" }
  return { found: { helper }, environment, close: () => rmSync(folder, { recursive: true }) }
}

const ANSWER = '{"ServerURL":"r.example","Username":"user","Secret":"hush"}'
const basicOnly = (user: string) => (request: IncomingMessage, response: ServerResponse) => {
  const right = request.headers.authorization === `Basic ${Buffer.from(user).toString("base64")}`
  if (right) response.writeHead(200).end("{}")
  else response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end()
}

test("a program that keeps passwords is asked by docker's protocol, and only once the registry wants to know", async () => {
  const { found, environment, close } = helperOf(`{ echo "$1"; cat; } >>"$TOLD"; echo '${ANSWER}'`)
  try {
    await withRegistry(basicOnly("user:hush"), async (host) => {
      const registry = client(host, found, environment)
      assert.is((await registry.get("manifests/1", {})).status, 200)
      assert.is((await registry.get("manifests/1", {})).status, 200)
    })
    assert.is(readFileSync(environment.TOLD as string, "utf8"), "get\nr.example\n")
    await withRegistry(
      (_, response) => void response.writeHead(200).end("{}"),
      async (host) => assert.is((await client(host, found, environment).get("manifests/1", {})).status, 200),
    )
    assert.is(readFileSync(environment.TOLD as string, "utf8"), "get\nr.example\n")
  } finally {
    close()
  }
})

for (const [what, script, says] of [
  ["knows nothing", 'echo "credentials not found in native keychain"; exit 1', /docker-credential-test knows nothing of r\.example/],
  ["fails with a secret on its lips", "echo hush; echo hush >&2; exit 3", /docker-credential-test ends with status 3/],
  ["gives rubbish", "echo hush", /docker-credential-test gives an answer that holds no password/],
  ["has a password that is refused", `echo '${ANSWER}'`, /lets nobody read .* as user/],
] as const)
  test(`a program that ${what}: why there is no password is told, and no secret`, async () => {
    const { found, environment, close } = helperOf(script)
    try {
      await withRegistry(basicOnly("user:other"), async (host) => {
        const text = await told(client(host, found, environment).get("manifests/1", {}))
        assert.match(text, says)
        assert.not.match(text, /hush/)
      })
    } finally {
      close()
    }
  })

test("a program that is not there is named", () =>
  withRegistry(basicOnly("a:b"), async (host) => {
    const found = { helper: { program: "docker-credential-nosuch", server: "r" } }
    assert.match(await told(client(host, found, { PATH: "/usr/bin" }).get("manifests/1", {})), /docker-credential-nosuch is not there/)
  }))

test("a token that is kept in place of a password is exchanged, in the body alone", async () => {
  const seen: string[] = []
  await withRegistry(
    (request, response) => {
      const { host } = request.headers
      if (request.url?.startsWith("/token")) {
        let body = ""
        request.on("data", (piece) => (body += piece))
        request.on("end", () => {
          seen.push(`${request.method} ${request.url} ${body}`)
          response.writeHead(200).end('{"access_token":"fresh"}')
        })
      } else if (request.headers.authorization === "Bearer fresh") response.writeHead(200).end("{}")
      else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token",service="r"` }).end()
    },
    async (host) => {
      const found = { credentials: { user: "", password: "", identityToken: "long" } }
      assert.is((await client(host, found).get("manifests/1", {})).status, 200)
    },
  )
  assert.equal(seen, ["POST /token service=r&scope=repository%3Aapp%3Apull&grant_type=refresh_token&client_id=stack&refresh_token=long"])
})

test.run()
