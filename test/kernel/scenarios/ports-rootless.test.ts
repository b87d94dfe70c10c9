import * as assert from "uvu/assert"
import { answering, asked } from "../../support/answerer.ts"
import { expectStatus, inits, inside, scenario, test, titleOf } from "../../support/lab.ts"
import { ordinaryUser } from "../../support/ordinary.ts"

const LAB = `
name: lab
bridges: { lan: { address: 10.20.0.1/24 } }
containers:
  web: { command: ${answering("web", "80/tcp")}, interfaces: { eth0: { bridge: lan, address: 10.20.0.2/24, gateway: 10.20.0.1 } }, ports: ["8080:80"] }
`

scenario(
  "an ordinary user's ports are published in its own network, which is told, and nowhere else",
  (sandbox) => {
    const user = ordinaryUser(sandbox)
    const file = sandbox.file("stack.yaml", LAB)
    const applied = expectStatus(user.stack(["apply", "-y", "-f", file]), 0)
    assert.match(applied.stderr, "warning: the ports of nat.lan are published in this user's own network only")
    assert.match(expectStatus(user.stack(["plan", "--detailed-exitcode", "-f", file]), 0).stdout, "No changes.")
    const { web = 0 } = inits(sandbox, "lab")
    assert.is(
      asked((command) => inside(web, "-n", ...command), "10.20.0.1", 8080),
      "web 10.20.0.1 80",
    )
    const holder = sandbox.processes().find((pid) => /^stack-(?!monitor)/.test(titleOf(pid)))
    assert.ok(holder !== undefined, "no holder of the user's network")
    assert.is(
      asked((command) => inside(holder, "-n", ...command), "127.0.0.1", 8080),
      "web 10.20.0.1 80",
    )
    assert.is(
      asked((command) => sandbox.run(command), "127.0.0.1", 8080),
      undefined,
    )
    assert.is(sandbox.run(["nft", "list", "ruleset"]).stdout, "")
    expectStatus(user.stack(["destroy", "-y", "-f", file]), 0)
  },
  ["setpriv", "newuidmap", "newgidmap", "python3", "nft"],
)

test.run()
