/** An empty volume becomes whose the folder is that the image has in its place: who is not root could not write to it else. */
import { execFileSync } from "node:child_process"
import { lchownSync, mkdirSync, symlinkSync } from "node:fs"
import * as assert from "uvu/assert"
import { makeTree, OWNER } from "../../support/image-lab.ts"
import { apply, expectConverged, expectStatus, scenario, test } from "../../support/lab.ts"
import type { Sandbox } from "../../support/sandbox.ts"

const stack = (image: string, command = "[sleep, infinity]") => `name: own
volumes: { data: {}, plain: {}, linked: {} }
idmaps: { box: { uid: ["0 ${OWNER} 65536"], gid: ["0 ${OWNER} 65536"] } }
containers:
  one: { image: "${image}", command: ${command}, user: alice, idmap: box, volumes: ["data:/srv/data", "plain:/etc", "linked:/srv/link"] }
`

/** `/srv/data` is alice's; `/srv/link` leads to another folder of hers, which is looked up in the root alone. */
function tree(sandbox: Sandbox): string {
  const folder = makeTree(`${sandbox.work}/tree`)
  mkdirSync(`${folder}/srv/data`, { recursive: true })
  for (const name of ["srv/data", "home"]) lchownSync(`${folder}/${name}`, 1001, 1002)
  symlinkSync("/home", `${folder}/srv/link`)
  return folder
}

const within = (sandbox: Sandbox, file: string, words: string, user: string) =>
  sandbox.stack(["exec", "-f", file, "-u", user, "one", "--", "/bin/busybox", "sh", "-c", words])
const ownerOf = (sandbox: Sandbox, file: string, path: string) =>
  expectStatus(within(sandbox, file, `busybox stat -c '%u:%g' ${path}`, "0"), 0).stdout.trim()

for (const kind of ["dir", "tar"] as const) {
  scenario(`${kind}: one who is not root writes to a new volume, and it stays whose it is made later`, (sandbox) => {
    const folder = tree(sandbox)
    if (kind === "tar") execFileSync("tar", ["--numeric-owner", "-cf", `${sandbox.work}/root.tar`, "-C", folder, "."])
    const image = kind === "tar" ? "tar:./root.tar" : "dir:./tree"
    const file = sandbox.file("stack.yaml", stack(image))
    apply(sandbox, file)
    expectStatus(within(sandbox, file, "echo mine > /srv/data/mine", "1001:1002"), 0)
    assert.is(ownerOf(sandbox, file, "/srv/data"), "1001:1002")
    assert.is(ownerOf(sandbox, file, "/home"), "0:0")
    // What the image has as root's is root's.
    assert.is(ownerOf(sandbox, file, "/etc"), "0:0")
    expectConverged(sandbox, file)
    expectStatus(within(sandbox, file, "busybox chown 0:0 /srv/data", "0"), 0)
    sandbox.file("stack.yaml", stack(image, '[sleep, "1000"]'))
    apply(sandbox, file)
    assert.is(ownerOf(sandbox, file, "/srv/data"), "0:0")
    assert.is(expectStatus(within(sandbox, file, "cat /srv/data/mine", "0"), 0).stdout, "mine\n")
    expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  })
}

test.run()
