import { test } from "uvu"
import * as assert from "uvu/assert"
import { launchEnvironment } from "../../../src/kinds/container/launch.ts"
import type { ContainerAttributes } from "../../../src/kinds/container/spec.ts"
import { loadText, resource } from "../stackfile/load.ts"

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

function environment(rest: string) {
  const { attributes } = resource(loadText(`containers: { web: { command: x${rest} } }`), "container.web")
  return launchEnvironment(attributes as unknown as ContainerAttributes)
}

test("a command is given PATH, HOME and HOSTNAME where the file says nothing of them", () => {
  assert.equal(environment(""), { HOME: "/root", HOSTNAME: "web", PATH })
})

test("what the file says goes before", () => {
  const said = environment(", environment: { HOME: /srv, PATH: /opt, HOSTNAME: other, A: b }")
  assert.equal(said, { HOME: "/srv", PATH: "/opt", HOSTNAME: "other", A: "b" })
})

test("a home by the user: root's, a named one's, and none for a number", () => {
  assert.is(environment(", user: '0:5'").HOME, "/root")
  assert.is(environment(", user: root").HOME, "/root")
  assert.is(environment(", user: app:www").HOME, "/home/app")
  assert.is(environment(", user: 1000").HOME, "/")
})

test("no host name of its own, no HOSTNAME", () => {
  assert.equal(environment(", namespaces: { uts: host }"), { HOME: "/root", PATH })
})

test.run()
