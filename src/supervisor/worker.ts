// One operating-system process that fills an instance: how it is born or adopted, how it says that it is ready, and the
// ladder on which it is stopped. It decides nothing; `instance.ts` does.
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Clock } from '../base/clock.ts'
import type { AgentMessage, SocketAddress } from '../protocol/agent.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { ExitReport } from '../protocol/status.ts'
import { OLDEST_AGENT_PROTOCOL, PROTOCOL_VERSION } from '../protocol/version.ts'
import type { AgentConnection, SocketHandle } from './agent-connection.ts'
import { exitReason } from './exit-reason.ts'
import type { ListeningSockets } from './listening-sockets.ts'
import type { AppLogs } from './logs/app-logs.ts'
import type { FifoStock } from './logs/pipe/fifo-stock.ts'
import type { WorkerOutput } from './logs/worker-output.ts'
import { tryTellTakenPort } from './port-holder.ts'
import { endLeftovers, sendSignal } from './process-group.ts'
import { isRunning } from './process-stat.ts'
import { tryTellUnreadable } from './readable-by.ts'
import { mayBind, permittedBalance } from './socket-permission.ts'
import { WorkerTimes } from './worker-times.ts'

/** A program without agent, or an app that never listened, is ready when it has lived so long. */
const SETTLE_MS = { node: 3000, other: 1000 }
/** An agent that does not say within this time that it drains is not there or hangs. */
const DRAIN_ANSWER_MS = 1000
/** How long the agent of an adopted worker may take to connect and to send its sockets. */
const HANDOVER_MS = 2000
const ADOPTED_POLL_MS = 250
const GONE_SOON_MS = 20
const OUTPUT_GRACE_MS = 500
const LAST_LINES = 30
/** A worker that says more of these means harm: each takes memory of the daemon, and a line in its state. */
const MOST_ADDRESSES = 1000
/** Each connection of an agent costs a little for good (`AgentConnection.ofSocket`). */
const MOST_CONNECTIONS = 100

/** What the daemon gives every worker of an app. */
export interface WorkerSurroundings {
  readonly clock: Clock
  readonly runDirectory: string
  readonly agentSocketPath: string
  /** The same for workers of other users, who cannot enter the home. */
  readonly publicAgentSocketPath: string
  readonly logs: AppLogs
  readonly fifoStock: FifoStock
  readonly sockets: ListeningSockets
  /** The signal to stop with instead of the configured one; null for none. */
  readonly forwardedSignal: () => NodeJS.Signals | null
}

/** What state.json keeps of a worker. */
export interface WorkerRecord {
  readonly id: string
  readonly pid: number
  readonly startTicks: number | null
  readonly startedAtMs: number
  readonly readyAtMs: number | null
  /** How long it took to become ready: two times of day would tell nothing when the clock was set in between. */
  readonly readyAfterMs: number | null
  readonly addresses: readonly [string, string][]
}

export interface WorkerWatcher {
  ready(worker: Worker): void
  exited(worker: Worker): void
  /** It drains already, because a daemon before this one asked it to. */
  leaving(worker: Worker): void
  /** Something to persist or show has changed. */
  changed(worker: Worker): void
}

/** A process this daemon spawned, and the line to its agent if it is to have one. */
export interface Child {
  readonly process: ChildProcess & { readonly pid: number }
  readonly connection: AgentConnection | undefined
}

export interface WorkerOptions {
  readonly around: WorkerSurroundings
  readonly watcher: WorkerWatcher
  readonly spec: AppSpec
  readonly instance: number
  readonly output: WorkerOutput
  readonly record: WorkerRecord
  readonly hasListenedBefore: boolean
  /** Undefined for a worker of an earlier daemon. */
  readonly child?: Child
}

export interface ObservedEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Worker {
  readonly id: string
  readonly instance: number
  readonly spec: AppSpec
  readonly pid: number
  readonly startTicks: number | null
  readonly times: WorkerTimes
  readonly isAdopted: boolean
  /** Resolves when the process is gone and all it wrote is read. */
  readonly ended: Promise<ExitReport>
  /** Resolves when the agent of an adopted worker has sent its sockets, or does not come. */
  readonly introduced: Promise<void>
  end: ObservedEnd | null = null
  /** What its agent speaks; null until it has said so. */
  agentProtocol: number | null = null
  /** Which rung of the ladder ended it. */
  stoppedBy: 'drain' | 'signal' | 'kill' | null = null
  readonly #around: WorkerSurroundings
  readonly #watcher: WorkerWatcher
  readonly #output: WorkerOutput
  readonly #addresses = new Map<string, string>()
  readonly #child: Child | undefined
  #connection: AgentConnection | undefined
  #muteConnection: AgentConnection | undefined
  readonly #cancelTimers = new Set<() => void>()
  #resolveEnded: (report: ExitReport) => void = () => {}
  #resolveIntroduced: () => void = () => {}
  #stopping: Promise<ExitReport> | undefined
  #isDraining = false
  #hasListenedBefore: boolean
  #connections = 0
  #isLetGo = false

  constructor(options: WorkerOptions) {
    const { around, watcher, output, record, spec, instance, hasListenedBefore, child } = options
    this.id = record.id
    this.pid = record.pid
    this.startTicks = record.startTicks
    this.times = new WorkerTimes(around.clock, record)
    this.instance = instance
    this.spec = spec
    this.isAdopted = child === undefined
    this.#around = around
    this.#watcher = watcher
    this.#output = output
    this.#hasListenedBefore = hasListenedBefore
    for (const [key, shown] of record.addresses) this.#addresses.set(key, shown)
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.introduced = new Promise((resolve) => {
      this.#resolveIntroduced = resolve
    })
    this.#child = child
  }

  /** Starts to listen to it; whoever asked for it knows it by now. */
  begin(): void {
    if (this.#child === undefined) this.#expectAgent()
    else this.#watch(this.#child)
    if (this.end === null) this.#armSettle()
  }

  get addresses(): readonly string[] {
    return [...new Set(this.#addresses.values())]
  }

  get hasListened(): boolean {
    return this.#hasListenedBefore || this.#addresses.size > 0
  }

  get isReady(): boolean {
    return this.times.readyForMs !== null
  }

  get isDraining(): boolean {
    return this.#stopping !== undefined
  }

  record(): WorkerRecord {
    const { id, pid, startTicks, times } = this
    return { id, pid, startTicks, ...times.record(), addresses: [...this.#addresses] }
  }

  lastLines(count: number): string[] {
    return this.#output.lastLines(count)
  }

  /** True for one more connection of its agent, but not for any number of them. */
  mayConnect(): boolean {
    this.#connections++
    return this.#connections <= MOST_CONNECTIONS
  }

  /** The agent of an adopted worker has connected and said hello; `begun` is what it said after that. */
  connect(connection: AgentConnection, hello: AgentMessage, begun: string): void {
    this.#connection?.close()
    this.#muteConnection?.close()
    this.#receive(hello, undefined)
    if (isUnderstood(this.agentProtocol)) {
      this.#connection = connection
      connection.send({ type: 'welcome' })
      connection.receive((message, handle) => this.#receive(message, handle), begun)
    } else {
      // It is left without an answer, and kept, so that it does not come again and again.
      this.#muteConnection = connection
      connection.receive((_message, handle) => handle?.close())
      this.#resolveIntroduced()
    }
    // The line breaks a moment before the process is gone.
    connection.onClose(() => this.#later(GONE_SOON_MS, () => this.#lookAgain()))
  }

  /** Ask, then signal, then kill the whole group. Resolves when it is gone; safe to call again. */
  stop(timeoutMs = this.spec.stop.timeoutMs): Promise<ExitReport> {
    if (this.#stopping !== undefined) return this.#stopping
    this.#stopping = this.ended
    if (this.end === null) this.#descend(timeoutMs)
    return this.ended
  }

  kill(): Promise<ExitReport> {
    this.#stopping ??= this.ended
    if (this.end === null) this.#kill()
    return this.ended
  }

  /** The daemon leaves; the worker and what it writes stay for the next one. */
  letGo(): void {
    this.#isLetGo = true
    this.#clearTimers()
    this.#output.close()
    this.#connection?.close()
    this.#muteConnection?.close()
  }

  /** True for a worker of another daemon whose agent this one does not understand: only its process is known. */
  get isMute(): boolean {
    return this.#muteConnection !== undefined
  }

  #descend(timeoutMs: number): void {
    this.#later(timeoutMs, () => this.#kill())
    const isExpected = this.isAdopted && this.spec.isNode && this.#connection === undefined
    // A signal ends most programs at once, with the requests they have in hand.
    if (isExpected) void this.introduced.then(() => this.#ask(timeoutMs))
    else this.#ask(timeoutMs)
  }

  #ask(timeoutMs: number): void {
    const signal = this.#around.forwardedSignal() ?? this.spec.stop.signal
    if (this.end !== null) return
    if (this.#connection === undefined) {
      this.#signal(signal)
    } else {
      this.stoppedBy = 'drain'
      this.#connection.send({ type: 'drain', signal, timeoutMs })
      this.#later(Math.min(DRAIN_ANSWER_MS, timeoutMs), () => {
        if (!this.#isDraining) this.#signal(signal)
      })
    }
  }

  #signal(signal: NodeJS.Signals): void {
    this.stoppedBy = 'signal'
    if (!isRunning(this.pid, this.startTicks)) return
    // A shell script or another wrapper does not pass signals on; Node gets its own alone and decides for its children.
    sendSignal(this.spec.isNode ? this.pid : -this.pid, signal)
  }

  #kill(): void {
    this.stoppedBy = 'kill'
    if (!isRunning(this.pid, this.startTicks)) return
    if (!sendSignal(-this.pid, 'SIGKILL')) sendSignal(this.pid, 'SIGKILL')
  }

  #watch({ process: child, connection }: Child): void {
    this.#connection = connection
    connection?.receive((message, handle) => this.#receive(message, handle))
    const { exitCode, signalCode } = child
    if (exitCode !== null || signalCode !== null) this.#hasEnded({ code: exitCode, signal: signalCode })
    else child.once('exit', (code, signal) => this.#hasEnded({ code, signal }))
  }

  #expectAgent(): void {
    this.#later(HANDOVER_MS, () => this.#resolveIntroduced())
    this.#poll()
  }

  /** Nobody tells us when somebody else's child ends. */
  #poll(): void {
    this.#lookAgain()
    if (this.end === null) this.#later(ADOPTED_POLL_MS, () => this.#poll())
  }

  #lookAgain(): void {
    if (isRunning(this.pid, this.startTicks)) return
    this.#hasEnded({ code: null, signal: this.stoppedBy === 'kill' ? 'SIGKILL' : null })
  }

  #receive(message: AgentMessage, handle: SocketHandle | undefined): void {
    const { sockets } = this.#around
    switch (message.type) {
      case 'hello':
        this.agentProtocol = message.version
        if (!message.isDraining) break
        this.#isDraining = true
        this.#watcher.leaving(this)
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
        this.#isReadyNow('listening')
        this.#watcher.changed(this)
        break
      case 'closed':
        this.#addresses.delete(message.key)
        this.#watcher.changed(this)
        break
      case 'socket':
        if (handle !== undefined) sockets.keep(message.address, handle, this.instance, this.#balance)
        break
      case 'ready':
        this.#isReadyNow('message')
        break
      case 'draining':
        this.#isDraining = true
        break
    }
  }

  async #giveSocket(id: number, address: SocketAddress): Promise<void> {
    const errno = mayBind(address, this.spec.runAs) ? null : -constants.errno.EACCES
    if (errno !== null) {
      this.#connection?.send({ type: 'socket', id, errno })
      return
    }
    const acquired = await this.#around.sockets.acquire(address, this.instance, this.#balance)
    if ('handle' in acquired) this.#connection?.send({ type: 'socket', id, errno: null }, acquired.handle)
    else this.#connection?.send({ type: 'socket', id, errno: acquired.errno })
  }

  get #balance(): AppSpec['balance'] {
    return permittedBalance(this.spec)
  }

  #isReadyNow(because: 'listening' | 'message' | 'settled'): void {
    const { when } = this.spec.ready
    const fits = when === 'auto' || when === because || (when === 'started' && because === 'settled')
    if (!fits || this.isReady || this.end !== null) return
    this.times.noteReady()
    this.#watcher.ready(this)
  }

  #armSettle(): void {
    const { ready, isNode } = this.spec
    if (ready.when === 'started') this.#isReadyNow('settled')
    if (this.isReady || ready.when !== 'auto' || (isNode && this.#hasListenedBefore)) return
    this.#later(isNode ? SETTLE_MS.node : SETTLE_MS.other, () => this.#isReadyNow('settled'))
  }

  #hasEnded(end: ObservedEnd): void {
    // Then its end is the next daemon's affair.
    if (this.end !== null || this.#isLetGo) return
    this.end = end
    this.#clearTimers()
    this.#resolveIntroduced()
    this.#connection?.close()
    this.#muteConnection?.close()
    endLeftovers(this.pid, this.#around.clock)
    this.#watcher.exited(this)
    const when = { atMs: this.#around.clock.nowMs(), uptimeMs: this.times.uptimeMs }
    void this.#output
      .finish(OUTPUT_GRACE_MS)
      .then(async () => this.#resolveEnded(await this.#report(end, when)))
  }

  async #report(end: ObservedEnd, when: Pick<ExitReport, 'atMs' | 'uptimeMs'>): Promise<ExitReport> {
    const lastLines = this.#output.lastLines(LAST_LINES)
    const { pid } = this
    const { agentSocketPath, publicAgentSocketPath } = this.#around
    const asker = { app: this.spec.name, agentSockets: [agentSocketPath, publicAgentSocketPath] }
    const isCrash = end.code !== 0 && end.signal === null
    const unreadable = isCrash && !this.isReady ? tryTellUnreadable(this.spec) : undefined
    const cause = end.code === 0 ? undefined : (unreadable ?? (await tryTellTakenPort(asker, lastLines)))
    const reason = exitReason(end.code, end.signal, lastLines, this.#stopping !== undefined, cause)
    return { pid, ...end, ...when, reason, lastLines }
  }

  #later(delayMs: number, callback: () => void): void {
    const cancel = this.#around.clock.timer(delayMs, () => {
      this.#cancelTimers.delete(cancel)
      callback()
    })
    this.#cancelTimers.add(cancel)
  }

  #clearTimers(): void {
    for (const cancel of this.#cancelTimers) cancel()
    this.#cancelTimers.clear()
  }
}

function isUnderstood(version: number | null): boolean {
  return version !== null && version >= OLDEST_AGENT_PROTOCOL && version <= PROTOCOL_VERSION
}
