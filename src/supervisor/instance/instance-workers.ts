// The workers of one instance: the one that fills it, the successor that is to take over, and those that drain. What
// happens to a worker is told by the role it has at that moment; `instance.ts` decides what follows.
import type { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { ExitReport } from '../../protocol/status.ts'
import type { WorkerRecord, WorkerWatcher } from '../worker/worker.ts'
import { Worker } from '../worker/worker.ts'
import type { WorkerPlan } from '../worker/worker-birth.ts'
import { adoptWorker, spawnWorker } from '../worker/worker-birth.ts'
import { spawnFailed } from '../worker/worker-failure.ts'
import type { InstanceHost } from './instance.ts'

/** A worker that did not become ready serves nobody: it need not drain for long. */
const LATE_STOP_MS = 3000

export type Role = 'worker' | 'successor'

export interface RoleWatcher {
  ready(role: Role): void
  /** Not ready in time. */
  late(role: Role, worker: Worker): void
  exited(role: Role, worker: Worker): void
  /** Without a role when nobody wanted the worker any more. */
  spawnFailed(role: Role | undefined, failure: Failure): void
  /** The worker drains, and nobody here has asked for that. */
  leaving(): void
  /** Something to persist or show has changed. */
  changed(): void
}

/** A spawn under way. */
class Spawn {
  /** False when the worker is to be stopped as soon as it is there. */
  isWanted = true
}

export class InstanceWorkers {
  readonly #index: number
  readonly #host: InstanceHost
  readonly #watcher: RoleWatcher
  #places: Record<Role, Worker | Spawn | undefined> = { worker: undefined, successor: undefined }
  readonly #draining = new Set<Worker>()
  readonly #spawns = new Set<Promise<void>>()
  #cancelLate: () => void = () => {}
  readonly #workerWatcher: WorkerWatcher = {
    ready: (worker) => this.#onReady(worker),
    exited: (worker) => this.#onExited(worker),
    leaving: (worker) => this.#onLeaving(worker),
    changed: () => this.#watcher.changed(),
  }

  constructor(index: number, host: InstanceHost, watcher: RoleWatcher) {
    this.#index = index
    this.#host = host
    this.#watcher = watcher
  }

  get worker(): Worker | undefined {
    return occupant(this.#places.worker)
  }

  get successor(): Worker | undefined {
    return occupant(this.#places.successor)
  }

  get draining(): readonly Worker[] {
    return [...this.#draining]
  }

  get all(): readonly Worker[] {
    return [this.worker, this.successor, ...this.#draining].filter((worker) => worker !== undefined)
  }

  spawn(role: Role, spec: AppSpec): void {
    const spawn = this.#spawn(role, spec).finally(() => this.#spawns.delete(spawn))
    this.#spawns.add(spawn)
  }

  /** Resolves when those are here that are being spawned. */
  async spawned(): Promise<void> {
    await Promise.all(this.#spawns)
  }

  /** The successor becomes the worker, and the worker it replaces drains. */
  promote(): void {
    const old = this.worker
    this.#succeed()
    if (old !== undefined) this.#stopAside(old)
  }

  /** The successor becomes the worker, also while it is still being spawned; there is no other any more. */
  inherit(): void {
    this.#succeed()
    if (this.worker !== undefined) this.#armLate('worker', this.worker)
  }

  discardSuccessor(): void {
    const { successor } = this
    this.#places.successor = undefined
    this.#cancelLate()
    if (successor !== undefined && successor.end === null) this.#stopAside(successor, LATE_STOP_MS)
  }

  drain(): void {
    this.#cancelLate()
    const place = this.#places.worker
    if (place instanceof Worker) void place.stop(place.isReady ? undefined : LATE_STOP_MS)
    else if (place !== undefined) place.isWanted = false
  }

  /** Resolves when every worker that was replaced is gone. */
  async drained(): Promise<ExitReport[]> {
    return await Promise.all(this.draining.map((worker) => worker.ended))
  }

  /** Takes over the worker that an earlier daemon left, not begun yet; undefined when it is gone. */
  async adopt(spec: AppSpec, record: WorkerRecord): Promise<Worker | undefined> {
    const worker = await adoptWorker(this.#plan(spec), record)
    this.#places.worker = worker
    return worker
  }

  /** Ends a worker that an unfinished operation or the power of another daemon left behind. */
  async adoptToStop(spec: AppSpec, record: WorkerRecord): Promise<void> {
    const worker = await adoptWorker(this.#plan(spec), record)
    if (worker === undefined) return
    this.#draining.add(worker)
    worker.begin()
    void worker.stop()
  }

  /** Gives an adopted worker the time to become ready that a new one has. */
  expectReady(worker: Worker): void {
    this.#armLate('worker', worker)
  }

  letGo(): void {
    this.#cancelLate()
    for (const worker of this.all) worker.letGo()
  }

  async #spawn(role: Role, spec: AppSpec): Promise<void> {
    const spawn = new Spawn()
    this.#places[role] = spawn
    const born = await spawnWorker(this.#plan(spec)).catch((error: unknown) => spawnFailed(spec, error))
    if (born instanceof Worker) this.#settleIn(born, spawn)
    else this.#giveUp(born, spawn)
    this.#watcher.changed()
  }

  /** Its role may have changed while it was spawned, or be gone. */
  #settleIn(worker: Worker, spawn: Spawn): void {
    const role = this.#roleOf(spawn)
    const isWanted = role !== undefined && spawn.isWanted
    if (role === undefined) this.#draining.add(worker)
    else this.#places[role] = worker
    if (role !== undefined && isWanted) this.#armLate(role, worker)
    worker.begin()
    if (!isWanted) void worker.stop(LATE_STOP_MS)
  }

  #giveUp(failure: Failure, spawn: Spawn): void {
    const role = this.#roleOf(spawn)
    if (role !== undefined) this.#places[role] = undefined
    this.#watcher.spawnFailed(role, failure)
  }

  #plan(spec: AppSpec): WorkerPlan {
    return {
      around: this.#host.around,
      watcher: this.#workerWatcher,
      spec,
      instance: this.#index,
      hasListenedBefore: this.#host.hasListened(),
    }
  }

  #succeed(): void {
    this.#places = { worker: this.#places.successor, successor: undefined }
  }

  #stopAside(worker: Worker, timeoutMs?: number): void {
    this.#draining.add(worker)
    void worker.stop(timeoutMs)
  }

  #armLate(role: Role, worker: Worker): void {
    this.#cancelLate()
    if (worker.isReady || worker.end !== null) return
    const { timeoutMs } = worker.spec.ready
    this.#cancelLate = this.#host.around.clock.timer(timeoutMs, () => this.#watcher.late(role, worker))
  }

  #onReady(worker: Worker): void {
    const role = this.#roleOf(worker)
    if (role === undefined) {
      this.#watcher.changed()
      return
    }
    this.#cancelLate()
    this.#watcher.ready(role)
  }

  /** The daemon before was killed when it had begun to replace this worker and not yet written that down. */
  #onLeaving(worker: Worker): void {
    if (this.#roleOf(worker) === 'worker' && !worker.isStopping) this.#watcher.leaving()
  }

  #onExited(worker: Worker): void {
    const role = this.#roleOf(worker)
    if (role === undefined) {
      this.#draining.delete(worker)
      this.#watcher.changed()
      return
    }
    this.#cancelLate()
    this.#places[role] = undefined
    this.#watcher.exited(role, worker)
  }

  #roleOf(who: Worker | Spawn): Role | undefined {
    if (this.#places.worker === who) return 'worker'
    return this.#places.successor === who ? 'successor' : undefined
  }
}

function occupant(place: Worker | Spawn | undefined): Worker | undefined {
  return place instanceof Worker ? place : undefined
}
