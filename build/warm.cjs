"use strict"
// Makes the bundle's code cache: the commands that should start fast are run once, without saying anything, so that V8
// has compiled what they need, and what it then knows is kept. Changes nothing but the cache.
const { mkdtempSync, rmSync, writeFileSync } = require("node:fs")
const { tmpdir } = require("node:os")
const { join } = require("node:path")

const [dist] = process.argv.slice(2)
const { script, bundle } = require(join(dist, "stack.js"))

const EXAMPLE = `
name: warm
bridges:
  lan: { address: 10.255.255.1/24 }
cgroups:
  tier: { limits: { memory: 1G } }
containers:
  a:
    image: host
    command: [sleep, infinity]
    cgroup: tier
    limits: { memory: 64M, pids: 64, cpus: 0.5 }
    interfaces: { eth0: { bridge: lan, address: auto, gateway: 10.255.255.1 } }
  b:
    image: host
    command: sleep infinity
    environment: { A: b }
    idmap: { uid: ["0 100000 65536"], gid: ["0 100000 65536"] }
    interfaces: { eth0: { bridge: lan, address: 10.255.255.3/24 } }
    depends_on: [a]
    replicas: 2
`

const COMMANDS = [["validate"], ["plan"], ["plan", "--json"], ["show"], ["show", "--json"]]

async function warm() {
  const folder = mkdtempSync(join(tmpdir(), "stack-build-"))
  const silent = { write: () => undefined, terminal: false, color: false, closed: false }
  try {
    writeFileSync(join(folder, "stack.yaml"), EXAMPLE)
    for (const command of COMMANDS) await bundle.main(command, { cwd: folder, environment: {}, out: silent, err: silent, sources: new Map() })
  } finally {
    rmSync(folder, { recursive: true })
  }
  writeFileSync(join(dist, "bundle.cjs.cache"), script.createCachedData())
}

warm()
