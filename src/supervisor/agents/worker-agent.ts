// The agent of a worker, as the daemon knows it: the line to it, which protocol it speaks, where its app listens. What it
// asks for is answered here; what it says is told to the worker.
import { constants } from 'node:os'
import type { Timers } from '../../base/timers.ts'
import type { AgentMessage, SocketAddress } from '../../protocol/agent.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { OLDEST_AGENT_PROTOCOL, PROTOCOL_VERSION } from '../../protocol/version.ts'
import type { ListeningSockets, SocketHandle } from '../sockets/listening-sockets.ts'
import { mayBind, permittedBalance } from '../sockets/socket-permission.ts'
import type { AgentConnection } from './agent-connection.ts'

/** How long the agent of an adopted worker may take to connect and to send its sockets. */
const HANDOVER_MS = 2000
/** A worker that says more of these means harm: each takes memory of the daemon, and a line in its state. */
const MOST_ADDRESSES = 1000
/** Each connection of an agent costs a little for good (`AgentConnection.ofSocket`). */
const MOST_CONNECTIONS = 100

export interface AgentWatcher {
  /** Its app listens, or said that it is ready. */
  ready(sign: 'listening' | 'message'): void
  /** It drains already, because a daemon before this one asked it to. */
  leaving(): void
  /** Its app listens somewhere else than before. */
  changed(): void
  /** The line to it broke. */
  lost(): void
}

export interface WorkerAgentOptions {
  readonly spec: AppSpec
  readonly instance: number
  readonly sockets: ListeningSockets
  readonly addresses: readonly [string, string][]
  readonly timers: Timers
  readonly watcher: AgentWatcher
}

export class WorkerAgent {
  /** Resolves when the agent of an adopted worker has sent its sockets, or does not come. */
  readonly introduced: Promise<void>
  /** What it speaks; null until it has said so. */
  protocol: number | null = null
  /** It says that it drains. */
  isDraining = false
  /** The port that somebody else had when its app asked for it last. */
  takenPort: number | undefined
  readonly #options: WorkerAgentOptions
  readonly #addresses: Map<string, string>
  #connection: AgentConnection | undefined
  #muteConnection: AgentConnection | undefined
  #connections = 0
  #resolveIntroduced: () => void = () => {}

  constructor(options: WorkerAgentOptions) {
    this.#options = options
    this.#addresses = new Map(options.addresses)
    this.introduced = new Promise((resolve) => {
      this.#resolveIntroduced = resolve
    })
  }

  /** Listens on the channel the worker was born with. */
  attach(connection: AgentConnection | undefined): void {
    this.#connection = connection
    connection?.receive((message, handle) => this.#receive(message, handle))
  }

  /** Gives the agent of an adopted worker time to connect. */
  expect(): void {
    this.#options.timers.later(HANDOVER_MS, () => this.#resolveIntroduced())
  }

  /** True for one more connection, but not for any number of them. */
  mayConnect(): boolean {
    this.#connections++
    return this.#connections <= MOST_CONNECTIONS
  }

  /** It has connected and said hello; `begun` is what it said after that. */
  connect(connection: AgentConnection, hello: AgentMessage, begun: string): void {
    this.close()
    this.#receive(hello, undefined)
    if (isUnderstood(this.protocol)) {
      this.#connection = connection
      connection.send({ type: 'welcome' })
      connection.receive((message, handle) => this.#receive(message, handle), begun)
    } else {
      // It is left without an answer, and kept, so that it does not come again and again.
      this.#muteConnection = connection
      connection.receive((_message, handle) => handle?.close())
      this.#resolveIntroduced()
    }
    connection.onClose(() => this.#options.watcher.lost())
  }

  /** True while there is somebody to ask. */
  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** True for the agent of another version that this daemon does not understand: only the process is known. */
  get isMute(): boolean {
    return this.#muteConnection !== undefined
  }

  /** Where the app listens, as people read it. */
  get addresses(): readonly string[] {
    return [...new Set(this.#addresses.values())]
  }

  /** The same, to be kept. */
  record(): readonly [string, string][] {
    return [...this.#addresses]
  }

  askToDrain(signal: NodeJS.Signals, timeoutMs: number): void {
    this.#connection?.send({ type: 'drain', signal, timeoutMs })
  }

  /** Its worker is gone: nobody needs to wait for it. */
  end(): void {
    this.#resolveIntroduced()
    this.close()
  }

  close(): void {
    this.#connection?.close()
    this.#muteConnection?.close()
  }

  #receive(message: AgentMessage, handle: SocketHandle | undefined): void {
    const { watcher, sockets, instance, spec } = this.#options
    switch (message.type) {
      case 'hello':
        this.protocol = message.version
        if (!message.isDraining) break
        this.isDraining = true
        watcher.leaving()
        break
      case 'listen':
        // What a worker says must not harm the daemon: a message that is none is not answered.
        this.#giveSocket(message.id, message.address).catch(() => undefined)
        break
      case 'introduced':
        this.#resolveIntroduced()
        break
      case 'listening':
        if (this.#addresses.size >= MOST_ADDRESSES && !this.#addresses.has(message.key)) break
        this.#addresses.set(message.key, message.shown)
        watcher.ready('listening')
        watcher.changed()
        break
      case 'closed':
        this.#addresses.delete(message.key)
        watcher.changed()
        break
      case 'socket':
        if (handle !== undefined) sockets.keep(message.address, handle, instance, permittedBalance(spec))
        break
      case 'ready':
        watcher.ready('message')
        break
      case 'draining':
        this.isDraining = true
        break
    }
  }

  async #giveSocket(id: number, address: SocketAddress): Promise<void> {
    const { sockets, instance, spec } = this.#options
    if (!mayBind(address, spec.runAs)) {
      this.#connection?.send({ type: 'socket', id, errno: -constants.errno.EACCES })
      return
    }
    const acquired = await sockets.acquire(address, instance, permittedBalance(spec))
    const isTaken = 'errno' in acquired && acquired.errno === -constants.errno.EADDRINUSE
    this.takenPort = isTaken && address.kind === 'tcp' ? address.port : undefined
    if ('handle' in acquired) this.#connection?.send({ type: 'socket', id, errno: null }, acquired.handle)
    else this.#connection?.send({ type: 'socket', id, errno: acquired.errno })
  }
}

function isUnderstood(version: number | null): boolean {
  return version !== null && version >= OLDEST_AGENT_PROTOCOL && version <= PROTOCOL_VERSION
}
