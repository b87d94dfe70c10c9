/** What bridges and their ports are set to, changed on a running lab, and looked at with bridge(8). */
import { readFileSync } from "node:fs"
import * as assert from "uvu/assert"
import { again, lab, ping, turn } from "../../support/bridge-lab.ts"
import { apply, expectConverged, expectStatus, planOf, scenario, test, verdicts } from "../../support/lab.ts"

scenario("options of a bridge and its ports are made with them, changed in place and taken back", (sandbox) => {
  const options = "stp: true, priority: 100, forward_delay: 2, hello_time: 1, max_age: 6, group_fwd_mask: 0x4000, mcast_snooping: false"
  const port = "host_end: { isolated: true, root_block: true, cost: 100, guard: true }"
  const file = sandbox.file("stack.yaml", lab(options, port, "host_end: { isolated: true }"))
  apply(sandbox, file)
  expectConverged(sandbox, file)
  again(sandbox)
  assert.match(readFileSync(`${sandbox.work}/again.yaml`, "utf8"), "isolated: true")
  const data = () => JSON.parse(sandbox.run(["ip", "-j", "-d", "link", "show", "lab-lan"]).stdout)[0].linkinfo.info_data
  const { stp_state, priority, forward_delay, hello_time, max_age, mcast_snooping } = data()
  assert.equal([stp_state, priority, forward_delay, hello_time, max_age, mcast_snooping], [1, 100, 200, 100, 600, 0])
  const slave = () => JSON.parse(sandbox.run(["ip", "-j", "-d", "link", "show", "lab-web-eth0"]).stdout)[0].linkinfo.info_slave_data
  assert.equal([slave().isolated, slave().root_block, slave().cost, slave().guard], [true, true, 100, true])
  turn(sandbox, lab("forward_delay: 0", "", "host_end: { isolated: true }"), ["update bridge.lan", "update interface.web.eth0"])
  assert.equal([data().stp_state, data().forward_delay, data().priority, data().group_fwd_mask], [0, 0, 0x8000, "0"])
  assert.equal([slave().isolated, slave().cost], [false, 2])
  expectStatus(sandbox.stack(["destroy", "-y", "-f", file]), 0)
})

scenario("isolated ports reach the bridge, and not each other", (sandbox) => {
  const isolated = "host_end: { isolated: true }"
  const file = sandbox.file("stack.yaml", lab("", isolated, isolated))
  apply(sandbox, file)
  assert.equal([ping(sandbox, "web", "10.20.0.1"), ping(sandbox, "web", "10.20.0.3")], [0, 1])
  turn(sandbox, lab("", isolated, ""), ["update interface.db.eth0"])
  assert.is(ping(sandbox, "web", "10.20.0.3"), 0)
})

scenario(
  "a port that somebody shuts is drift, and opened again, also beside a spanning tree; what that decides, or where nothing is at its other end, is none",
  (sandbox) => {
    // With a delay a port goes on to forward by itself from two of its states, for as long after it came.
    const file = sandbox.file("stack.yaml", lab("forward_delay: 0", "", ""))
    apply(sandbox, file)
    const shown = () => JSON.parse(sandbox.run(["bridge", "-j", "link", "show", "dev", "lab-web-eth0"]).stdout)[0].state
    for (const [state, word] of ["disabled", "listening", "learning"].entries()) {
      expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", String(state)]), 0)
      assert.is(ping(sandbox, "web", "10.20.0.1"), 1, word)
      const plan = planOf(sandbox, file)
      assert.equal(verdicts(plan), ["update interface.web.eth0"])
      assert.equal((plan.drift as { fields: object }[])[0]?.fields, [{ path: "host_end.state", before: word, after: "forwarding" }])
      apply(sandbox, file)
      expectConverged(sandbox, file)
      assert.is(shown(), "forwarding")
      assert.is(ping(sandbox, "web", "10.20.0.1"), 0, word)
    }
    turn(sandbox, lab("", "up: false", ""), ["update bridge.lan", "update interface.web.eth0"])
    assert.is(shown(), "disabled")
    turn(sandbox, lab("", "", ""), ["update interface.web.eth0"])
    // Shut while a spanning tree comes, and while there is one: it is that one's again.
    expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
    const tree = lab("stp: true, forward_delay: 2", "", "")
    turn(sandbox, tree, ["update bridge.lan", "update interface.web.eth0"])
    assert.is.not(shown(), "disabled")
    turn(sandbox, lab("forward_delay: 0", "", ""), ["update bridge.lan"])
    expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
    expectStatus(sandbox.run(["ip", "link", "set", "lab-lan", "type", "bridge", "forward_delay", "200", "stp_state", "1"]), 0)
    turn(sandbox, tree, ["update interface.web.eth0"])
    assert.is.not(shown(), "disabled")
  },
)

scenario("what an apply that fails undoes is not that it has opened a port", (sandbox) => {
  const file = sandbox.file("stack.yaml", lab("", "", ""))
  apply(sandbox, file)
  expectStatus(sandbox.run(["bridge", "link", "set", "dev", "lab-web-eth0", "state", "0"]), 0)
  const refused = "    sysctls: { net.ipv4.ip_local_port_range: abc }\n    interfaces: { eth0: { bridge: lan, address: 10.20.0.3"
  sandbox.file("stack.yaml", lab("", "", "").replace("    interfaces: { eth0: { bridge: lan, address: 10.20.0.3", refused))
  const { stderr } = expectStatus(sandbox.stack(["apply", "-y", "--atomic", "-f", file]), 1)
  assert.match(stderr, /Undone: all is as it was before\./)
  sandbox.file("stack.yaml", lab("", "", ""))
  expectConverged(sandbox, file)
})

test.run()
