import * as assert from "uvu/assert"
import { execIn, OWNER, store } from "../../support/image-lab.ts"
import { expectConverged, expectStatus, scenario, test } from "../../support/lab.ts"
import { baseLayer, imageOf, indexOf, layer } from "../../support/oci-layout.ts"
import { startRegistry } from "../../support/registry.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const PROGRAMS = ["busybox", "docker-registry", "skopeo"]

const stackOf = (rest: string) => `name: img
idmaps: { box: { uid: ["0 ${OWNER} 65536"], gid: ["0 ${OWNER} 65536"] } }
containers:
${rest}`
const one = (image: string) => stackOf(`  one: { image: "${image}", idmap: box }\n`)
const mark = (sandbox: Sandbox, file: string, name = "one") => expectStatus(sandbox.stack(execIn(file, name, "cat", "/etc/mark")), 0).stdout

const CONFIG = { Cmd: ["sleep", "infinity"], Env: ["FROM=registry"] }

scenario(
  "docker://: planned by what the registry says, pulled by digest, one of several platforms, and not asked for again",
  (sandbox) => {
    const registry = startRegistry(sandbox, "none", 5000)
    const first = imageOf([baseLayer("first\n"), layer({ name: "etc/second", body: "two" })], CONFIG)
    const other = imageOf([baseLayer("other\n")], CONFIG, "s390x")
    const index = indexOf([
      { manifest: other.manifest, architecture: "s390x" },
      { manifest: first.manifest, architecture: "amd64" },
    ])
    registry.push([...first.blobs, ...other.blobs, index], index, "team/app:1")
    const file = sandbox.file("stack.yaml", one(`docker://${registry.host}/team/app:1`))
    const planned = expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout
    assert.match(planned, `+ image.docker://${registry.host}/team/app:1\n      digest: ${first.manifest.digest}`)
    assert.match(planned, /argv: \[sleep, infinity\]/)
    assert.match(planned, /environment\.FROM: registry/)
    assert.equal(store(sandbox, ""), [], "a plan writes nothing")
    const kept = `${sandbox.work}/kept.plan`
    expectStatus(sandbox.stack(["plan", "-f", file, "--out", kept]), 0)
    // The tag moves on; what was planned is pulled.
    const second = imageOf([baseLayer("second\n")], CONFIG)
    registry.push(second.blobs, second.manifest, "team/app:1")
    expectStatus(sandbox.stack(["apply", kept]), 0)
    assert.is(mark(sandbox, file), "first\n")
    assert.equal([store(sandbox, "layers").length, store(sandbox, "downloads"), store(sandbox, "unpacking")], [2, [], []])
    expectConverged(sandbox, file)
    const pinned = sandbox.file("pinned.yaml", one(`docker://${registry.host}/team/app:1@${second.manifest.digest}`))
    expectStatus(sandbox.stack(["apply", "-y", "-f", pinned]), 0)
    assert.is(mark(sandbox, pinned), "second\n")
    expectConverged(sandbox, pinned)
    for (const [image, says] of [
      ["team/app:2", /has no localhost:5000\/team\/app:2[\s\S]*it answers 404/],
      ["nobody/nothing", /has no localhost:5000\/nobody\/nothing:latest/],
    ] as const) {
      const wrong = sandbox.file("wrong.yaml", one(`docker://${registry.host}/${image}`))
      assert.match(expectStatus(sandbox.stack(["plan", "-f", wrong]), 1).stderr, says)
    }
    const nowhere = sandbox.file("wrong.yaml", one("docker://localhost:5999/app"))
    assert.match(
      expectStatus(sandbox.stack(["plan", "-f", nowhere]), 1).stderr,
      /wrong\.yaml:4:\d+: error: the registry of .* cannot be reached[\s\S]*ECONNREFUSED/,
    )
  },
  PROGRAMS,
)

for (const auth of ["basic", "token"] as const) {
  scenario(
    `docker://: a registry that asks who we are (${auth})`,
    (sandbox) => {
      const registry = startRegistry(sandbox, auth, 5000)
      const image = imageOf([baseLayer(`${auth}\n`)], CONFIG)
      registry.push(image.blobs, image.manifest, "app:1")
      const file = sandbox.file("stack.yaml", one(`docker://${registry.host}/app:1`))
      const refused = expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env: { HOME: "/nowhere" } }), 1)
      assert.match(refused.stderr, /lets nobody read localhost:5000\/app without a name[\s\S]*401[\s\S]*docker login/)
      assert.equal(store(sandbox, ""), [])
      expectStatus(sandbox.stack(["apply", "-y", "-f", file], { env: registry.login }), 0)
      assert.is(mark(sandbox, file), `${auth}\n`)
      expectConverged(sandbox, file)
    },
    [...PROGRAMS, ...(auth === "token" ? ["openssl"] : [])],
  )
}

scenario(
  "image pull, ls, inspect, rm and prune",
  (sandbox) => {
    const registry = startRegistry(sandbox, "none", 5000)
    const [first, second] = [imageOf([baseLayer("first\n")], CONFIG), imageOf([baseLayer("second\n")], CONFIG)]
    const name = `docker://${registry.host}/app:1`
    registry.push(first.blobs, first.manifest, "app:1")
    const run = (...words: string[]) => expectStatus(sandbox.stack(["image", ...words]), 0)
    assert.match(run("ls").stderr, /no images/)
    assert.is(run("pull", name).stdout, `${first.manifest.digest}\n`)
    const file = sandbox.file("stack.yaml", one(name))
    expectStatus(sandbox.stack(["apply", "-y", "-f", file]), 0)
    registry.push(second.blobs, second.manifest, "app:1")
    expectConverged(sandbox, file)
    run("pull", name)
    assert.match(expectStatus(sandbox.stack(["plan", "-f", file]), 0).stdout, /-\/\+ container\.one[\s\S]*image: .*forces replacement/)
    const { images } = JSON.parse(run("ls", "--json").stdout)
    assert.equal(
      images.map(({ digest, sources, used }: { digest: string; sources: string[]; used: string[] }) => [digest, sources, used]).sort(),
      [
        [first.manifest.digest, [], ["img container.one"]],
        [second.manifest.digest, [name], []],
      ].sort(),
    )
    assert.match(
      expectStatus(sandbox.stack(["image", "rm", first.manifest.digest]), 1).stderr,
      /has containers[\s\S]*stack img container\.one/,
    )
    assert.equal(JSON.parse(run("inspect", name).stdout).config.command, ["sleep", "infinity"])
    assert.is(run("rm", name).stdout, `${name}: removed\n`)
    assert.is(store(sandbox, "layers").length, 1)
    assert.match(run("prune", "-y").stderr, /^0 removed/)
    assert.is(mark(sandbox, file), "first\n")
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    assert.match(run("prune", "-y").stderr, /^1 removed/)
    assert.equal(
      [store(sandbox, "layers"), store(sandbox, "images"), store(sandbox, "refs"), store(sandbox, "downloads")],
      [[], [], [], []],
    )
  },
  PROGRAMS,
)

test.run()
