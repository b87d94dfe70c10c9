import { statSync } from "node:fs"
import * as assert from "uvu/assert"
import { makeTar, makeTree } from "../../support/image-lab.ts"
import { expectNoTrace, expectStatus, scenario, test, titleOf } from "../../support/lab.ts"
import { baseLayer, imageOf, layer, writeLayout } from "../../support/oci-layout.ts"
import type { Ordinary } from "../../support/ordinary.ts"
import { ordinaryUser } from "../../support/ordinary.ts"
import { startRegistry } from "../../support/registry.ts"

const NEEDS = ["setpriv", "newuidmap", "newgidmap", "busybox"]

/** A container of an image, and one of the host's folders beside it, which keeps ids of its own. */
const stackOf = (image: string, rest = "") => `name: one
volumes: { data: {} }
containers:
  box: { image: "${image}", command: [sleep, infinity], volumes: ["data:/mine"]${rest} }
  plain: { image: host, command: [sleep, infinity] }
`

const applied = (user: Ordinary, file: string) => expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
const inside = (user: Ordinary, file: string, words: string) =>
  expectStatus(user.stack(["exec", "-f", file, "box", "--", "sh", "-c", words]), 0).stdout

function converged(user: Ordinary, file: string): void {
  assert.match(expectStatus(user.stack(["plan", "--detailed-exitcode", "-f", file]), 0).stdout, "No changes.")
}

/** By its own ids a container writes to its root, its volume, and changes owners; what it makes is the user's and its subordinates' on the host. */
function expectWhole(user: Ordinary, file: string): void {
  converged(user, file)
  assert.is(inside(user, file, "id -u; cat /etc/mark"), "0\nimage\n")
  assert.is(
    inside(user, file, "echo new > /etc/mark; touch /mine/f; chown 5:6 /mine/f; cat /etc/mark; stat -c '%u %g' /mine/f"),
    "new\n5 6\n",
  )
  const { uid, gid } = statSync(`${user.home}/.local/share/stack/volumes/one/data/f`)
  assert.equal([uid, gid], [2_000_004, 2_000_005])
}

scenario(
  "an ordinary user's container of a folder has the user's ids, and the folder stays as it was",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const tree = makeTree(`${user.home}/rootfs`)
    expectStatus(sandbox.run(["chown", "-R", "12345:12345", tree]), 0)
    const file = sandbox.file("stack.yaml", stackOf(`dir:${tree}`))
    assert.match(applied(user, file).stdout, /idmap: "as the user's"/)
    expectWhole(user, file)
    assert.is(expectStatus(sandbox.run(["cat", `${tree}/etc/mark`]), 0).stdout, "image\n")
    const [, map] = /(\d+) +(\d+)\n$/.exec(
      expectStatus(user.stack(["exec", "-f", file, "plain", "--", "cat", "/proc/self/uid_map"]), 0).stdout,
    ) as RegExpExecArray
    assert.ok(Number(map) > 0)
    expectStatus(user.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
  },
  NEEDS,
)

scenario(
  "an ordinary user's archives are unpacked into a store of its own: tar, and layers with whiteouts and opaque folders",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const middle = layer({ name: "data/deep/", type: "5", mode: 0o755 }, { name: "data/deep/.wh..wh..opq" }, { name: ".wh.gone" })
    const top = layer({ name: "etc/mark", body: "image\n" })
    const { manifest, blobs } = imageOf([baseLayer(), middle, top])
    writeLayout(`${sandbox.work}/layout`, blobs, { app: manifest })
    for (const image of [`tar:${makeTar(sandbox, "root.tar.gz", { options: ["-z"] })}`, `oci:${sandbox.work}/layout:app`]) {
      const file = sandbox.file("stack.yaml", stackOf(image))
      applied(user, file)
      expectWhole(user, file)
      if (image.startsWith("oci:")) assert.is(inside(user, file, "ls /data/deep; ls -d /gone 2>/dev/null || echo none"), "none\n")
      expectStatus(user.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
    }
    assert.is(expectStatus(user.stack(["image", "ls", "--json"]), 0).stdout.match(/"digest"/g)?.length, 2)
    assert.is(sandbox.run(["ls", "/var/lib/stack"]).stdout, "")
    expectStatus(user.stack(["image", "prune", "-y"]), 0)
    assert.is(expectStatus(user.stack(["image", "ls"]), 0).stdout, "")
    assert.is(sandbox.run(["ls", "/var/lib/stack"]).stdout, "")
  },
  NEEDS,
)

for (const auth of ["none", "basic", "token"] as const) {
  scenario(
    `an ordinary user's image of a registry comes through the user's own network (${auth})`,
    async (sandbox) => {
      const user = ordinaryUser(sandbox)
      const registry = startRegistry(sandbox, auth, 5000)
      const config = { Cmd: ["sleep", "infinity"], Env: ["FROM=registry"] }
      const image = imageOf([baseLayer("image\n"), layer({ name: "etc/second", body: "two" })], config)
      registry.push(image.blobs, image.manifest, "team/app:1")
      const name = `docker://${registry.host}/team/app:1`
      const file = sandbox.file("stack.yaml", stackOf(name))
      if (auth !== "none") {
        const { stderr } = expectStatus(user.stack(["plan", "-f", file]), 1)
        assert.match(stderr, /lets nobody read localhost:5000\/team\/app without a name[\s\S]*401/)
        const [from, to] = [`${registry.login.HOME}/.docker`, `${user.home}/.docker`]
        expectStatus(sandbox.run(["sh", "-c", `cp -r ${from} ${to} && chown -R 12345:12345 ${to}`]), 0)
      }
      assert.match(expectStatus(user.stack(["plan", "-f", file]), 0).stdout, `digest: ${image.manifest.digest}`)
      assert.is(sandbox.run(["ls", `${user.home}/.local/share`]).stdout, "", "a plan makes nothing")
      applied(user, file)
      expectWhole(user, file)
      assert.is(inside(user, file, "cat /etc/second; echo $FROM"), "tworegistry\n")
      // In the container there is nothing of who makes the connections, and no way out.
      assert.is(inside(user, file, "ls /proc/self/fd /proc/1/fd | grep -v :; env | grep ROOTLESS; true"), "0\n1\n2\n\n0\n1\n2\n3\n")
      assert.is.not(user.stack(["exec", "-f", file, "box", "--", "busybox", "nc", "127.0.0.1", "5000"]).status, 0)
      assert.is(expectStatus(user.stack(["image", "pull", name]), 0).stdout, `${image.manifest.digest}\n`)
      expectStatus(user.stack(["destroy", "-y", "--volumes", "-f", file]), 0)
      expectStatus(user.stack(["image", "prune", "-y"]), 0)
      // Who made the connections ends when it sees that the command has.
      const left = () => sandbox.processes().filter((pid) => /stack-(dialer|holder|rootless)/.test(titleOf(pid)))
      for (let tries = 0; left().length > 0 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20))
      assert.equal(left(), [])
      assert.is(sandbox.run(["ls", "-A", user.runtime]).stdout, "")
    },
    [...NEEDS, "docker-registry", "skopeo", ...(auth === "token" ? ["openssl"] : [])],
  )
}

scenario(
  "what an ordinary user's image cannot have is told by name",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const tree = makeTree(`${user.home}/rootfs`)
    const wishes: [text: string, told: RegExp][] = [
      [stackOf(`dir:${tree}`, ", idmap: { size: 4096 }"), /4:17: error: image dir:\S+ needs root with ids of the container's own/],
      [stackOf("docker://localhost:5999/app:1"), /4:17: error: the registry of localhost:5999\/app cannot be reached[\s\S]*ECONNREFUSED/],
      [stackOf("debootstrap:bookworm"), /4:17: error: debootstrap needs root/],
      [stackOf("host"), /error: volume data needs root with ids of the container's own/],
    ]
    for (const [text, told] of wishes) {
      const ran = expectStatus(user.stack(["apply", "-y", "-f", sandbox.file("stack.yaml", text)]), 1)
      assert.match(ran.stderr, told)
      expectNoTrace(ran)
    }
  },
  NEEDS,
)

test.run()
