import * as fc from "fast-check"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { hash32, hash64, shortened } from "../../../src/base/hash.ts"
import { deriveMac, parseMac } from "../../../src/base/mac.ts"
import { nearest } from "../../../src/base/nearest.ts"
import { formatSize, parseSize } from "../../../src/base/size.ts"

test("the nearest word, or none", () => {
  assert.is(nearest("comand", ["command", "entrypoint"]), "command")
  assert.is(nearest("adress", ["gateway", "address"]), "address")
  assert.is(nearest("lna", ["lan", "wan"]), "lan")
  assert.is(nearest("volumes", ["bridges", "veths"]), undefined)
  assert.is(nearest("x", []), undefined)
})

test("a short name stays; a long one keeps its beginning and its identity", () => {
  assert.is(shortened("lab-lan", 15), "lab-lan")
  fc.assert(fc.property(fc.string({ minLength: 16 }), (name) => assert.is(shortened(name, 15).length, 15)))
  assert.is.not(shortened("laboratory-bridge-1", 15), shortened("laboratory-bridge-2", 15))
})

test("hashes are the same on every machine: link groups and MAC addresses of running stacks hang on them", () => {
  assert.is(hash64("a"), "1a80b1b32e2ac387")
  assert.is(hash64("a").slice(0, 8), hash32("a").toString(16).padStart(8, "0"))
  assert.is(deriveMac("x"), "02:75:e9:44:13:40")
})

test("MAC addresses: unicast, canonical", () => {
  assert.is(parseMac("02-0-0-0-0-1"), "02:00:00:00:00:01")
  assert.is(parseMac("02:00:00:00:00:AB"), "02:00:00:00:00:ab")
  for (const text of ["01:00:5e:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00", "zz:00:00:00:00:00"])
    assert.is(parseMac(text), undefined, text)
})

test("sizes", () => {
  assert.is(parseSize("64M"), 67108864)
  assert.is(parseSize("64MiB"), 67108864)
  assert.is(parseSize("1.5g"), 1610612736)
  assert.is(parseSize(4096), 4096)
  for (const text of ["", "M", "-1", "1 M B", "64X", "9999999P", "1e3"]) assert.is(parseSize(text), undefined, text)
  fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.is(parseSize(formatSize(bytes)), bytes)))
})

test.run()
