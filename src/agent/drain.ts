// Lame duck: finish what was begun, take nothing new, lose nothing. What `server.close()` of Node does loses requests,
// because it resets idle keep-alive connections on which the next request may be arriving. Here: only the listener is
// closed; every response says `Connection: close`; idle connections are closed after a quiet time; HTTP/2 sessions
// get their GOAWAY with the next request.
import { channel } from 'node:diagnostics_channel'
import type { Http2Session } from 'node:http2'
import net from 'node:net'

const QUIET_MS = 2000
const SWEEP_MS = 250

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
  const stopSweep = answerAndSweep()
  for (const session of sessions) sayGoodbye(session)
  for (const server of [...servers]) {
    tolerateClose(server)
    server.once('close', () => {
      open--
      if (open > 0) return
      stopSweep()
      drained()
    })
    listenerOnlyClose.call(server)
  }
}

/** Drains one server, as a close() that loses nothing. */
export function drainServer(server: net.Server, callback?: (error?: Error) => void): void {
  servers.add(server)
  if (!isDraining) {
    isDraining = true
    const stopSweep = answerAndSweep()
    server.once('close', stopSweep)
  }
  server.once('close', () => servers.delete(server))
  tolerateClose(server)
  listenerOnlyClose.call(server, callback)
}

function answerAndSweep(): () => void {
  const lastKeptMs = answerWithConnectionClose()
  const sweep = setInterval(() => {
    if (performance.now() - lastKeptMs() >= QUIET_MS) closeIdle()
  }, SWEEP_MS)
  return () => clearInterval(sweep)
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

/**
 * Sends GOAWAY while a stream has just come: a client that asks one thing after another then has nothing else on its way,
 * because it waits for the answer. nghttp2 ignores whatever comes after a GOAWAY, also after one that promises to
 * take it, so a moment at which a request may be in flight is the wrong one; RFC 9113, 6.8 lets clients that ask
 * several things at once repeat those safely.
 */
function sayGoodbye(session: Http2Session): void {
  const leave = () => {
    clearTimeout(quiet)
    if (!session.closed && !session.destroyed) session.close()
  }
  const quiet = setTimeout(leave, QUIET_MS)
  session.once('stream', leave)
}

function responseOf(message: unknown): { shouldKeepAlive: boolean } {
  return (message as { response: { shouldKeepAlive: boolean } }).response
}
