// The shell around the instance machine: it runs effects and turns what happens to workers into events.
import { Failure } from '../base/failure.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { ExitReport, InstanceStatus } from '../protocol/status.ts'
import type { AfterExit, Effect, InstanceEvent, InstanceState } from './instance-machine.ts'
import { nextTransition } from './instance-machine.ts'
import type { ResourceMeter } from './resource-meter.ts'
import type { RestartDecision } from './restart-policy.ts'
import { decideRestart } from './restart-policy.ts'
import type { Worker, WorkerRecord, WorkerSurroundings, WorkerWatcher } from './worker.ts'
import type { WorkerPlan } from './worker-birth.ts'
import { adoptWorker, spawnWorker } from './worker-birth.ts'
import { notReadyInTime, spawnFailed, workerExited } from './worker-failure.ts'

/** A worker that did not become ready serves nobody: it need not drain for long. */
const LATE_STOP_MS = 3000

/** The app, as an instance sees it. */
export interface InstanceHost {
  readonly around: WorkerSurroundings
  readonly meter: ResourceMeter
  hasListened(): boolean
  /** Something to persist or show has changed. */
  changed(): void
  event(event: string, instance: number, text: string): void
}

/** What state.json keeps of an instance. */
export interface InstanceRecord {
  readonly index: number
  readonly state: InstanceState
  readonly spec: AppSpec
  readonly worker: WorkerRecord | null
  /** Workers that drain or were about to take over when the record was written. */
  readonly others: readonly WorkerRecord[]
  readonly restarts: number
  readonly lastExit: ExitReport | null
}

export class Instance {
  readonly index: number
  /** How its worker is run; a reload gives the successor another one. */
  spec: AppSpec
  state: InstanceState = 'stopped'
  restarts = 0
  lastExit: ExitReport | null = null
  /** Why the last worker or successor did not make it; what an operation reports. */
  failure: Failure | undefined
  #host: InstanceHost
  #worker: Worker | undefined
  #successor: Worker | undefined
  #successorSpec: AppSpec
  readonly #draining = new Set<Worker>()
  #crashes = 0
  #retryAtMs: number | null = null
  #cancelRetry: (() => void) | undefined
  #cancelLate: (() => void) | undefined
  #decision: RestartDecision | undefined
  #waiters = new Set<() => void>()
  readonly #spawns = new Set<Promise<void>>()
  #isFrozen = false
  /** Spawns under way, by what their process will be; one that is in neither was overtaken. */
  #pending: { worker?: symbol | undefined; successor?: symbol | undefined } = {}
  readonly #watcher: WorkerWatcher = {
    ready: (worker) => this.#onReady(worker),
    exited: (worker) => this.#onExited(worker),
    leaving: (worker) => this.#onLeaving(worker),
    changed: () => this.#host.changed(),
  }

  constructor(index: number, spec: AppSpec, host: InstanceHost) {
    this.index = index
    this.spec = spec
    this.#successorSpec = spec
    this.#host = host
  }

  get addresses(): readonly string[] {
    return [...(this.#worker?.agent.addresses ?? []), ...(this.#successor?.agent.addresses ?? [])]
  }

  get workers(): readonly Worker[] {
    return [this.#worker, this.#successor, ...this.#draining].filter((worker) => worker !== undefined)
  }

  dispatch(event: InstanceEvent): void {
    const before = this.state
    const { to, effects } = nextTransition(before, event)
    this.state = to
    for (const effect of effects) this.#run(effect)
    if (to !== before) this.#host.event(`instance.${to}`, this.index, this.#describe(to))
    if (to !== before || effects.length > 0) this.#host.changed()
    for (const waiter of [...this.#waiters]) waiter()
  }

  replaceWith(spec: AppSpec): void {
    this.#successorSpec = spec
    this.failure = undefined
    this.dispatch({ type: 'replace' })
  }

  start(spec: AppSpec): void {
    this.spec = spec
    this.failure = undefined
    this.#crashes = 0
    this.dispatch({ type: 'start' })
  }

  /** Resolves when the state is one of these. */
  async until(...states: readonly InstanceState[]): Promise<void> {
    if (states.includes(this.state)) return
    await new Promise<void>((resolve) => {
      const waiter = () => {
        if (!states.includes(this.state)) return
        this.#waiters.delete(waiter)
        resolve()
      }
      this.#waiters.add(waiter)
    })
  }

  /** Resolves when every worker that was replaced is gone. */
  async drained(): Promise<ExitReport[]> {
    return await Promise.all([...this.#draining].map((worker) => worker.ended))
  }

  /** What to tell about the worker that ended last, once all it wrote is read. */
  async explain(): Promise<ExitReport | null> {
    await this.#lastEnded
    return this.lastExit
  }

  #lastEnded: Promise<unknown> = Promise.resolve()

  status(): InstanceStatus {
    const worker = this.#worker
    const usage = worker === undefined ? undefined : this.#host.meter.usageOf(worker.pid)
    return {
      instance: this.index,
      state: this.state,
      pid: worker?.pid ?? null,
      startedAtMs: worker?.times.startedAtMs ?? null,
      readyAtMs: worker?.times.readyAtMs ?? null,
      restarts: this.restarts,
      retryAtMs: this.#retryAtMs,
      memoryBytes: usage?.memoryBytes ?? null,
      cpuPercent: usage?.cpuPercent ?? null,
      drainingPids: [...this.#draining].map(({ pid }) => pid),
      lastExit: this.lastExit,
    }
  }

  record(): InstanceRecord {
    const { index, state, spec, restarts, lastExit } = this
    const others = [...this.#draining, this.#successor].filter((worker) => worker !== undefined)
    return {
      index,
      state,
      spec,
      worker: this.#worker?.record() ?? null,
      others: others.map((worker) => worker.record()),
      restarts,
      lastExit,
    }
  }

  /** Takes over what an earlier daemon left; what was about to be replaced stays, the half-made successor goes. */
  async adopt(record: InstanceRecord): Promise<void> {
    this.restarts = record.restarts
    this.lastExit = record.lastExit
    for (const other of record.others) await this.#adoptToStop(other)
    if (record.worker === null) return
    const worker = await adoptWorker(this.#plan(record.spec), record.worker)
    if (worker === undefined) return
    this.spec = record.spec
    this.#worker = worker
    worker.begin()
    if (record.state === 'stopping') {
      this.state = 'stopping'
      void worker.stop()
      return
    }
    this.state = worker.isReady ? 'ready' : 'starting'
    if (this.state === 'starting') this.#armLate(worker, 'late')
  }

  /** Ends the workers an unfinished operation or the power of another daemon left behind. */
  async #adoptToStop(record: WorkerRecord): Promise<void> {
    const worker = await adoptWorker(this.#plan(this.spec), record)
    if (worker === undefined) return
    this.#draining.add(worker)
    worker.begin()
    void worker.stop()
  }

  /** Starts no worker any more, whatever happens. Resolves when those are here that were being spawned. */
  async freeze(): Promise<void> {
    this.#isFrozen = true
    await Promise.all(this.#spawns)
  }

  letGo(): void {
    this.#isFrozen = true
    this.#cancelRetry?.()
    this.#cancelLate?.()
    for (const worker of this.workers) worker.letGo()
  }

  #run(effect: Effect): void {
    switch (effect) {
      case 'spawn':
        this.#beginSpawn('worker', this.spec)
        break
      case 'spawn-successor':
        this.#beginSpawn('successor', this.#successorSpec)
        break
      case 'promote':
        this.#promote()
        break
      case 'inherit':
        this.#inherit()
        break
      case 'discard-successor':
        this.#discardSuccessor()
        break
      case 'drain':
        this.#cancelLate?.()
        void this.#worker?.stop(this.#worker.isReady ? undefined : LATE_STOP_MS)
        break
      case 'arm-retry':
        this.#armRetry()
        break
      case 'cancel-retry':
        this.#cancelRetry?.()
        this.#retryAtMs = null
        break
    }
  }

  #beginSpawn(role: 'worker' | 'successor', spec: AppSpec): void {
    if (this.#isFrozen) return
    const spawn = this.#spawn(role, spec).finally(() => this.#spawns.delete(spawn))
    this.#spawns.add(spawn)
  }

  async #spawn(role: 'worker' | 'successor', spec: AppSpec): Promise<void> {
    const token = Symbol(role)
    this.#pending[role] = token
    this.failure = undefined
    const born = await spawnWorker(this.#plan(spec)).catch((error: unknown) => spawnFailed(spec, error))
    const isWorker = this.#pending.worker === token
    const isSuccessor = this.#pending.successor === token
    if (isWorker) this.#pending.worker = undefined
    if (isSuccessor) this.#pending.successor = undefined
    if (born instanceof Failure) this.#spawnFailed(born, isWorker, isSuccessor)
    else this.#spawned(born, isWorker, isSuccessor)
    this.#host.changed()
  }

  #spawned(worker: Worker, isWorker: boolean, isSuccessor: boolean): void {
    if (isWorker) this.#worker = worker
    else if (isSuccessor) this.#successor = worker
    else this.#draining.add(worker)
    const isWanted = isSuccessor || (isWorker && this.state === 'starting')
    if (isWanted) this.#armLate(worker, isWorker ? 'late' : 'successor-failed')
    worker.begin()
    if (!isWanted) void worker.stop(LATE_STOP_MS)
  }

  #spawnFailed(failure: Failure, isWorker: boolean, isSuccessor: boolean): void {
    this.failure = failure
    if (isSuccessor) this.dispatch({ type: 'successor-failed' })
    else if (isWorker) this.#afterExit({ code: null, signal: null, readyForMs: null })
  }

  #plan(spec: AppSpec): WorkerPlan {
    return {
      around: this.#host.around,
      watcher: this.#watcher,
      spec,
      instance: this.index,
      hasListenedBefore: this.#host.hasListened(),
    }
  }

  #armLate(worker: Worker, type: 'late' | 'successor-failed'): void {
    this.#cancelLate?.()
    const { timeoutMs } = worker.spec.ready
    if (worker.isReady || worker.end !== null) return
    this.#cancelLate = this.#host.around.clock.timer(timeoutMs, () => {
      this.failure = notReadyInTime(worker, this.#host.hasListened())
      this.dispatch({ type })
    })
  }

  #onReady(worker: Worker): void {
    if (worker === this.#worker || worker === this.#successor) this.#cancelLate?.()
    if (worker === this.#worker) this.dispatch({ type: 'ready' })
    else if (worker === this.#successor) this.dispatch({ type: 'successor-ready' })
    else this.#host.changed()
  }

  /** The daemon before was killed when it had begun to replace this worker and not yet written that down. */
  #onLeaving(worker: Worker): void {
    if (worker === this.#worker && !worker.isStopping) this.replaceWith(this.spec)
  }

  #onExited(worker: Worker): void {
    if (this.#draining.delete(worker)) {
      this.#host.changed()
      return
    }
    this.#cancelLate?.()
    const wasSuccessor = worker === this.#successor
    const ended = worker.ended.then((report) => {
      const isOfReload = wasSuccessor ? { ...report, reason: `In a reload: ${report.reason}` } : report
      this.lastExit = isOfReload
      if (!worker.isReady && this.failure?.code !== 'NOT_READY_IN_TIME') {
        this.failure = workerExited(worker, report)
      }
      this.#host.changed()
    })
    this.#lastEnded = ended
    if (wasSuccessor) {
      this.#successor = undefined
      this.dispatch({ type: 'successor-failed' })
      return
    }
    if (worker !== this.#worker) return
    this.#worker = undefined
    const { readyForMs } = worker.times
    const { code, signal } = worker.end ?? { code: null, signal: null }
    const how = signal === null ? (code === null ? '' : ` with exit code ${code}`) : ` by ${signal}`
    if (this.state !== 'stopping')
      this.#host.event('worker.exited', this.index, `pid ${worker.pid} ended${how}`)
    this.#afterExit({ code, signal, readyForMs })
  }

  #afterExit(exit: { code: number | null; signal: string | null; readyForMs: number | null }): void {
    this.#decision = decideRestart(exit, this.#crashes, this.spec.restart)
    this.#crashes = this.#decision.crashes
    const next: AfterExit = this.#decision.next
    this.dispatch({ type: 'exited', next })
  }

  #promote(): void {
    const old = this.#worker
    this.#worker = this.#successor
    this.#successor = undefined
    this.spec = this.#successorSpec
    this.#crashes = 0
    if (old === undefined) return
    this.#draining.add(old)
    void old.stop()
  }

  #inherit(): void {
    this.#worker = this.#successor
    this.#successor = undefined
    this.spec = this.#successorSpec
    // While it is still being spawned, what completes is the worker now.
    this.#pending = { worker: this.#pending.successor }
    if (this.#worker !== undefined) this.#armLate(this.#worker, 'late')
  }

  #discardSuccessor(): void {
    const successor = this.#successor
    this.#successor = undefined
    this.#pending.successor = undefined
    this.#cancelLate?.()
    if (successor === undefined || successor.end !== null) return
    this.#draining.add(successor)
    void successor.stop(LATE_STOP_MS)
  }

  #armRetry(): void {
    if (this.#isFrozen) return
    const delayMs = this.#decision?.delayMs ?? 0
    this.restarts++
    this.#retryAtMs = this.#host.around.clock.nowMs() + delayMs
    this.#cancelRetry = this.#host.around.clock.timer(delayMs, () => {
      this.#retryAtMs = null
      this.dispatch({ type: 'retry' })
    })
  }

  #describe(state: InstanceState): string {
    if (state === 'failed') return `not tried again: ${this.#decision?.why ?? ''}`
    if (state === 'waiting') return `next try in ${this.#decision?.delayMs ?? 0} ms`
    return this.#worker === undefined ? state : `pid ${this.#worker.pid}`
  }
}
