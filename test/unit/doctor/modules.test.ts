import { test } from "uvu"
import * as assert from "uvu/assert"
import { kernelChecks, kernelRequests } from "../../../src/doctor/kernel.ts"
import type { Kernel } from "../../../src/kernel/kernel.ts"
import { unloadedModules } from "../../../src/observe/modules.ts"

/** A kernel whose disk holds these modules. */
function withModules(dep: string, loaded: string[]): Kernel {
  const files: { [path: string]: string } = { "/proc/sys/kernel/osrelease": "6.1.0\n", "/lib/modules/6.1.0/modules.dep": dep }
  return { read: (path: string) => files[path] ?? null, list: () => loaded } as unknown as Kernel
}

const DEP = `kernel/drivers/net/veth.ko.xz:
kernel/drivers/net/vrf.ko:
kernel/net/8021q/8021q.ko.zst: kernel/net/802/mrp.ko.zst
kernel/net/sched/sch-netem.ko:
`

test("a module that is on the disk and not loaded is found by its file, whatever packs it", () => {
  assert.equal([...unloadedModules(withModules(DEP, ["veth"]))].sort(), ["8021q", "sch_netem", "vrf"])
  assert.equal([...unloadedModules(withModules("", []))], [])
})

test("what a module would be loaded for is not tried, and told so", () => {
  const unloaded = unloadedModules(withModules(DEP, ["veth", "8021q"]))
  const requests = kernelRequests(unloaded)
  assert.not.ok(requests.includes("link:vrf"))
  assert.not.ok(requests.includes("qdisc:netem"))
  for (const id of ["link:veth", "link:vlan", "link:bridge"]) assert.ok(requests.includes(id), id)
  const [vrf] = kernelChecks(new Map(), unloaded).filter(({ id }) => id === "link:vrf")
  assert.is(vrf?.state, "loads")
  assert.is(vrf?.fix, "")
})

test("a refusal has the kernel's words, and a fix that fits the errno", () => {
  const tried = (errno: string, text: string, inUserNamespace = false) => ({ errno, text, inUserNamespace })
  const checks = kernelChecks(
    new Map([
      ["link:dummy", tried("EOPNOTSUPP", "Unknown device type")],
      ["namespace:net", tried("ENOSPC", "")],
      ["link:bridge", tried("EPERM", "", true)],
      ["link:veth", tried("", "", true)],
    ]),
    new Set(),
  )
  const [dummy, net, bridge, veth] = ["link:dummy", "namespace:net", "link:bridge", "link:veth"].map((id) =>
    checks.find((one) => one.id === id),
  )
  assert.is(dummy?.detail, "EOPNOTSUPP: Unknown device type")
  assert.match(dummy?.fix ?? "", "CONFIG_DUMMY")
  assert.is(net?.fix, "sysctl -w user.max_net_namespaces=15000")
  assert.match(bridge?.fix ?? "", "run it as root")
  assert.is(veth?.state, "user")
})

test.run()
