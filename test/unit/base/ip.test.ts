import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import * as ip from "../../../src/base/ip.ts"

const cidr = (text: string) => ip.parseCidr(text) as ip.Cidr

test("canonical spellings (RFC 5952)", () => {
  const pairs: [string, string | undefined][] = [
    ["::", "::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["10.0.0.1", "10.0.0.1"],
    ["010.0.0.1", undefined],
    ["10.0.0", undefined],
    ["1::2::3", undefined],
    ["12345::", undefined],
    ["1:2:3:4:5:6:7:8:9", undefined],
    ["fe80::1%eth0", undefined],
  ]
  for (const [text, canonical] of pairs) assert.is(ip.canonicalIp(text), canonical, text)
})

test("a formatted address parses to itself", () => {
  const anyIp = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): ip.Ip => ({ family: 4, value })),
    fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value): ip.Ip => ({ family: 6, value })),
  )
  fc.assert(fc.property(anyIp, (address) => assert.equal(ip.parseIp(ip.formatIp(address)), address)))
})

test("any text either parses to an address that is spelt one way, or not at all", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const canonical = ip.canonicalIp(text)
      assert.is(canonical === undefined || ip.canonicalIp(canonical) === canonical, true)
    }),
  )
})

test("networks", () => {
  const net = cidr("10.1.2.3/24")
  assert.is(ip.formatCidr(ip.networkOf(net)), "10.1.2.0/24")
  assert.is(ip.formatIp(ip.lastOf(net)), "10.1.2.255")
  assert.is(ip.hostCount(net), 254n)
  assert.is(ip.formatIp(ip.nthAddress(net, 0n)), "10.1.2.1")
  assert.is(ip.hostCount(cidr("10.0.0.0/31")), 2n)
  assert.is(ip.formatIp(ip.nthAddress(cidr("10.0.0.0/31"), 0n)), "10.0.0.0")
  assert.is(ip.formatIp(ip.nthAddress(cidr("fd20::/64"), 0n)), "fd20::1")
  assert.ok(ip.contains(net, ip.parseIp("10.1.2.77") as ip.Ip))
  assert.not.ok(ip.contains(net, ip.parseIp("10.1.3.1") as ip.Ip))
  assert.not.ok(ip.contains(net, ip.parseIp("::1") as ip.Ip))
  assert.ok(ip.overlaps(cidr("10.0.0.0/8"), net))
  assert.not.ok(ip.overlaps(cidr("10.2.0.0/16"), net))
})

test("a prefix length must be there and fit", () => {
  for (const text of ["10.0.0.1", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/024", "::/129", "/24"])
    assert.is(ip.parseCidr(text), undefined, text)
})

test.run()
