// Makes `server.listen()` ask the daemon for the socket. The daemon keeps it open while workers come and go, so that
// connections wait in its queue instead of being refused. http, https, http2, Express, Fastify … all end here.
import net from 'node:net'
import { resolve } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import type { SocketAddress } from '../protocol/agent.ts'
import { socketKey } from '../protocol/agent.ts'
import type { ListenHandle } from './channel.ts'
import type { ListenTarget } from './listen-target.ts'
import { listenTarget } from './listen-target.ts'

export interface SocketSource {
  /** Asks the daemon; calls back with the socket or a libuv error number. */
  ask(address: SocketAddress, answer: (errno: number | null, handle: ListenHandle | undefined) => void): void
  listening(address: SocketAddress, server: net.Server, handle: ListenHandle): void
  closed(address: SocketAddress, server: net.Server): void
}

interface ServerInternals {
  _handle: (ListenHandle & { close?(): void; fchmod?(mode: number): void }) | null
  _pipeName?: string
  _listen2(address: null, port: number, addressType: number, backlog: number, fd: undefined): void
}

const MOST_PATH_BYTES = 107

const originalListen = net.Server.prototype.listen
const originalClose = net.Server.prototype.close
/** Servers between listen() and the daemon's answer. A close() takes the token away. */
const pending = new Map<net.Server, symbol>()
const openKeys = new Set<string>()

export function installListen(source: SocketSource, portOffset: number): void {
  function listen(this: net.Server, ...args: unknown[]): net.Server {
    const target = listenTarget(args)
    if (target === undefined || !fits(target) || internals(this)._handle !== null) {
      return Reflect.apply(originalListen, this, args)
    }
    if (pending.has(this)) throw alreadyListening()
    if (target.callback !== undefined) this.once('listening', target.callback)
    if (target.signal !== undefined) closeOnAbort(this, target.signal)
    const token = Symbol('listen')
    setPending(this, token)
    resolveAddress(target, portOffset, (error, address) => {
      if (pending.get(this) !== token) return
      if (error !== null || address === undefined) failLater(this, error ?? alreadyListening())
      else askFor(source, this, target, address, token)
    })
    return this
  }
  net.Server.prototype.listen = listen as typeof net.Server.prototype.listen

  net.Server.prototype.close = function close(
    this: net.Server,
    callback?: (error?: Error) => void,
  ): net.Server {
    if (!pending.has(this)) return originalClose.call(this, callback)
    setPending(this, undefined)
    process.nextTick(() => {
      this.emit('close')
      callback?.()
    })
    return this
  }
}

/** The daemon needs the whole path, and a whole path can be too long for a socket (unix(7)) where the given is not. */
function fits(target: ListenTarget): boolean {
  return target.kind === 'tcp' || Buffer.byteLength(resolve(target.path)) <= MOST_PATH_BYTES
}

function askFor(
  source: SocketSource,
  server: net.Server,
  target: ListenTarget,
  address: SocketAddress,
  token: symbol,
): void {
  const key = socketKey(address)
  if (openKeys.has(key)) {
    failLater(server, systemError('EADDRINUSE', target))
    return
  }
  openKeys.add(key)
  source.ask(address, (errno, handle) => {
    if (pending.get(server) !== token || errno !== null || handle === undefined) {
      openKeys.delete(key)
      if (handle !== undefined) Reflect.get(handle, 'close')?.call(handle)
      if (pending.get(server) === token) failLater(server, systemError(errno ?? 'EBADF', target))
      return
    }
    server.once('listening', () => source.listening(address, server, handle))
    server.once('close', () => {
      openKeys.delete(key)
      source.closed(address, server)
    })
    setPending(server, undefined)
    listenOn(server, handle, target)
  })
}

function listenOn(server: net.Server, handle: ListenHandle, target: ListenTarget): void {
  const inside = internals(server)
  inside._handle = handle
  if (target.kind === 'unix') inside._pipeName = target.path
  inside._listen2(null, -1, -1, target.backlog, undefined)
}

function resolveAddress(
  target: ListenTarget,
  portOffset: number,
  done: (error: Error | null, address?: SocketAddress) => void,
): void {
  if (target.kind === 'unix') {
    done(null, { kind: 'unix', path: resolve(target.path) })
    return
  }
  const { host, ipv6Only } = target
  const port = target.port === 0 ? 0 : target.port + portOffset
  const finish = (ip: string | null, family: 4 | 6) => {
    const address = { kind: 'tcp', host: ip, family, port, ipv6Only } as const
    done(null, { ...address, index: port === 0 ? freeIndex(address) : 0 })
  }
  const family = net.isIP(host ?? '::')
  if (family === 4 || family === 6) {
    finish(host, family)
    return
  }
  // Loaded only here: few apps listen on a name, and loading takes time from the start of all.
  const { lookup } = require('node:dns') as typeof import('node:dns')
  lookup(host ?? '', (error, ip, found) => {
    if (error) done(error)
    else finish(ip, found === 6 ? 6 : 4)
  })
}

/** The n-th open socket on port 0 gets the n-th random port, also in the next worker. */
function freeIndex(address: Omit<Extract<SocketAddress, { kind: 'tcp' }>, 'index'>): number {
  let index = 0
  while (openKeys.has(socketKey({ ...address, index }))) index++
  return index
}

function systemError(code: string | number, target: ListenTarget): Error {
  const entry = [...getSystemErrorMap()].find(([errno, [name]]) => errno === code || name === code)
  const [errno, [name, description]] = entry ?? [0, [String(code), 'error']]
  const shown = target.kind === 'unix' ? target.path : `${target.host ?? '::'}:${target.port}`
  const where =
    target.kind === 'unix' ? { address: target.path } : { address: target.host ?? '::', port: target.port }
  return Object.assign(new Error(`listen ${name}: ${description} ${shown}`), {
    code: name,
    errno,
    syscall: 'listen',
    ...where,
  })
}

function failLater(server: net.Server, error: Error): void {
  setPending(server, undefined)
  process.nextTick(() => server.emit('error', error))
}

function alreadyListening(): Error {
  const message = 'Listen method has been called more than once without closing.'
  return Object.assign(new Error(message), { code: 'ERR_SERVER_ALREADY_LISTEN' })
}

function closeOnAbort(server: net.Server, signal: AbortSignal): void {
  if (signal.aborted) process.nextTick(() => server.close())
  else signal.addEventListener('abort', () => server.close(), { once: true })
}

let keepAlive: NodeJS.Timeout | undefined

/** A program that only waits for its socket must not end before it has it. */
function setPending(server: net.Server, token: symbol | undefined): void {
  if (token === undefined) pending.delete(server)
  else pending.set(server, token)
  if (pending.size > 0) keepAlive ??= setInterval(() => {}, 1 << 30)
  else {
    clearInterval(keepAlive)
    keepAlive = undefined
  }
}

function internals(server: net.Server): ServerInternals {
  return server as unknown as ServerInternals
}
