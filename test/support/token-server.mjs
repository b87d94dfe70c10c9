// The token server of a registry, as its "Token Authentication Specification" has it: who says the password gets a signed token for what
// it asks for. node token-server.mjs PORT KEY.pem CERT.pem SERVICE
import { createSign, randomUUID, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"

const [port, keyFile, certificateFile, service] = process.argv.slice(2)
const key = readFileSync(keyFile, "utf8")
const certificate = new X509Certificate(readFileSync(certificateFile))
const PASSWORD = `Basic ${Buffer.from("user:secret").toString("base64")}`
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

createServer((request, response) => {
  const url = new URL(request.url, "http://localhost")
  if (request.headers.authorization !== PASSWORD) {
    response.writeHead(401).end()
    return
  }
  const [type, name, actions] = (url.searchParams.get("scope") ?? "::").split(":")
  const now = Math.floor(Date.now() / 1000)
  const access = [{ type, name, actions: actions.split(",") }]
  const claims = { iss: "test", sub: "user", aud: service, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access }
  const text = `${encoded({ typ: "JWT", alg: "RS256", x5c: [certificate.raw.toString("base64")] })}.${encoded(claims)}`
  const signature = createSign("RSA-SHA256").update(text).sign(key).toString("base64url")
  response.end(JSON.stringify({ token: `${text}.${signature}` }))
}).listen(Number(port), "127.0.0.1")
