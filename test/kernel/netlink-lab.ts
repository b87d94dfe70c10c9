import { execFileSync } from "node:child_process"
import { test } from "uvu"
import * as assert from "uvu/assert"
import { openFfi } from "../../src/kernel/ffi.ts"
import type { NetRequest } from "../../src/kernel/kernel.ts"
import { openNet } from "../../src/kernel/netlink/net.ts"
import { missing, testsUnless } from "../support/skip.ts"

export const net = openNet(openFfi())

// biome-ignore lint/suspicious/noExplicitAny: iproute2's JSON, looked at field by field
export function ip(...args: string[]): any {
  const text = execFileSync("ip", ["-j", "-d", ...args], { encoding: "utf8", maxBuffer: 1 << 28 })
  return text === "" ? [] : JSON.parse(text)
}

export function shell(text: string): void {
  execFileSync("ip", ["-batch", "-"], { input: text })
}

export function sendAll(requests: readonly NetRequest[], ns = "host"): (string | null)[] {
  return net.net(ns, requests).map((error) => error?.message ?? null)
}

/** Sends what the kernel must take. */
export function done(requests: readonly NetRequest[], ns = "host"): void {
  assert.equal(
    sendAll(requests, ns).filter((error) => error !== null),
    [],
  )
}

export function bridge(name: string, more: Partial<NetRequest & { op: "bridge-add" }> = {}): NetRequest {
  return { op: "bridge-add", name, group: 7, up: true, bridge: {}, ...more }
}

export const needsIp = testsUnless(missing("ip", "ping"))

/** Two empty network namespaces, `web` and `db`, beside the test's own; what has group 7 goes after each test. */
export function prepareNamespaces(): void {
  test.before(() => {
    execFileSync("mount", ["-t", "tmpfs", "none", "/run"])
    shell("netns add web\nnetns add db\nlink set lo up\n")
  })
  test.after.each(() => {
    sendAll([{ op: "group-delete", group: 7 }])
  })
}
