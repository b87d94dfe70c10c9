/** A registry that sends whoever wants a layer elsewhere, where its password would be told to another. usage: node moving-registry.mjs LAYOUT */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"

const [, , layout] = process.argv
const { digest } = JSON.parse(readFileSync(`${layout}/index.json`, "utf8")).manifests[0]
const blob = (name) => readFileSync(`${layout}/blobs/${name.replace(":", "/")}`)

const registry = createServer(({ url, headers }, answer) => {
  const [, kind, name] = /\/v2\/app\/(manifests|blobs)\/(.*)$/.exec(url) ?? []
  if (headers.authorization === undefined) answer.writeHead(401, { "www-authenticate": "Basic realm=test" }).end()
  else if (kind === "blobs") answer.writeHead(307, { location: `http://localhost:5001/${name}` }).end()
  else answer.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end(blob(digest))
})
const elsewhere = createServer(({ url, headers }, answer) => {
  if (headers.authorization === undefined) answer.writeHead(200).end(blob(url.slice(1)))
  else answer.writeHead(400).end()
})
registry.listen(5000, "127.0.0.1")
elsewhere.listen(5001, "127.0.0.1")
