import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Plugin } from "esbuild"
import { build } from "esbuild"
import { generateSchema } from "./schema.ts"
import { generateValidator } from "./validator.ts"
import { warmAll } from "./warm.ts"
import { weakPoints } from "./weak-points.ts"

/**
 * dist/: `stack.js`, which starts `bundle.cjs` out of `bundle.cjs.COMMAND.cache`, `libraries.cjs`, and the native library and programs. It is
 * CommonJS, because that starts faster and because V8's code cache is for scripts. With `--faults` the same into dist-faults/, by an
 * entry of its own and with native parts of its own, for the tests alone: docs/faults.md.
 */
const root = fileURLToPath(new URL("..", import.meta.url))
const faults = process.argv.includes("--faults")
const dist = `${root}${faults ? "dist-faults" : "dist"}`
const entry = faults ? "entry-with-faults" : "entry"
const native = `${root}native/build/${faults ? "faults/" : ""}`

/** commander imports it for a way of splitting a program that is not ours; it costs 3 ms of every start. */
const withoutChildProcess: Plugin = {
  name: "without-child-process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes("/commander/") ? { path, namespace: "nothing" } : undefined,
    )
    onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "module.exports = {}" }))
  },
}

/** The bundle is a CommonJS module with a `require` of its own; Node's module that makes one costs every start a millisecond. */
const withoutCreateRequire: Plugin = {
  name: "without-create-require",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:module$/ }, ({ path }) => ({ path, namespace: "own" }))
    onLoad({ filter: /.*/, namespace: "own" }, () => ({ contents: "module.exports = { createRequire: () => ownRequire }" }))
  },
}

/** What most commands do without is in a bundle of its own, `libraries.cjs`, and begins at its first use: it costs every start a millisecond or two. */
const LIBRARIES = ["yaml", "@dagrejs/dagre", "listr2", "ora", "fzstd", "xz-decompress"]

const librariesAtFirstUse: Plugin = {
  name: "libraries-at-first-use",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${LIBRARIES.join("|")})$`) }, ({ path }) => ({ path, namespace: "later" }))
    onLoad({ filter: /.*/, namespace: "later" }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[A-Za-z]\w*$/.test(name))
      const getters = names.map((name) => `get ${name}() { return ownRequire("./libraries.cjs")["${path}"]().${name} }`)
      return { contents: `module.exports = { ${getters.join(", ")} }` }
    })
  },
}

async function bundleLibraries(): Promise<void> {
  const contents = LIBRARIES.map((name) => `exports["${name}"] = () => require("${name}")`).join("\n")
  await build({
    stdin: { contents, resolveDir: root },
    outfile: `${dist}/libraries.cjs`,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
  })
}

async function bundle(): Promise<void> {
  const result = await build({
    entryPoints: [`${root}src/cli/${entry}.ts`],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    // One file: what is imported by `import()` is in it, but is not run before it is asked for.
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "bundleUrl", "import.meta.dirname": "__dirname" },
    external: ["ffi-rs"],
    // Names stay, for the traces of bugs.
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [withoutChildProcess, withoutCreateRequire, librariesAtFirstUse, ...(faults ? [weakPoints] : [])],
    logLevel: "warning",
  })
  const code = result.outputFiles[0]?.text ?? ""
  const head = 'const ownRequire = require, bundleUrl = require("node:url").pathToFileURL(__filename).href;'
  writeFileSync(`${dist}/bundle.cjs`, `(function (exports, require, module, __filename, __dirname) { ${head}\n${code}\n})\n`, "latin1")
}

function install(): void {
  writeFileSync(`${dist}/package.json`, '{ "type": "commonjs" }\n')
  copyFileSync(`${root}build/loader.cjs`, `${dist}/stack.js`)
  chmodSync(`${dist}/stack.js`, 0o755)
  copyFileSync(`${native}libstack.so`, `${dist}/libstack.so`)
  for (const name of ["stack-monitor", "stack-unpack"]) copyFileSync(`${native}${name}`, `${dist}/${name}`)
  for (const name of ["stack-doctor", "stack-rootless", "stack-capture"]) copyFileSync(`${root}native/build/${name}`, `${dist}/${name}`)
  // The root of containers, whose users are not who has built it.
  mkdirSync(`${dist}/resolver`)
  chmodSync(`${dist}/resolver`, 0o755)
  copyFileSync(`${root}native/build/resolver/stack-resolver`, `${dist}/resolver/stack-resolver`)
  chmodSync(`${dist}/resolver/stack-resolver`, 0o755)
}

generateSchema()
generateValidator()
rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
await bundle()
await bundleLibraries()
install()
warmAll(dist)
const size = (file: string) => `${Math.round(readFileSync(`${dist}/${file}`).length / 1024)} KiB`
console.log(`${dist.slice(root.length)}/stack.js: bundle ${size("bundle.cjs")}, code cache of apply ${size("bundle.cjs.apply.cache")}`)
