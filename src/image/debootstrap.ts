import { createHash } from "node:crypto"
import type { Kernel } from "../kernel/kernel.ts"
import type { FoundImage, Recipe } from "./found.ts"
import { imageError } from "./found.ts"
import type { Environment } from "./registry-credentials.ts"

/** dpkg's names for Node's. dpkg-architecture(1) */
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64", ia32: "i386", ppc64: "ppc64el", arm: "armhf" }

/** A template that the distribution's own tool makes: known by its recipe, whatever the archive holds by the day it is made. */
export function findTemplate(kernel: Pick<Kernel, "read" | "list">, suite: string, arch: string): FoundImage {
  const mirror = configuredMirror(kernel)
  if (mirror === undefined)
    throw imageError("no-image", `debootstrap:${suite} needs a mirror, and this host has none`, {
      hint: "name one in /etc/apt/sources.list (sources.list(5))",
    })
  const recipe: Recipe = { suite, mirror, architecture: ARCHITECTURES[arch] ?? arch }
  const digest = createHash("sha256").update(JSON.stringify(recipe)).digest("hex")
  return {
    digest: `sha256:${digest}`,
    config: {},
    layers: [{ id: `root-${digest}`, form: "root", expected: {}, size: 0, from: { recipe } }],
  }
}

/** The first archive of the host's own that is not only for security updates. sources.list(5), both of its forms */
function configuredMirror(kernel: Pick<Kernel, "read" | "list">): string | undefined {
  const parts = kernel.list("/etc/apt/sources.list.d").map((name) => `/etc/apt/sources.list.d/${name}`)
  const files = ["/etc/apt/sources.list", ...parts.filter((path) => /\.(list|sources)$/.test(path))]
  const uris = files.flatMap((path) => {
    const lines = (kernel.read(path) ?? "").split("\n").map((line) => line.trim())
    if (path.endsWith(".sources")) return lines.flatMap((line) => /^URIs:\s*(\S+)/i.exec(line)?.[1] ?? [])
    return lines.flatMap((line) => /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1] ?? [])
  })
  return uris.find((uri) => /^(https?|file):/.test(uri) && !uri.includes("security"))
}

/** What the tools look at: proxies above all. */
const PASSED = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PATH"] as const
const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]

/** Fills the folder. The release's signature is checked with the distribution's keyring. debootstrap(8), mmdebstrap(1) */
export async function makeTemplate(kernel: Kernel, { suite, mirror }: Recipe, folder: string, environment: Environment): Promise<void> {
  const tool = ["debootstrap", "mmdebstrap"].find((name) => FOLDERS.some((path) => kernel.stat(`${path}/${name}`)?.type === "file"))
  if (tool === undefined)
    throw imageError("no-image", `debootstrap:${suite} is made by debootstrap, which this host has not`, {
      hint: "apt install debootstrap",
    })
  const argv = tool === "debootstrap" ? [tool, "--force-check-gpg", suite, folder, mirror] : [tool, suite, folder, mirror]
  const passed = PASSED.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name] as string] as const]))
  const own = { PATH: FOLDERS.join(":"), HOME: "/root", LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" }
  const { status, output } = await kernel.runTool(argv, { ...own, ...Object.fromEntries(passed) })
  if (status === 0) return
  const lines = output.trim().split("\n").slice(-5).join("\n")
  throw imageError("bad-image", `${tool} cannot make ${suite} (exit status ${status})`, {
    detail: lines,
    hint: "check the suite's name, and that the mirror of /etc/apt can be reached",
  })
}
