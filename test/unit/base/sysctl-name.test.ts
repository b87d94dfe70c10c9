import { test } from "uvu"
import * as assert from "uvu/assert"
import { sysctlName, sysctlPath } from "../../../src/base/sysctl-name.ts"

test("the first separator says whether dots or slashes part the words of a name", () => {
  for (const [written, name] of [
    ["net.ipv4.ip_forward", "net.ipv4.ip_forward"],
    ["net/ipv4/ip_forward", "net.ipv4.ip_forward"],
    ["net.ipv4.conf.eth0/10.forwarding", "net.ipv4.conf.eth0/10.forwarding"],
    ["net/ipv4/conf/eth0.10/forwarding", "net.ipv4.conf.eth0/10.forwarding"],
    ["", ""],
    ["kernel", "kernel"],
  ] as const) {
    assert.is(sysctlName(written), name, written)
    assert.is(sysctlName(name), name, "a name has one spelling")
  }
})

test("a name is a file below /proc/sys, with dots where it has slashes", () => {
  assert.is(sysctlPath("net.ipv4.ip_forward"), "/proc/sys/net/ipv4/ip_forward")
  assert.is(sysctlPath("net.ipv4.conf.eth0/10.forwarding"), "/proc/sys/net/ipv4/conf/eth0.10/forwarding")
})

test.run()
