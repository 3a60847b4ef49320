// One operating-system process that fills an instance: how it is born or adopted, how it says that it is ready, and the
// ladder on which it is stopped. It decides nothing; `instance.ts` does.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import type { AgentMessage, SocketAddress } from '../protocol/agent.ts'
import { WORKER_ENV } from '../protocol/agent.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { ExitReport } from '../protocol/status.ts'
import { exitReason } from './exit-reason.ts'
import { AGENT_PATH, launchOf, withAgent } from './launcher.ts'
import type { ListeningSockets } from './listening-sockets.ts'
import type { AppLogs } from './logs/app-logs.ts'
import type { FifoStock } from './logs/pipe/fifo-stock.ts'
import { WorkerOutput } from './logs/worker-output.ts'
import { endLeftovers, sendSignal } from './process-group.ts'
import { isRunning, tryReadStat } from './process-stat.ts'
import { unreadablePart } from './readable-by.ts'
import type { AgentConnection, SocketHandle, WorkerChannel } from './worker-channel.ts'
import { SpawnChannel } from './worker-channel.ts'

/** A program without agent, or an app that never listened, is ready when it has lived so long. */
const SETTLE_MS = { node: 3000, other: 1000 }
/** An agent that does not say within this time that it drains is not there or hangs. */
const DRAIN_ANSWER_MS = 1000
const ADOPTED_POLL_MS = 250
const GONE_SOON_MS = 20
const OUTPUT_GRACE_MS = 500
const LAST_LINES = 30

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
}

/** What state.json keeps of a worker. */
export interface WorkerRecord {
  readonly id: string
  readonly pid: number
  readonly startTicks: number | null
  readonly startedAtMs: number
  readonly readyAtMs: number | null
  readonly addresses: readonly [string, string][]
}

export interface WorkerWatcher {
  ready(worker: Worker): void
  exited(worker: Worker): void
  /** Something to persist or show has changed. */
  changed(worker: Worker): void
  /** The app sent something with process.send(). */
  message(worker: Worker, data: unknown): void
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
  readonly startedAtMs: number
  readonly isAdopted: boolean
  /** Resolves when the process is gone and all it wrote is read. */
  readonly ended: Promise<ExitReport>
  /** Resolves when the agent of an adopted worker has sent its sockets. */
  readonly introduced: Promise<void>
  readyAtMs: number | null = null
  end: ObservedEnd | null = null
  /** Which rung of the ladder ended it. */
  stoppedBy: 'drain' | 'signal' | 'kill' | null = null
  readonly #around: WorkerSurroundings
  readonly #watcher: WorkerWatcher
  readonly #output: WorkerOutput
  readonly #addresses = new Map<string, string>()
  readonly #child: ChildProcess | undefined
  #channel: WorkerChannel | undefined
  #cancelTimers: (() => void)[] = []
  #resolveEnded: (report: ExitReport) => void = () => {}
  #resolveIntroduced: () => void = () => {}
  #stopping: Promise<ExitReport> | undefined
  #isDraining = false
  #hasListenedBefore: boolean

  constructor(birth: Birth) {
    const { around, watcher, output, record, spec, instance, hasListenedBefore } = birth
    this.id = record.id
    this.pid = record.pid
    this.startTicks = record.startTicks
    this.startedAtMs = record.startedAtMs
    this.readyAtMs = record.readyAtMs
    this.instance = instance
    this.spec = spec
    this.isAdopted = birth.child === undefined
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
    this.#child = birth.child
  }

  /** Starts to listen to it; whoever asked for it knows it by now. */
  begin(): void {
    if (this.#child === undefined) this.#poll()
    else this.#watch(this.#child)
    if (this.end === null) this.#armSettle()
  }

  get addresses(): readonly string[] {
    return [...new Set(this.#addresses.values())]
  }

  get hasListened(): boolean {
    return this.#hasListenedBefore || this.#addresses.size > 0
  }

  get isDraining(): boolean {
    return this.#stopping !== undefined
  }

  record(): WorkerRecord {
    const { id, pid, startTicks, startedAtMs, readyAtMs } = this
    return { id, pid, startTicks, startedAtMs, readyAtMs, addresses: [...this.#addresses] }
  }

  lastLines(count: number): string[] {
    return this.#output.lastLines(count)
  }

  /** The agent of an adopted worker has connected. */
  connect(connection: AgentConnection, hello: AgentMessage): void {
    this.#channel?.close()
    this.#channel = connection
    this.#receive(hello, undefined)
    connection.receive((message, handle) => this.#receive(message, handle))
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
    this.#clearTimers()
    this.#output.close()
    this.#channel?.close()
  }

  #descend(timeoutMs: number): void {
    const { signal } = this.spec.stop
    if (this.#channel === undefined) {
      this.#signal(signal)
    } else {
      this.stoppedBy = 'drain'
      this.#channel.send({ type: 'drain', signal, timeoutMs })
      this.#later(Math.min(DRAIN_ANSWER_MS, timeoutMs), () => {
        if (!this.#isDraining) this.#signal(signal)
      })
    }
    this.#later(timeoutMs, () => this.#kill())
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

  #watch(child: ChildProcess): void {
    const channel = new SpawnChannel(child)
    if (this.spec.isNode) {
      this.#channel = channel
      channel.receive((message, handle) => this.#receive(message, handle))
    }
    const { exitCode, signalCode } = child
    if (exitCode !== null || signalCode !== null) this.#hasEnded({ code: exitCode, signal: signalCode })
    else child.once('exit', (code, signal) => this.#hasEnded({ code, signal }))
  }

  /** Nobody tells us when somebody else's child ends. */
  #poll(): void {
    this.#lookAgain()
    if (this.end === null) this.#later(ADOPTED_POLL_MS, () => this.#poll())
  }

  #lookAgain(): void {
    if (!isRunning(this.pid, this.startTicks)) this.#hasEnded({ code: null, signal: null })
  }

  #receive(message: AgentMessage, handle: SocketHandle | undefined): void {
    const { sockets } = this.#around
    switch (message.type) {
      case 'hello':
        if (message.isDraining) this.#isDraining = true
        if (message.isReady) this.#isReadyNow('listening')
        break
      case 'listen':
        // What a worker says must not harm the daemon: a message that is none is not answered.
        this.#giveSocket(message.id, message.address).catch(() => undefined)
        break
      case 'introduced':
        this.#resolveIntroduced()
        break
      case 'listening':
        this.#addresses.set(message.key, message.shown)
        this.#isReadyNow('listening')
        this.#watcher.changed(this)
        break
      case 'closed':
        this.#addresses.delete(message.key)
        this.#watcher.changed(this)
        break
      case 'socket':
        if (handle !== undefined) sockets.keep(message.address, handle, this.instance, this.spec.balance)
        break
      case 'message':
        if (message.data === 'ready') this.#isReadyNow('message')
        this.#watcher.message(this, message.data)
        break
      case 'draining':
        this.#isDraining = true
        break
      case 'drained':
        break
    }
  }

  async #giveSocket(id: number, address: SocketAddress): Promise<void> {
    // A daemon of root would make and remove the file as root, wherever another user asks for it.
    if (address.kind === 'unix' && this.spec.runAs !== null) {
      this.#channel?.send({ type: 'socket', id, errno: -constants.errno.EACCES })
      return
    }
    const acquired = await this.#around.sockets.acquire(address, this.instance, this.spec.balance)
    if ('handle' in acquired) this.#channel?.send({ type: 'socket', id, errno: null }, acquired.handle)
    else this.#channel?.send({ type: 'socket', id, errno: acquired.errno })
  }

  #isReadyNow(because: 'listening' | 'message' | 'settled'): void {
    const { when } = this.spec.ready
    const fits = when === 'auto' || when === because || (when === 'started' && because === 'settled')
    if (!fits || this.readyAtMs !== null || this.end !== null) return
    this.readyAtMs = this.#around.clock.nowMs()
    this.#watcher.ready(this)
  }

  #armSettle(): void {
    const { ready, isNode } = this.spec
    if (ready.when === 'started') this.#isReadyNow('settled')
    if (this.readyAtMs !== null || ready.when !== 'auto' || (isNode && this.#hasListenedBefore)) return
    this.#later(isNode ? SETTLE_MS.node : SETTLE_MS.other, () => this.#isReadyNow('settled'))
  }

  #hasEnded(end: ObservedEnd): void {
    if (this.end !== null) return
    this.end = end
    this.#clearTimers()
    this.#resolveIntroduced()
    this.#channel?.close()
    endLeftovers(this.pid, this.#around.clock)
    this.#watcher.exited(this)
    const atMs = this.#around.clock.nowMs()
    void this.#output.finish(OUTPUT_GRACE_MS).then(() => {
      const lastLines = this.#output.lastLines(LAST_LINES)
      const { pid, startedAtMs } = this
      const reason = exitReason(end.code, end.signal, lastLines, this.#stopping !== undefined)
      this.#resolveEnded({ pid, ...end, atMs, uptimeMs: atMs - startedAtMs, reason, lastLines })
    })
  }

  #later(delayMs: number, callback: () => void): void {
    this.#cancelTimers.push(this.#around.clock.timer(delayMs, callback))
  }

  #clearTimers(): void {
    for (const cancel of this.#cancelTimers.splice(0)) cancel()
  }
}

interface Birth {
  readonly around: WorkerSurroundings
  readonly watcher: WorkerWatcher
  readonly spec: AppSpec
  readonly instance: number
  readonly output: WorkerOutput
  readonly record: WorkerRecord
  readonly hasListenedBefore: boolean
  /** Undefined for a worker of an earlier daemon. */
  readonly child?: ChildProcess
}

export type WorkerPlan = Pick<Birth, 'around' | 'watcher' | 'spec' | 'instance' | 'hasListenedBefore'>

export async function spawnWorker(plan: WorkerPlan): Promise<Worker> {
  const { around, spec, instance } = plan
  checkPreload(spec)
  // Whoever knows the id may speak for the worker on the agent socket.
  const id = `${spec.name}.${instance}.${randomBytes(16).toString('hex')}`
  const { logs, runDirectory, fifoStock } = around
  const output = await WorkerOutput.create({
    logs,
    runDirectory,
    fifoStock,
    owner: spec.runAs,
    workerId: id,
    instance,
  })
  try {
    const child = await startProcess(
      spec,
      output,
      workerEnvironment(spec, id, instance, agentSocketOf(spec, around)),
    )
    output.spawned()
    const { pid } = child
    const startTicks = tryReadStat(pid)?.startTicks ?? null
    const record = { id, pid, startTicks, startedAtMs: around.clock.nowMs(), readyAtMs: null, addresses: [] }
    return new Worker({ ...plan, output, record, child })
  } catch (error) {
    output.spawned()
    await output.finish(0)
    throw error
  }
}

/** Takes over a worker that an earlier daemon started; undefined when it is gone. */
export async function adoptWorker(plan: WorkerPlan, record: WorkerRecord): Promise<Worker | undefined> {
  if (!isRunning(record.pid, record.startTicks)) return undefined
  const { logs, runDirectory } = plan.around
  const { instance } = plan
  const output = await WorkerOutput.adopt({ logs, runDirectory, workerId: record.id, instance })
  return output === undefined ? undefined : new Worker({ ...plan, output, record })
}

/** Node would end at once with an error that nobody understands. */
function checkPreload({ isNode, runAs, name }: AppSpec): void {
  if (!isNode || runAs === null) return
  const blocked = unreadablePart(AGENT_PATH, runAs)
  if (blocked === undefined) return
  throw new Failure(
    'SPAWN_FAILED',
    `Cannot start "${name}" as "${runAs.user}": that user may not read "${blocked}"`,
    {
      hint: 'Install Upkeep where every user can read it, such as /opt or /usr/local',
    },
  )
}

function startProcess(
  spec: AppSpec,
  output: WorkerOutput,
  env: Record<string, string>,
): Promise<ChildProcess & { readonly pid: number }> {
  const { program, args } = launchOf(spec)
  const child = spawn(program, args, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', output.stdoutFd, output.stderrFd, 'ipc'],
    ...(spec.runAs === null ? {} : { uid: spec.runAs.uid, gid: spec.runAs.gid }),
  })
  // The channel must not keep the daemon alive after it let go of its workers.
  child.unref()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () => resolve(child as ChildProcess & { readonly pid: number }))
  })
}

function agentSocketOf({ runAs }: AppSpec, around: WorkerSurroundings): string {
  return runAs === null ? around.agentSocketPath : around.publicAgentSocketPath
}

function workerEnvironment(
  spec: AppSpec,
  id: string,
  instance: number,
  agentSocketPath: string,
): Record<string, string> {
  const identity = { [WORKER_ENV.worker]: id, [WORKER_ENV.socket]: agentSocketPath }
  const env = { ...spec.env, NODE_APP_INSTANCE: String(instance), UPKEEP_INSTANCE: String(instance) }
  if (!spec.isNode) return { ...env, ...identity }
  return {
    ...env,
    ...identity,
    [WORKER_ENV.channel]: '3',
    ...(spec.balance === 'own' ? { [WORKER_ENV.portOffset]: String(instance) } : {}),
    NODE_OPTIONS: withAgent(spec.env.NODE_OPTIONS),
  }
}
