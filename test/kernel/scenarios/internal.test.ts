import * as assert from "uvu/assert"
import { answering, asked } from "../../support/answerer.ts"
import { apply, expectConverged, expectStatus, inits, inside, planOf, scenario, test, verdicts } from "../../support/lab.ts"

function lab(bridges: string, ports = "[]"): string {
  return `
name: lab
bridges: ${bridges}
containers:
  one: { command: ${answering("one", "80/tcp")}, interfaces: { eth0: { bridge: lan, address: [10.20.0.2/24, "fd20::2/64"], gateway: [10.20.0.1, "fd20::1"] } }, ports: ${ports} }
  two: { command: ${answering("two", "80/tcp")}, interfaces: { eth0: { bridge: dmz, address: [10.21.0.2/24, "fd21::2/64"], gateway: [10.21.0.1, "fd21::1"] } } }
`
}

const bridges = (lan: string, dmz: string) =>
  `{ lan: { address: [10.20.0.1/24, "fd20::1/64"]${lan} }, dmz: { address: [10.21.0.1/24, "fd21::1/64"]${dmz} } }`

scenario(
  "nothing is passed on from an internal bridge or to it; bridges are kept apart by choice, but for what a port publishes",
  (sandbox) => {
    for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) sandbox.run(["sh", "-c", `echo 1 > /proc/sys/net/${name}`])
    const file = sandbox.file("stack.yaml", lab(bridges("", "")))
    const reach = (from: string, address: string, port = 80, patience = 5) =>
      asked((command) => inside(inits(sandbox, "lab")[from] ?? 0, "-n", ...command), address, port, "tcp", patience) !== undefined
    const never = (from: string, address: string) => !reach(from, address, 80, 1)
    const host = (address: string, port = 80) => asked((command) => sandbox.run(command), address, port) !== undefined
    apply(sandbox, file)
    const before = inits(sandbox, "lab")
    assert.equal([reach("one", "10.21.0.2"), reach("two", "10.20.0.2"), reach("two", "fd20::2")], [true, true, true])

    sandbox.file("stack.yaml", lab(bridges(", internal: true", "")))
    assert.equal(verdicts(planOf(sandbox, file)), ["create nat.lan"])
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(
      [never("one", "10.21.0.2"), never("two", "10.20.0.2"), never("two", "fd20::2"), never("one", "fd21::2")],
      [true, true, true, true],
    )
    assert.equal([host("10.20.0.2"), host("fd20::2"), reach("one", "10.20.0.2")], [true, true, true])

    sandbox.file("stack.yaml", lab(bridges(", isolated: true", ""), '["8080:80"]'))
    apply(sandbox, file)
    expectConverged(sandbox, file)
    assert.equal(
      [never("one", "10.21.0.2"), never("two", "10.20.0.2"), never("two", "fd20::2"), never("one", "fd21::2")],
      [true, true, true, true],
    )
    assert.equal([reach("two", "10.20.0.1", 8080), reach("two", "fd20::1", 8080), host("10.20.0.2")], [true, true, true])
    const { stdout } = expectStatus(sandbox.stack(["import", "--live", "-p", "lab"]), 0)
    assert.match(stdout, /isolated: true/)
    expectConverged(sandbox, sandbox.file("spelt.yaml", stdout))

    sandbox.file("stack.yaml", lab(bridges("", "")))
    apply(sandbox, file)
    assert.ok(reach("one", "10.21.0.2"))
    assert.is(sandbox.run(["nft", "list", "ruleset"]).stdout, "")
    assert.equal(inits(sandbox, "lab"), before)
    assert.is(sandbox.run(["cat", "/proc/sys/net/ipv4/ip_forward"]).stdout, "1\n")
  },
  ["nft", "python3"],
)

test.run()
