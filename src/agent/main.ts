// The preload inside a Node worker. It must start in a few milliseconds and never harm the app: without a channel it
// does nothing, and everything it changes behaves as without Upkeep.
import type net from 'node:net'
import { join } from 'node:path'
import type { DaemonMessage, SocketAddress } from '../protocol/agent.ts'
import { socketKey } from '../protocol/agent.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import type { ListenHandle } from './channel.ts'
import { Channel } from './channel.ts'
import { installClusterFork } from './cluster-fork.ts'
import { drain, watchServer } from './drain.ts'
import { installExitFlush } from './exit-flush.ts'
import { takeIdentity } from './identity.ts'
import { installListen } from './listen.ts'
import { installProcessChannel } from './process-channel.ts'

/** How long the app's own signal handler is kept waiting for requests that are under way. */
const HANDLER_WAIT_MS = 3000
const SIGNAL_ARRIVES_MS = 5000

interface OpenSocket {
  readonly address: SocketAddress
  readonly server: net.Server
  readonly handle: ListenHandle
}

const identity = takeIdentity()
if (identity !== undefined) runAgent(identity)

function runAgent({ worker, channelFd, socketPath, portOffset }: NonNullable<typeof identity>): void {
  const asked = new Map<number, (errno: number | null, handle: ListenHandle | undefined) => void>()
  const unanswered = new Map<number, SocketAddress>()
  const open = new Map<string, OpenSocket>()
  let lastId = 0
  let isReady = false
  let isDraining = false
  /** node:cluster takes the socket out of its server as soon as it listens. */
  let isClusterPrimary = false

  const channel = new Channel(socketPath, { message: receive, reconnected: sayHello })
  channel.open(channelFd)
  sayHello()
  installProcessChannel((data) => {
    if (data !== 'ready') return
    isReady = true
    channel.send({ type: 'ready' })
  })
  installExitFlush(() => (channel.isHeard() ? 'there' : 'gone'))
  installListen({ ask, listening, closed }, portOffset)
  installClusterFork(join(__dirname, 'cluster-child.js'))

  function sayHello(): void {
    channel.send({ type: 'hello', version: PROTOCOL_VERSION, worker, isDraining })
  }

  /** A daemon that is new gets all that the one before knew. */
  function introduce(): void {
    for (const [key, { address, server, handle }] of open) {
      channel.send({ type: 'socket', address }, handle)
      channel.send({ type: 'listening', key, shown: shownAddress(server, address) })
    }
    channel.send({ type: 'introduced' })
    if (isReady) channel.send({ type: 'ready' })
    for (const [id, address] of unanswered) channel.send({ type: 'listen', id, address })
  }

  function ask(
    address: SocketAddress,
    answer: (errno: number | null, handle: ListenHandle | undefined) => void,
  ) {
    const id = ++lastId
    asked.set(id, answer)
    unanswered.set(id, address)
    channel.send({ type: 'listen', id, address })
  }

  function listening(address: SocketAddress, server: net.Server, handle: ListenHandle): void {
    const key = socketKey(address)
    open.set(key, { address, server, handle })
    if (Reflect.get(server, '_handle') === null) isClusterPrimary = true
    watchServer(server)
    channel.send({ type: 'listening', key, shown: shownAddress(server, address) })
  }

  function closed(address: SocketAddress, server: net.Server): void {
    const key = socketKey(address)
    if (open.get(key)?.server !== server) return
    open.delete(key)
    channel.send({ type: 'closed', key })
  }

  function receive(message: DaemonMessage, handle: ListenHandle | undefined): void {
    if (message.type === 'welcome') {
      introduce()
    } else if (message.type === 'socket') {
      const answer = asked.get(message.id)
      asked.delete(message.id)
      unanswered.delete(message.id)
      // Asked twice, over a change of daemons.
      if (answer === undefined && handle !== undefined) Reflect.get(handle, 'close')?.call(handle)
      answer?.(message.errno, handle)
    } else if (message.type === 'drain') {
      startDrain(message.signal, message.timeoutMs)
    }
  }

  function startDrain(signal: NodeJS.Signals, timeoutMs: number): void {
    if (isDraining) return
    isDraining = true
    const hasHandler = process.listenerCount(signal) > 0
    channel.send({ type: 'draining' })
    let isHandedOver = false
    const handOver = () => {
      if (isHandedOver) return
      isHandedOver = true
      // A signal alone does not keep the process alive until it arrives.
      const hold = setTimeout(() => {}, SIGNAL_ARRIVES_MS)
      process.prependOnceListener(signal, () => clearTimeout(hold))
      process.kill(process.pid, signal)
    }
    if (hasHandler) setTimeout(handOver, Math.min(HANDLER_WAIT_MS, timeoutMs / 2)).unref()
    drain(() => {
      if (hasHandler) handOver()
      else if (isClusterPrimary) disconnectCluster(() => process.exit(0))
      else process.exit(0)
    })
  }
}

function shownAddress(server: net.Server, asked: SocketAddress): string {
  const address = server.address()
  if (typeof address === 'string') return address
  const { host, port } = asked.kind === 'tcp' ? asked : { host: asked.path, port: 0 }
  const ip = address?.address ?? host ?? '::'
  // The first net.isIPv6() of a process costs milliseconds, just before the first connection is accepted.
  return `${ip.includes(':') ? `[${ip}]` : ip}:${address?.port ?? port}`
}

function disconnectCluster(done: () => void): void {
  const cluster = require('node:cluster') as typeof import('node:cluster')
  Reflect.get(cluster, 'disconnect').call(cluster, done)
}
