// The shell around the instance machine: it runs effects and turns what happens to workers into events.
import type { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { ExitReport, InstanceStatus } from '../../protocol/status.ts'
import type { ResourceMeter } from '../process/resource-meter.ts'
import type { Worker, WorkerRecord, WorkerSurroundings } from '../worker/worker.ts'
import { notReadyInTime, workerExited } from '../worker/worker-failure.ts'
import type { Effect, InstanceEvent, InstanceState } from './instance-machine.ts'
import { nextTransition } from './instance-machine.ts'
import type { Role } from './instance-workers.ts'
import { InstanceWorkers } from './instance-workers.ts'
import type { ObservedExit } from './restart-policy.ts'
import { Restarts } from './restarts.ts'

/** What begins something: nothing of it happens once the daemon leaves. */
const BEGINNINGS: ReadonlySet<Effect> = new Set(['spawn', 'spawn-successor', 'arm-retry'])

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
  lastExit: ExitReport | null = null
  /** Why the last worker or successor did not make it; what an operation reports. */
  failure: Failure | undefined
  readonly #host: InstanceHost
  readonly #workers: InstanceWorkers
  readonly #restarts: Restarts
  readonly #waiters = new Set<() => void>()
  /** Of those that were not ready in time, which ended because of that. */
  readonly #lateness = new WeakMap<Worker, Failure>()
  #successorSpec: AppSpec
  #lastEnded: Promise<unknown> = Promise.resolve()
  #isFrozen = false
  readonly #effects: Readonly<Record<Effect, () => void>> = {
    spawn: () => this.#spawn('worker', this.spec),
    'spawn-successor': () => this.#spawn('successor', this.#successorSpec),
    promote: () => this.#promote(),
    inherit: () => this.#inherit(),
    'discard-successor': () => this.#workers.discardSuccessor(),
    drain: () => this.#workers.drain(),
    'arm-retry': () => this.#restarts.arm(() => this.dispatch({ type: 'retry' })),
    'cancel-retry': () => this.#restarts.cancel(),
  }

  constructor(index: number, spec: AppSpec, host: InstanceHost) {
    this.index = index
    this.spec = spec
    this.#successorSpec = spec
    this.#host = host
    this.#restarts = new Restarts(host.around.clock)
    this.#workers = new InstanceWorkers(index, host, {
      ready: (role) => this.dispatch({ type: role === 'worker' ? 'ready' : 'successor-ready' }),
      late: (role, worker) => this.#onLate(role, worker),
      exited: (role, worker) => this.#onExited(role, worker),
      spawnFailed: (role, failure) => this.#onSpawnFailed(role, failure),
      leaving: () => this.replaceWith(this.spec),
      changed: () => host.changed(),
    })
  }

  get addresses(): readonly string[] {
    const { worker, successor } = this.#workers
    return [...(worker?.agent.addresses ?? []), ...(successor?.agent.addresses ?? [])]
  }

  get workers(): readonly Worker[] {
    return this.#workers.all
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

  start(spec: AppSpec): void {
    this.spec = spec
    this.failure = undefined
    this.#restarts.forgetCrashes()
    this.dispatch({ type: 'start' })
  }

  replaceWith(spec: AppSpec): void {
    this.#successorSpec = spec
    this.failure = undefined
    this.dispatch({ type: 'replace' })
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
  drained(): Promise<ExitReport[]> {
    return this.#workers.drained()
  }

  /** What to tell about the worker that ended last, once all it wrote is read. */
  async explain(): Promise<ExitReport | null> {
    await this.#lastEnded
    return this.lastExit
  }

  status(): InstanceStatus {
    const { worker, draining } = this.#workers
    const usage = worker === undefined ? undefined : this.#host.meter.usageOf(worker.pid)
    return {
      instance: this.index,
      state: this.state,
      pid: worker?.pid ?? null,
      startedAtMs: worker?.times.startedAtMs ?? null,
      readyAtMs: worker?.times.readyAtMs ?? null,
      restarts: this.#restarts.count,
      retryAtMs: this.#restarts.retryAtMs,
      memoryBytes: usage?.memoryBytes ?? null,
      cpuPercent: usage?.cpuPercent ?? null,
      drainingPids: draining.map(({ pid }) => pid),
      lastExit: this.lastExit,
    }
  }

  record(): InstanceRecord {
    const { index, state, spec, lastExit } = this
    const { worker, successor, draining } = this.#workers
    const others = successor === undefined ? draining : [...draining, successor]
    return {
      index,
      state,
      spec,
      worker: worker?.record() ?? null,
      others: others.map((other) => other.record()),
      restarts: this.#restarts.count,
      lastExit,
    }
  }

  /** Takes over what an earlier daemon left; what was about to be replaced stays, the half-made successor goes. */
  async adopt(record: InstanceRecord): Promise<void> {
    this.#restarts.count = record.restarts
    this.lastExit = record.lastExit
    for (const other of record.others) await this.#workers.adoptToStop(this.spec, other)
    if (record.worker === null) return
    const worker = await this.#workers.adopt(record.spec, record.worker)
    if (worker === undefined) return
    this.spec = record.spec
    const isStopping = record.state === 'stopping'
    // Before it begins: it may have died since it was looked at, and that is seen at once.
    this.state = isStopping ? 'stopping' : worker.isReady ? 'ready' : 'starting'
    worker.begin()
    if (isStopping) void worker.stop()
    else if (this.state === 'starting') this.#workers.expectReady(worker)
  }

  /** Starts no worker any more, whatever happens. Resolves when those are here that were being spawned. */
  async freeze(): Promise<void> {
    this.#isFrozen = true
    await this.#workers.spawned()
  }

  letGo(): void {
    this.#isFrozen = true
    this.#restarts.cancel()
    this.#workers.letGo()
  }

  #run(effect: Effect): void {
    if (this.#isFrozen && BEGINNINGS.has(effect)) return
    this.#effects[effect]()
  }

  #spawn(role: Role, spec: AppSpec): void {
    this.failure = undefined
    this.#workers.spawn(role, spec)
  }

  #promote(): void {
    this.spec = this.#successorSpec
    this.#restarts.forgetCrashes()
    this.#workers.promote()
  }

  #inherit(): void {
    this.spec = this.#successorSpec
    this.#workers.inherit()
  }

  #onLate(role: Role, worker: Worker): void {
    this.failure = notReadyInTime(worker, this.#host.hasListened())
    this.#lateness.set(worker, this.failure)
    this.dispatch({ type: role === 'worker' ? 'late' : 'successor-failed' })
  }

  #onSpawnFailed(role: Role | undefined, failure: Failure): void {
    this.failure = failure
    if (role === 'successor') this.dispatch({ type: 'successor-failed' })
    else if (role === 'worker') this.#afterExit({ code: null, signal: null, readyForMs: null })
  }

  #onExited(role: Role, worker: Worker): void {
    this.#lastEnded = worker.ended.then((report) => this.#noteEnd(role, worker, report))
    if (role === 'successor') {
      this.dispatch({ type: 'successor-failed' })
      return
    }
    const { code, signal } = worker.end ?? { code: null, signal: null }
    const how = signal === null ? (code === null ? '' : ` with exit code ${code}`) : ` by ${signal}`
    if (this.state !== 'stopping')
      this.#host.event('worker.exited', this.index, `pid ${worker.pid} ended${how}`)
    this.#afterExit({ code, signal, readyForMs: worker.times.readyForMs })
  }

  #noteEnd(role: Role, worker: Worker, report: ExitReport): void {
    const isOfReload = role === 'successor'
    this.lastExit = isOfReload ? { ...report, reason: `In a reload: ${report.reason}` } : report
    // Its successor may have begun by now, which forgot what was before.
    if (!worker.isReady) this.failure = this.#lateness.get(worker) ?? workerExited(worker, report)
    this.#host.changed()
  }

  #afterExit(exit: ObservedExit): void {
    this.dispatch({ type: 'exited', next: this.#restarts.decide(exit, this.spec.restart) })
  }

  #describe(state: InstanceState): string {
    if (state === 'failed') return `not tried again: ${this.#restarts.why}`
    if (state === 'waiting') return `next try in ${this.#restarts.delayMs} ms`
    const { worker } = this.#workers
    return worker === undefined ? state : `pid ${worker.pid}`
  }
}
