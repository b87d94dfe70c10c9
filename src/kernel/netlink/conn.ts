import { errnoName, errnoOf } from "../errno.ts"
import type { NetNs } from "../kernel.ts"
import { KernelError } from "../kernel.ts"
import type { WhenReadable } from "../poller.ts"

/** What of libstack.so moves netlink's bytes; each gives a number >= 0 or -errno. */
export interface NetlinkCalls {
  nlOpen(rcvbuf: number): number
  /** The same of NETLINK_NETFILTER. */
  nlOpenNetfilter(rcvbuf: number): number
  nlOpenIn(nsPath: string, rcvbuf: number): number
  /** Of NETLINK_GENERIC; "": of this namespace. */
  nlOpenGenericIn(nsPath: string, rcvbuf: number): number
  /** Sends requests numbered consecutively, and gathers all their answers in `out`: the bytes received. */
  nlTransact(fd: number, request: Uint8Array, out: Uint8Array, timeoutMs: number): number
  nlCookie(fd: number, out: Uint8Array): number
  nlBegin(fd: number, request: Uint8Array, room: number, timeoutMs: number): number
  nlEnd(done: number, out: Uint8Array): number
  open(path: string, flags: number, mode: number): number
  close(fd: number): number
}

/** Room for the answers to a full batch, each of which the kernel charges with more than its length. */
export const RECEIVE_BUFFER = 1 << 20
/** A deletion of a thousand links takes the kernel seconds. */
export const TIMEOUT_MS = 60_000
const FIRST_OUT = 256 * 1024
const LARGEST_OUT = 256 * 1024 * 1024
const O_RDONLY_CLOEXEC = 0o2000000
/** The namespace of this thread, as an nsfs file. */
const OWN_NAMESPACE = "/proc/thread-self/ns/net"

/** Sockets by namespace. The host's is kept; one in another namespace would keep that alive, so it lasts one use. */
export class Connections {
  readonly #calls: NetlinkCalls
  #host: Connection | undefined
  #out: Buffer = Buffer.allocUnsafeSlow(FIRST_OUT)
  #sequence = 1

  constructor(calls: NetlinkCalls) {
    this.#calls = calls
  }

  /** Opens (or takes) a socket in `ns` for the time of `body`. Throws KernelError where there is no such namespace. */
  use<T>(ns: NetNs, body: (connection: Connection) => T): T {
    const connection = this.take(ns)
    try {
      return body(connection)
    } finally {
      this.release(connection)
    }
  }

  /** To be given back by `release`. */
  take(ns: NetNs): Connection {
    if (ns !== "host") return this.own(ns)
    this.#host ??= this.own(ns)
    return this.#host
  }

  /** For one caller alone, for as long as it likes; to be given back, too. */
  own(ns: NetNs): Connection {
    return new Connection(this, this.#calls, ns)
  }

  release(connection: Connection): void {
    if (connection !== this.#host) connection.close()
  }

  /** An open descriptor of a namespace's file. Throws KernelError. */
  openNamespace(ns: NetNs): number {
    const path = ns === "host" ? OWN_NAMESPACE : ns
    return checked(`open ${path}`, this.#calls.open(path, O_RDONLY_CLOEXEC, 0))
  }

  closeDescriptor(fd: number): void {
    this.#calls.close(fd)
  }

  /** The first of `count` sequence numbers in a row; they wrap at 2^32. */
  claim(count: number): number {
    const first = this.#sequence
    this.#sequence = (first + count) >>> 0
    return first
  }

  /** Where answers are received, for all sockets: what is read is decoded before the next one needs it. */
  get out(): Buffer {
    return this.#out
  }

  /** Four times the room for answers; false where there is enough for any namespace already. */
  grow(): boolean {
    if (this.#out.length >= LARGEST_OUT) return false
    this.#out = Buffer.allocUnsafeSlow(this.#out.length * 4)
    return true
  }
}

/** A socket in one network namespace, opened at its first use. */
export class Connection {
  readonly shared: Connections
  readonly ns: NetNs
  readonly #calls: NetlinkCalls
  #fd = -1

  constructor(shared: Connections, calls: NetlinkCalls, ns: NetNs) {
    this.shared = shared
    this.ns = ns
    this.#calls = calls
  }

  /**
   * One send, and all its answers: valid until the next transact of any connection. A negative errno where sending or
   * receiving failed; the socket, in which answers may be left, is then closed, and the next call opens another.
   * Throws KernelError where no socket can be opened.
   */
  transact(request: Uint8Array): Buffer | number {
    if (this.#fd < 0) this.#fd = this.#open()
    const received = this.#calls.nlTransact(this.#fd, request, this.shared.out, TIMEOUT_MS)
    if (received >= 0) return this.shared.out.subarray(0, received)
    this.close()
    return received
  }

  /** The same while the caller goes on. The answers are a buffer of their own. */
  async transactLater(request: Uint8Array, readable: WhenReadable): Promise<Buffer | number> {
    if (this.#fd < 0) this.#fd = this.#open()
    const room = this.shared.out.length
    const done = this.#calls.nlBegin(this.#fd, request, room, TIMEOUT_MS)
    // So many are under way that one more would gain nothing.
    if (done === -errnoOf("EAGAIN")) return kept(this.transact(request))
    if (done >= 0) await readable(done)
    const out = room <= this.shared.out.length ? this.shared.out : Buffer.allocUnsafeSlow(room)
    const received = done < 0 ? done : this.#calls.nlEnd(done, out)
    if (received >= 0) return kept(out.subarray(0, received))
    this.close()
    return received
  }

  /** The number that no other network namespace of this boot has; "" where the kernel is too old to tell. */
  cookie(): string {
    if (this.#fd < 0) this.#fd = this.#open()
    const out = Buffer.alloc(8)
    return this.#calls.nlCookie(this.#fd, out) < 0 ? "" : String(out.readBigUInt64LE())
  }

  close(): void {
    if (this.#fd >= 0) this.#calls.close(this.#fd)
    this.#fd = -1
  }

  #open(): number {
    if (this.ns === "host") return checked("socket AF_NETLINK", this.#calls.nlOpen(RECEIVE_BUFFER))
    return checked(`nsenter --net=${this.ns}`, this.#calls.nlOpenIn(this.ns, RECEIVE_BUFFER))
  }
}

/** Somebody else may receive something before this is looked at. */
function kept(received: Buffer | number): Buffer | number {
  return typeof received === "number" ? received : Buffer.from(received)
}

function checked(op: string, result: number): number {
  if (result < 0) throw new KernelError(op, errnoName(result))
  return result
}
