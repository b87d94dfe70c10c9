import { existsSync, readdirSync, statSync } from "node:fs"

const SOURCES = ["src", "build", "native", "schema", "package.json"]
const NATIVE = ["native/build/libstack.so", "native/build/stack-monitor", "native/build/stack-doctor", "native/build/stack-rootless"]

/**
 * True where a product of the build is not there, or the bundle, which every build writes anew, is older than a source. `dist`: its folder,
 * `dist-faults` for the build for tests.
 */
export function isStale(root: string, dist = "dist"): boolean {
  const bundle = `${dist}/stack.js`
  if (![bundle, ...NATIVE].every((path) => existsSync(`${root}/${path}`))) return true
  const built = statSync(`${root}/${bundle}`).mtimeMs
  return SOURCES.some((path) => newest(root, path) > built)
}

function newest(root: string, path: string): number {
  if (path === "native/build" || path.includes("/generated")) return 0
  const status = statSync(`${root}/${path}`, { throwIfNoEntry: false })
  if (status === undefined) return 0
  if (!status.isDirectory()) return status.mtimeMs
  return Math.max(0, ...readdirSync(`${root}/${path}`).map((name) => newest(root, `${path}/${name}`)))
}
