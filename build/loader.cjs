#!/usr/bin/env node
"use strict"
// Starts the bundle beside it out of V8's code cache: without compiling what is known already. There is one for each command that
// counts (build/warm.ts); a wrong guess costs some milliseconds. A cache of another version of Node is refused by V8, and then
// everything is compiled as it is needed.
const { readFileSync } = require("node:fs")
const { join } = require("node:path")
const { Script } = require("node:vm")

function cached(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

const file = join(__dirname, "bundle.cjs")
const command = ["plan", "apply", "destroy"].find((name) => process.argv.includes(name)) ?? "other"
const script = new Script(readFileSync(file, "latin1"), { filename: file, cachedData: cached(`${file}.${command}.cache`) })
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, require, bundle, file, __dirname)
module.exports = { script, bundle: bundle.exports }
if (require.main === module) void bundle.exports.start()
