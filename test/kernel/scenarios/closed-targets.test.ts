/** Targets that have to be made in folders of the host's, as `image: host` shows them. */
import * as assert from "uvu/assert"
import { apply, expectConverged, expectStatus, scenario, test } from "../../support/lab.ts"

const stack = (rest: string) => `name: mnt
volumes: { data: {} }
secrets: { key: { file: text } }
containers:
  web: { command: [sleep, infinity], ${rest} }
`

scenario("what cannot be made in a folder of the host's is told by the plan, and only that", (sandbox) => {
  const folders = "mount -t tmpfs -o mode=755 tmpfs /opt && mkdir /opt/app /opt/open && chmod 777 /opt/open && touch /opt/app/there"
  expectStatus(sandbox.run(["sh", "-c", folders]), 0)
  sandbox.file("text", "text")
  const secret = "secrets: [{ source: key, target: /opt/app/deep/key }]"
  const volumes = "volumes: ['data:/opt/app/none', './text:/opt/app/there', 'data:/opt/own/x']"
  const file = sandbox.file("stack.yaml", stack(`${volumes}, tmpfs: [/opt/open/x], ${secret}`))
  const ran = expectStatus(sandbox.stack(["plan", "-f", file]), 1)
  const told = (target: string, folder: string) =>
    new RegExp(
      `stack\\.yaml:5:\\d+: error: nothing is at ${target} on the host, and in ${folder}, the host's, the container's root may make nothing\n`,
    )
  assert.match(ran.stderr, told("/opt/app/none", "/opt/app"))
  assert.match(ran.stderr, told("/opt/app/deep/key", "/opt/app"))
  // Who may write there is no matter.
  assert.match(ran.stderr, told("/opt/open/x", "/opt/open"))
  assert.is(ran.stderr.match(/error: /g)?.length, 3)
  for (const rest of [
    "volumes: ['./text:/opt/app/there', 'data:/opt/own/x']",
    `tmpfs: [/opt/app], volumes: ['data:/opt/app/none'], ${secret}`,
    "namespaces: { user: host }, volumes: ['data:/opt/app/none']",
  ]) {
    sandbox.file("stack.yaml", stack(rest))
    apply(sandbox, file)
    expectConverged(sandbox, file)
  }
})

test.run()
