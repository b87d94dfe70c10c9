import type { ClientRequest, IncomingMessage } from "node:http"
import { isIP, Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Readable } from "node:stream"
import type { Kernel } from "../kernel/kernel.ts"
import type { Environment } from "./registry-credentials.ts"

/** What is used of fetch: a way to ask for something by HTTP. */
export type Ask = (url: string, asked: Asked) => Promise<Response>

export interface Asked {
  method?: "GET" | "POST"
  headers: { [name: string]: string }
  body?: URLSearchParams
  signal: AbortSignal
}

/** As browsers do: more are a circle. */
const MOST_REDIRECTS = 20
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** The socket of who makes connections for an ordinary user's command: the fourth word that native/rootless/main.c tells it. */
export function outsideOf(kernel: Kernel, { STACK_ROOTLESS }: Environment): Ask | undefined {
  const socket = Number(STACK_ROOTLESS?.split(" ")[3] ?? -1)
  return socket < 0 ? undefined : askOutside((host, port) => kernel.dial(socket, host, port))
}

type Dial = (host: string, port: number) => Promise<number>

/** As fetch, over connections that are made elsewhere. A password goes to nobody else than who was asked. */
export function askOutside(dial: Dial): Ask {
  return async (url, asked) => {
    let [at, now] = [new URL(url), asked]
    for (let redirects = 0; ; redirects++) {
      const response = await once(dial, at, now)
      const to = REDIRECTS.has(response.status) ? response.headers.get("location") : null
      if (to === null || redirects === MOST_REDIRECTS) return response
      await response.body?.cancel()
      const next = new URL(to, at)
      const { authorization, ...others } = now.headers
      const headers = next.origin === at.origin && authorization !== undefined ? { ...others, authorization } : others
      const keeps = response.status === 307 || response.status === 308
      now = keeps ? { ...now, headers } : { headers, signal: now.signal }
      at = next
    }
  }
}

async function once(dial: Dial, url: URL, asked: Asked): Promise<Response> {
  const isSecure = url.protocol === "https:"
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1")
  const socket = new Socket({ fd: await dial(host, Number(url.port) || (isSecure ? 443 : 80)) })
  asked.signal.throwIfAborted()
  const connection = isSecure ? await secured(socket, host) : socket
  const { request } = isSecure ? await import("node:https") : await import("node:http")
  const { method = "GET", body, signal } = asked
  const form = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded;charset=UTF-8" }
  const headers = { ...form, ...asked.headers, connection: "close" }
  return answer(request(url, { method, headers, signal, createConnection: () => connection }), asked)
}

async function secured(socket: Socket, host: string): Promise<Duplex> {
  const { connect } = await import("node:tls")
  return connect({ socket, ALPNProtocols: ["http/1.1"], host, ...(isIP(host) === 0 ? { servername: host } : {}) })
}

function answer(request: ClientRequest, { body, signal }: Asked): Promise<Response> {
  return new Promise((resolve, reject) => {
    request.on("error", (failure) => reject(signal.aborted ? signal.reason : failure))
    request.on("response", (message) => resolve(responseOf(message)))
    request.end(body?.toString())
  })
}

function responseOf(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  const headers = Object.entries(message.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
  )
  const isEmpty = status === 204 || status === 205 || status === 304
  return new Response(isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>), { status, headers })
}
