import { test } from "uvu"
import * as assert from "uvu/assert"
import { openFfi } from "../../src/kernel/ffi.ts"
import { openFiles } from "../../src/kernel/files.ts"
import { NAMESPACE_FILES, namespacePaths } from "../../src/kinds/container/namespaces.ts"
import type { LiveMonitor, Scope } from "../../src/model/driver.ts"
import { needsIp, net, prepareNamespaces } from "./netlink-lab.ts"
import { inOwnNamespaces } from "./own-namespaces.ts"

const files = openFiles(openFfi())

if (inOwnNamespaces(import.meta.url)) {
  prepareNamespaces()

  // A plan once took a container's network namespace for the host's: its links were being read while a thread read whose they are.
  needsIp("which namespaces are the command's own is read while it visits another", () => {
    const kernel = files as unknown as Scope["kernel"]
    const paths = namespacePaths({ kernel, monitors: new Map<string, LiveMonitor>() })
    assert.is(paths.length, NAMESPACE_FILES.length)
    const own = files.readMany(paths)
    assert.is(own.includes(null), false)
    const many = Array.from({ length: 100 }, () => paths).flat()
    for (let i = 0; i < 50; i++) {
      const beside = files.readBeside(many)
      for (let k = 0; k < 5; k++) net.net("/run/netns/web", [{ op: "link-set", link: "lo", up: true }])
      const texts = beside()
      for (let at = 0; at < texts.length; at += own.length) assert.equal(texts.slice(at, at + own.length), own)
    }
  })
  test.run()
}
