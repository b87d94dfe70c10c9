/** Every example and every lab that is shipped is applied, found to be as wanted, and taken away again. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as assert from "uvu/assert"
import { eventually } from "../../support/eventually.ts"
import { apply, expectConverged, expectStatus, inside, live, pings, scenario, test } from "../../support/lab.ts"
import { expectSameTraces, readTraces } from "../../support/sandbox-traces.ts"
import { lackingVlans } from "../../support/vlans.ts"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const FILES = [
  ...readdirSync(`${ROOT}examples`)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `examples/${file}`),
  ...readdirSync(`${ROOT}stacks`).map((folder) => `stacks/${folder}/stack.yaml`),
]
/** Their root filesystems are for the reader to make. */
const UNFINISHED = ["examples/rootfs.yaml", "examples/system.yaml"]
/** Its programs are not on every machine: below. */
const DAEMONS = "examples/daemons.yaml"

/** What a kernel may lack for them. */
const STICK = "examples/router-on-a-stick.yaml"
const LACKING: { readonly [file: string]: string | undefined } = { [STICK]: lackingVlans() }

for (const file of FILES.filter((f) => ![...UNFINISHED, DAEMONS].includes(f))) {
  scenario(
    file,
    (sandbox) => {
      const before = readTraces(sandbox)
      const path = `${ROOT}${file}`
      expectStatus(sandbox.stack(["apply", "-y", "-f", path]), 0)
      expectStatus(sandbox.stack(["plan", "--detailed-exitcode", "-f", path]), 0)
      expectStatus(sandbox.stack(["destroy", "-y", "--volumes", "-f", path]), 0)
      expectSameTraces(readTraces(sandbox), before)
    },
    [],
    LACKING[file],
  )
}

scenario(
  "the router on a stick passes packets between both VLANs, which do not see each other without it",
  (sandbox) => {
    expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}${STICK}`]), 0)
    const { init } = live(sandbox, "stick", "office")
    assert.ok(pings(init, "10.80.20.2"))
    expectStatus(sandbox.stack(["link", "down", "router:eth1.20", "-p", "stick"]), 0)
    assert.not.ok(inside(init, "-n", "ping", "-c1", "-W1", "10.80.20.2").status === 0)
  },
  [],
  LACKING[STICK],
)

scenario("the hosts behind both ends of the overlay reach each other", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}examples/vxlan.yaml`]), 0)
  assert.ok(pings(live(sandbox, "overlay", "host-l").init, "10.82.2.2"))
})

scenario("the router's hosts reach each other", (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}examples/router.yaml`]), 0)
  assert.ok(pings(live(sandbox, "router", "a").init, "10.79.2.2"))
})

scenario(
  "nginx and dnsmasq out of the host's own folders serve, with what the example gives them below /var; without it their logs say what is missing",
  async (sandbox) => {
    const before = readTraces(sandbox)
    const text = readFileSync(`${ROOT}${DAEMONS}`, "utf8")
    const bare = sandbox.file("bare.yaml", text.replace(/^ +tmpfs: .*\n/gm, ""))
    // They may end before it has looked at them, or after.
    sandbox.stack(["apply", "-y", "-f", bare])
    const told = (name: string) => {
      const { stdout, stderr } = expectStatus(sandbox.stack(["logs", "-f", bare, name]), 0)
      return stdout + stderr
    }
    for (const [name, missing] of [
      ["web", "/var/lib/nginx"],
      ["dns", "/var/run"],
    ] as const)
      await eventually(() => told(name).includes(missing))
    const file = sandbox.file("stack.yaml", text)
    apply(sandbox, file)
    expectConverged(sandbox, file)
    const { init } = live(sandbox, "daemons", "dhcp")
    const served = () =>
      inside(init, "-n", "bash", "-c", "exec 3<>/dev/tcp/10.97.0.2/80; printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3").stdout
    await eventually(() => served().includes("Server: nginx"))
    await eventually(() => /^Address.*10\.97\.0\.2$/m.test(inside(init, "-n", "busybox", "nslookup", "lab.test", "10.97.0.3").stdout))
    await eventually(() => told("dhcp").includes("DHCP, IP range 10.97.0.100"))
    expectConverged(sandbox, file)
    expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
    expectSameTraces(readTraces(sandbox), before)
  },
  ["nginx", "dnsmasq", "busybox"],
)

scenario("the containers of the hello stack ping each other by themselves", async (sandbox) => {
  expectStatus(sandbox.stack(["apply", "-y", "-f", `${ROOT}stacks/hello/stack.yaml`]), 0)
  const { init } = live(sandbox, "hello", "alice")
  assert.ok(pings(init, "10.77.0.3"))
  assert.is(inside(init, "-u", "hostname").stdout.trim(), "alice")
  const heard = () => ["alice", "bob"].every((name) => / bytes from /.test(sandbox.stack(["logs", "-p", "hello", name]).stdout))
  for (let tries = 0; tries < 20 && !heard(); tries++) await new Promise((resolve) => setTimeout(resolve, 500))
  assert.ok(heard(), sandbox.stack(["logs", "-p", "hello", "alice"]).stdout)
})

test.run()
