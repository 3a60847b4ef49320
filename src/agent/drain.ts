// Lame duck: finish what was begun, take nothing new, lose nothing. What `server.close()` of Node does loses requests,
// because it resets idle keep-alive connections on which the next request may be arriving. Here: only the listener is
// closed; every response says `Connection: close`; idle connections are closed after a quiet time; HTTP/2 sessions
// get a GOAWAY that still accepts what is on its way, and a final one later (RFC 9113, 6.8).
import { channel } from 'node:diagnostics_channel'
import type { Http2Session } from 'node:http2'
import net from 'node:net'

const QUIET_MS = 2000
const SWEEP_MS = 250
const GOAWAY_GRACE_MS = 500
const MOST_STREAMS = 2 ** 31 - 1

const listenerOnlyClose = net.Server.prototype.close
const servers = new Set<net.Server>()
const sessions = new Set<Http2Session>()
let isDraining = false

/** Remembers a server that listens, and its HTTP/2 sessions. */
export function watchServer(server: net.Server): void {
  servers.add(server)
  server.once('close', () => servers.delete(server))
  server.on('session', (session: Http2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    if (isDraining) sayGoodbye(session)
  })
}

/** Begins to drain; `drained` is called once, when the last connection is gone. */
export function drain(drained: () => void): void {
  if (isDraining) return
  isDraining = true
  let open = servers.size
  if (open === 0) {
    drained()
    return
  }
  const lastKeptMs = answerWithConnectionClose()
  const sweep = setInterval(() => {
    if (performance.now() - lastKeptMs() >= QUIET_MS) closeIdle()
  }, SWEEP_MS)
  for (const session of sessions) sayGoodbye(session)
  for (const server of [...servers]) {
    tolerateClose(server)
    server.once('close', () => {
      open--
      if (open > 0) return
      clearInterval(sweep)
      drained()
    })
    listenerOnlyClose.call(server)
  }
}

/** Returns when the last response ended that left its connection open. */
function answerWithConnectionClose(): () => number {
  let lastKeptMs = performance.now()
  channel('http.server.request.start').subscribe((message) => {
    responseOf(message).shouldKeepAlive = false
  })
  channel('http.server.response.finish').subscribe((message) => {
    if (responseOf(message).shouldKeepAlive) lastKeptMs = performance.now()
  })
  closeConnectionOfUnfinished()
  return () => lastKeptMs
}

/** Responses whose request came before the drain have no event any more, only their head to write. */
function closeConnectionOfUnfinished(): void {
  const { ServerResponse } = require('node:http') as typeof import('node:http')
  const writeHead = ServerResponse.prototype.writeHead
  ServerResponse.prototype.writeHead = function closing(
    this: typeof ServerResponse.prototype,
    ...args: never[]
  ) {
    if (!this.headersSent) this.shouldKeepAlive = false
    return Reflect.apply(writeHead, this, args)
  } as typeof writeHead
}

/** The app's own close(), called on the server the agent has closed already, waits for the end as it would have. */
function tolerateClose(server: net.Server): void {
  server.close = (callback?: (error?: Error) => void) => {
    if (callback === undefined) return server
    if (servers.has(server)) server.once('close', () => callback())
    else process.nextTick(callback)
    return server
  }
}

function closeIdle(): void {
  for (const server of servers) {
    const close = Reflect.get(server, 'closeIdleConnections')
    if (typeof close === 'function') close.call(server)
  }
}

function sayGoodbye(session: Http2Session): void {
  if (session.closed || session.destroyed) return
  session.goaway(0, MOST_STREAMS)
  setTimeout(() => session.close(), GOAWAY_GRACE_MS).unref()
}

function responseOf(message: unknown): { shouldKeepAlive: boolean } {
  return (message as { response: { shouldKeepAlive: boolean } }).response
}
