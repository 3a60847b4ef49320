// One operating-system process that fills an instance: when it is ready, how it is stopped, how it ended. What it consists
// of is beside this file: its agent, its process, its output. It decides nothing; `instance.ts` does.
import type { ChildProcess } from 'node:child_process'
import type { Clock } from '../../base/clock.ts'
import { Timers } from '../../base/timers.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { ExitReport } from '../../protocol/status.ts'
import type { AgentConnection } from '../agents/agent-connection.ts'
import { WorkerAgent } from '../agents/worker-agent.ts'
import type { AppLogs } from '../logs/app-logs.ts'
import type { FifoStock } from '../logs/pipe/fifo-stock.ts'
import type { WorkerOutput } from '../logs/worker-output.ts'
import { endLeftovers } from '../process/process-group.ts'
import type { ListeningSockets } from '../sockets/listening-sockets.ts'
import { explainEnd } from './exit/explain-end.ts'
import type { ObservedEnd } from './process-watch.ts'
import { ProcessWatch } from './process-watch.ts'
import type { ReadySign } from './readiness.ts'
import { isSignOfReadiness, settleMs } from './readiness.ts'
import type { Rung } from './stop-ladder.ts'
import { StopLadder } from './stop-ladder.ts'
import { WorkerTimes } from './worker-times.ts'

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

export class Worker {
  readonly id: string
  readonly instance: number
  readonly spec: AppSpec
  readonly pid: number
  readonly startTicks: number | null
  readonly times: WorkerTimes
  readonly agent: WorkerAgent
  readonly isAdopted: boolean
  /** Resolves when the process is gone and all it wrote is read. */
  readonly ended: Promise<ExitReport>
  end: ObservedEnd | null = null
  readonly #around: WorkerSurroundings
  readonly #watcher: WorkerWatcher
  readonly #output: WorkerOutput
  readonly #child: Child | undefined
  readonly #hasListenedBefore: boolean
  readonly #timers: Timers
  readonly #ladder: StopLadder
  readonly #process: ProcessWatch
  #resolveEnded: (report: ExitReport) => void = () => {}
  #isStopping = false
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
    this.#child = child
    this.#hasListenedBefore = hasListenedBefore
    this.#timers = new Timers(around.clock)
    this.#process = new ProcessWatch(this, this.#timers, (end) => this.#hasEnded(end))
    this.agent = new WorkerAgent({
      spec,
      instance,
      sockets: around.sockets,
      addresses: record.addresses,
      timers: this.#timers,
      watcher: {
        ready: (sign) => this.#isReadyNow(sign),
        leaving: () => watcher.leaving(this),
        changed: () => watcher.changed(this),
        lost: () => this.#process.lookSoon(),
      },
    })
    this.#ladder = new StopLadder(this, this.#timers, around.forwardedSignal)
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  /** Starts to listen to it; whoever asked for it knows it by now. */
  begin(): void {
    if (this.#child === undefined) this.agent.expect()
    else this.agent.attach(this.#child.connection)
    this.#process.begin(this.#child?.process)
    if (this.end === null) this.#settle()
  }

  get hasListened(): boolean {
    return this.#hasListenedBefore || this.agent.addresses.length > 0
  }

  get isReady(): boolean {
    return this.times.readyForMs !== null
  }

  /** It was asked to end. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Which rung of the ladder ended it. */
  get stoppedBy(): Rung | null {
    return this.#ladder.rung
  }

  record(): WorkerRecord {
    const { id, pid, startTicks, times, agent } = this
    return { id, pid, startTicks, ...times.record(), addresses: agent.record() }
  }

  lastLines(count: number): string[] {
    return this.#output.lastLines(count)
  }

  /** Ask, then signal, then kill the whole group. Resolves when it is gone; safe to call again. */
  stop(timeoutMs = this.spec.stop.timeoutMs): Promise<ExitReport> {
    if (this.#isStopping) return this.ended
    this.#isStopping = true
    if (this.end === null) this.#ladder.descend(timeoutMs)
    return this.ended
  }

  /** The daemon leaves; the worker and what it writes stay for the next one. */
  letGo(): void {
    this.#isLetGo = true
    this.#timers.clear()
    this.#output.close()
    this.agent.close()
  }

  #isReadyNow(sign: ReadySign): void {
    if (!isSignOfReadiness(sign, this.spec.ready.when) || this.isReady || this.end !== null) return
    this.times.noteReady()
    this.#watcher.ready(this)
  }

  #settle(): void {
    const delayMs = settleMs(this.spec, this.#hasListenedBefore)
    if (delayMs === undefined || this.isReady) return
    if (delayMs === 0) this.#isReadyNow('settled')
    else this.#timers.later(delayMs, () => this.#isReadyNow('settled'))
  }

  #hasEnded(seen: ObservedEnd | undefined): void {
    // Then its end is the next daemon's affair.
    if (this.end !== null || this.#isLetGo) return
    const end = seen ?? { code: null, signal: this.stoppedBy === 'kill' ? 'SIGKILL' : null }
    this.end = end
    this.#timers.clear()
    this.agent.end()
    endLeftovers(this.pid, this.#around.clock)
    this.#watcher.exited(this)
    const when = { atMs: this.#around.clock.nowMs(), uptimeMs: this.times.uptimeMs }
    void this.#output
      .finish(OUTPUT_GRACE_MS)
      .then(async () => this.#resolveEnded(await this.#report(end, when)))
  }

  async #report(end: ObservedEnd, when: Pick<ExitReport, 'atMs' | 'uptimeMs'>): Promise<ExitReport> {
    const { pid, spec, isReady, isStopping } = this
    const { takenPort } = this.agent
    const { agentSocketPath, publicAgentSocketPath } = this.#around
    const agentSockets = [agentSocketPath, publicAgentSocketPath]
    const lastLines = this.#output.lastLines(LAST_LINES)
    const reason = await explainEnd({ spec, isReady, isStopping, end, lastLines, takenPort, agentSockets })
    return { pid, ...end, ...when, reason, lastLines }
  }
}
