import type { Kernel, NetNs, KernelError as Refusal, WireGuardChange, WireGuardPeer } from "../../kernel/kernel.ts"
import { KernelError } from "../../kernel/kernel.ts"
import type { Run, Scope } from "../../model/driver.ts"
import type { Attributes, Value } from "../../model/resource.ts"
import type { Step } from "../../model/step.ts"
import type { Variables } from "../container/given.ts"
import { contentOf } from "../container/given.ts"
import type { InterfaceAttributes, OneEndedAttributes } from "./spec.ts"
import type { KeySpec, WireGuardPeerSpec, WireGuardSpec } from "./spec-wireguard.ts"
import { parseWireGuardKey } from "./spec-wireguard.ts"

const NOTHING: WireGuardSpec = { peers: {} }

/** The key that a source holds now; undefined where it holds none. */
export function keyIn(kernel: Kernel, source: KeySpec, variables: Variables): Uint8Array | undefined {
  const bytes = contentOf(kernel, source, variables)
  return bytes === undefined ? undefined : parseWireGuardKey(Buffer.from(bytes).toString("latin1"))
}

// ------------------------------------------------------------------ observe

/** What a link of WireGuard is told, as the kernel has it. Keys are only compared with those that the file names. */
export function observedWireGuard(scope: Scope, container: string, address: string, index: number): Attributes {
  const netns = scope.monitors.get(container.slice("container.".length))?.netns
  if (netns === undefined) return {}
  const wanted = (scope.resource(address)?.attributes as unknown as InterfaceAttributes | undefined)?.wireguard
  const device = scope.kernel.wireGuard(netns, index)
  const compared = (key: Uint8Array | undefined, source: KeySpec | undefined, isPrivate = false) =>
    key === undefined
      ? undefined
      : { ...source, content: isIt(scope, key, source, isPrivate) ? ("current" as const) : ("another" as const) }
  const privateKey = compared(device.privateKey, wanted?.private_key, true)
  const peers = device.peers.map((peer): [string, WireGuardPeerSpec] => {
    const preshared = compared(peer.presharedKey, wanted?.peers[peer.publicKey]?.preshared_key)
    return [peer.publicKey, peerSpec(peer, preshared)]
  })
  const found: WireGuardSpec = {
    ...(privateKey === undefined ? {} : { private_key: privateKey }),
    ...(device.listenPort === 0 ? {} : { listen_port: device.listenPort }),
    peers: Object.fromEntries(peers.sort(([a], [b]) => (a < b ? -1 : 1))),
  }
  return { wireguard: found as unknown as Value }
}

function peerSpec({ endpoint, allowedIps, keepalive }: WireGuardPeer, preshared: KeySpec | undefined): WireGuardPeerSpec {
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    allowed_ips: [...allowedIps].sort(),
    ...(keepalive === undefined ? {} : { keepalive }),
    ...(preshared === undefined ? {} : { preshared_key: preshared }),
  }
}

function isIt(scope: Scope, live: Uint8Array, source: KeySpec | undefined, isPrivate: boolean): boolean {
  const wanted = source === undefined ? undefined : keyIn(scope.kernel, source, scope.desired.variables)
  return wanted !== undefined && Buffer.compare(isPrivate ? clamped(wanted) : wanted, live) === 0
}

/** As the kernel keeps a private key: curve25519_clamp_secret(). RFC 7748, 5 */
function clamped(key: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(key)
  copy[0] = (copy[0] as number) & 248
  copy[31] = ((copy[31] as number) & 127) | 64
  return copy
}

// -------------------------------------------------------------------- apply

/** What a step changes of a link of WireGuard that is there; nothing for any other link, or where nothing differs. */
export function setWireGuard({ change }: Step, run: Run, netns: NetNs, link: number | string): Refusal | null {
  const want = (change.after as unknown as OneEndedAttributes).wireguard
  // A link that is being made has nothing yet, whatever stood in its place.
  const have = change.action === "update" ? (change.before as unknown as OneEndedAttributes).wireguard : undefined
  if (want === undefined || (change.action === "update" && !change.fields.some(({ path }) => path.startsWith("wireguard.")))) return null
  try {
    run.kernel.setWireGuard(netns, link, changeOf(have ?? NOTHING, want, run))
    return null
  } catch (failure) {
    if (failure instanceof KernelError) return failure
    throw failure
  }
}

function changeOf(have: WireGuardSpec, want: WireGuardSpec, run: Run): WireGuardChange {
  const key = isSet(have.private_key, want.private_key) ? undefined : want.private_key
  const peers = Object.entries(want.peers).filter(([name, peer]) => JSON.stringify(peer) !== JSON.stringify(have.peers[name]))
  return {
    ...(key === undefined ? {} : { privateKey: needed(run, key) }),
    ...(want.listen_port === undefined || want.listen_port === have.listen_port ? {} : { listenPort: want.listen_port }),
    peers: peers.map(([name, peer]) => peerOf(name, have.peers[name], peer, run)),
    removed: Object.keys(have.peers).filter((name) => !Object.hasOwn(want.peers, name)),
  }
}

function isSet(have: KeySpec | undefined, want: KeySpec | undefined): boolean {
  return want === undefined || have?.content === "current"
}

const NO_KEY = new Uint8Array(32)

function peerOf(publicKey: string, have: WireGuardPeerSpec | undefined, want: WireGuardPeerSpec, run: Run): WireGuardPeer {
  const { endpoint, allowed_ips, keepalive, preshared_key: key } = want
  const gone = key === undefined && have?.preshared_key !== undefined
  return {
    publicKey,
    ...(endpoint === undefined ? {} : { endpoint }),
    allowedIps: allowed_ips,
    ...(keepalive === undefined ? (have?.keepalive === undefined ? {} : { keepalive: 0 }) : { keepalive }),
    ...(gone ? { presharedKey: NO_KEY } : isSet(have?.preshared_key, key) ? {} : { presharedKey: needed(run, key as KeySpec) }),
  }
}

/** The plan has looked: it was there, and a key. */
function needed(run: Run, source: KeySpec): Uint8Array {
  const key = keyIn(run.kernel, source, run.desired.variables)
  if (key === undefined) throw new KernelError(`read the secret ${source.name}`, "ENOENT", "it is not there any more, or no key")
  return key
}
