import { test } from "uvu"
import * as assert from "uvu/assert"
import type { Ids } from "../../../src/kinds/container/identity.ts"
import { launchEnvironment } from "../../../src/kinds/container/launch.ts"
import type { ContainerAttributes } from "../../../src/kinds/container/spec.ts"
import { loadText, resource } from "../stackfile/load.ts"

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

function environment(rest: string, ids: Ids = { uid: 0, gid: 0, groups: [] }) {
  const { attributes } = resource(loadText(`containers: { web: { command: x${rest} } }`), "container.web")
  return launchEnvironment(attributes as unknown as ContainerAttributes, ids)
}

test("a command is given PATH, HOME and HOSTNAME where the file says nothing of them", () => {
  assert.equal(environment(""), { HOME: "/root", HOSTNAME: "web", PATH })
})

test("what the file says goes before", () => {
  const said = environment(", environment: { HOME: /srv, PATH: /opt, HOSTNAME: other, A: b }")
  assert.equal(said, { HOME: "/srv", PATH: "/opt", HOSTNAME: "other", A: "b" })
})

test("a home by the user: what passwd says, else root's, and none for a number", () => {
  const home = (uid: number, told?: string) =>
    environment("", { uid, gid: 0, groups: [], ...(told === undefined ? {} : { home: told }) }).HOME
  assert.is(home(0), "/root")
  assert.is(home(0, "/srv/root"), "/srv/root")
  assert.is(home(1000, "/home/app"), "/home/app")
  assert.is(home(1000), "/")
})

test("no host name of its own, no HOSTNAME", () => {
  assert.equal(environment(", namespaces: { uts: host }"), { HOME: "/root", PATH })
})

test.run()
