#!/bin/sh
":" //; exec node --no-opt --no-sparkplug "$0" "$@"
"use strict"
// For the shell the second line is a command, for Node a text: there is no other way to give flags to Node that every `env` knows.
// A command lives for a tenth of a second: to compile its functions for a second time costs more than it saves. docs/performance.md
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

// As `node dist/stack.js`: the code cache counts only with the flags that it was made with.
if (!process.execArgv.includes("--no-opt")) {
  const { setFlagsFromString } = require("node:v8")
  setFlagsFromString("--no-opt")
  setFlagsFromString("--no-sparkplug")
}

const file = join(__dirname, "bundle.cjs")
const command = ["plan", "apply", "destroy"].find((name) => process.argv.includes(name)) ?? "other"
const script = new Script(readFileSync(file, "latin1"), { filename: file, cachedData: cached(`${file}.${command}.cache`) })
const bundle = { exports: {} }
script.runInThisContext()(bundle.exports, require, bundle, file, __dirname)
module.exports = { script, bundle: bundle.exports }
if (require.main === module) void bundle.exports.start()
