// One app: its instances, its sockets, its logs. Operations line up in one queue, so they never interleave; crashes
// and restarts in between are the instances' own affair.
import { Failure } from '../base/failure.ts'
import { TaskQueue } from '../base/task-queue.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { AppStatus, ExitReport } from '../protocol/status.ts'
import { effectiveBalance, notesOn, summarize } from './app-summary.ts'
import type { InstanceHost, InstanceRecord } from './instance.ts'
import { Instance } from './instance.ts'
import type { HeldSocket } from './listening-sockets.ts'
import type { Report, Steps } from './rollout.ts'
import { reloadOne, startAll, stopAll, stoppedMeanwhile } from './rollout.ts'
import { permittedBalance } from './socket-permission.ts'
import type { Worker, WorkerSurroundings } from './worker.ts'

export interface AppRecord {
  readonly spec: AppSpec
  readonly wanted: 'running' | 'stopped'
  readonly source: string | null
  readonly hasListened: boolean
  readonly instances: readonly InstanceRecord[]
}

export interface AppHost {
  readonly around: WorkerSurroundings
  readonly meter: InstanceHost['meter']
  readonly logDirectory: string
  changed(): void
  event(event: string, app: string, instance: number | null, text: string): void
}

export class App {
  spec: AppSpec
  /** The config file it came from; null for a script named on the command line. */
  source: string | null
  wanted: 'running' | 'stopped' = 'stopped'
  readonly #host: AppHost
  readonly #queue = new TaskQueue()
  #instances: Instance[] = []
  #hasListened = false
  #isRemoved = false
  /** Operations that end the workers and wait for their turn. */
  #interruptions = 0
  #operations = 0

  constructor(spec: AppSpec, source: string | null, host: AppHost) {
    this.spec = spec
    this.source = source
    this.#host = host
  }

  get name(): string {
    return this.spec.name
  }

  get workers(): readonly Worker[] {
    return this.#instances.flatMap(({ workers }) => workers)
  }

  /** True while an operation is under way, or waits for its turn. */
  get isBusy(): boolean {
    return this.#operations > 0
  }

  /** True once a worker of it has ever listened. */
  get hasListened(): boolean {
    this.#hasListened ||= this.workers.some((worker) => worker.hasListened)
    return this.#hasListened
  }

  start(report: Report): Promise<void> {
    return this.#run(async () => {
      this.wanted = 'running'
      this.#resize(this.spec.instances)
      try {
        await startAll(this.#instances, this.spec, this.#steps(report))
      } catch (error) {
        // What cannot start is not left trying behind the back of whoever asked for it.
        await stopAll(this.#instances, () => {})
        this.#goOut()
        throw error
      }
    })
  }

  stop(report: Report): Promise<ExitReport[]> {
    // Before anything ends: a daemon that is killed meanwhile must not start it again.
    this.wanted = 'stopped'
    return this.#interrupt(async () => {
      const reports = await stopAll(this.#instances, report)
      this.#goOut()
      return reports
    })
  }

  /** Stops for good, then calls `forget`: what lines up behind this finds no app any more. */
  remove(report: Report, forget: () => Promise<void>): Promise<ExitReport[]> {
    this.wanted = 'stopped'
    return this.#interrupt(async () => {
      const reports = await stopAll(this.#instances, report)
      this.#goOut()
      this.#isRemoved = true
      await forget()
      return reports
    })
  }

  /** Ends the workers because the daemon ends; the app stays wanted, so the next daemon starts it. */
  halt(report: Report): Promise<ExitReport[]> {
    return this.#interrupt(() => stopAll(this.#instances, report))
  }

  /** Stops and starts; connections wait meanwhile, because the sockets stay open. */
  restart(spec: AppSpec, report: Report): Promise<ExitReport[]> {
    return this.#run(async () => {
      const isOtherSocket = effectiveBalance(spec) !== effectiveBalance(this.spec)
      this.wanted = 'running'
      const reports = await stopAll(this.#instances, report)
      if (isOtherSocket) this.#host.around.sockets.close()
      this.#use(spec)
      this.#resize(spec.instances)
      await startAll(this.#instances, this.spec, this.#steps(report))
      return reports
    })
  }

  /**
   * Puts a new worker into each instance, one after another (`reload.parallel`). Stops at the first that does not make
   * it: its old worker stays.
   */
  reload(spec: AppSpec, report: Report): Promise<ExitReport[]> {
    return this.#run(async () => {
      if (this.wanted === 'stopped') throw notRunning('reload', this.name)
      const cut: ExitReport[] = []
      const waiting = [...this.#instances]
      const total = waiting.length
      const steps = this.#steps(report)
      this.#host.around.logs.configure(spec.logs)
      while (waiting.length > 0) {
        const batch = waiting.splice(0, spec.reload.parallel)
        const ends = await Promise.all(batch.map((instance) => reloadOne(instance, spec, steps)))
        cut.push(...ends.flat())
        report(`${total - waiting.length} of ${total} reloaded`, null, {
          done: total - waiting.length,
          total,
        })
      }
      this.#use(spec)
      cut.push(...(await this.#scaleTo(spec.instances, report)))
      return cut
    })
  }

  scale(count: number, report: Report): Promise<ExitReport[]> {
    return this.#run(async () => {
      if (this.wanted === 'stopped') throw notRunning('scale', this.name)
      this.#use({ ...this.spec, instances: count })
      return await this.#scaleTo(count, report)
    })
  }

  /** Changes what is not running now. */
  configure(spec: AppSpec): void {
    this.#use(spec)
  }

  status(): AppStatus {
    const instances = this.#instances.map((instance) => instance.status())
    return {
      name: this.name,
      wanted: this.wanted,
      state: summarize(
        this.wanted,
        instances.map(({ state }) => state),
      ),
      instances,
      listening: [...new Set(this.#instances.flatMap(({ addresses }) => addresses))],
      spec: this.spec,
      notes: notesOn(this.spec, this.#instances, this.#host.around.logs.problem),
      logDirectory: this.#host.logDirectory,
    }
  }

  record(): AppRecord {
    const instances = this.#instances.map((instance) => instance.record())
    const { spec, wanted, source } = this
    return { spec, wanted, source, hasListened: this.hasListened, instances }
  }

  /** Takes over what runs, then starts what is missing: the one way in which a daemon begins. */
  async adopt(record: AppRecord): Promise<number> {
    this.wanted = record.wanted
    this.#hasListened = record.hasListened
    this.#resize(Math.max(record.spec.instances, ...record.instances.map(({ index }) => index + 1)))
    for (const instance of record.instances) await this.#instances[instance.index]?.adopt(instance)
    const adopted = this.workers.length
    this.#expectSockets()
    if (record.wanted === 'stopped') void this.stop(() => {})
    else this.#resume(record)
    return adopted
  }

  /** Resolves when it is known why each worker that ended did so. */
  async explained(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.explain()))
  }

  /** Starts no worker any more. Resolves when all are known that were being started. */
  async freeze(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.freeze()))
  }

  letGo(): void {
    for (const { handle } of this.release()) handle.close()
  }

  /** The workers go on without this daemon; returns the listening sockets, which stay open. */
  release(): HeldSocket[] {
    for (const instance of this.#instances) instance.letGo()
    return this.#host.around.sockets.release()
  }

  /** Takes a socket that another daemon has released. */
  keepSocket({ address, handle, instance }: HeldSocket): void {
    this.#host.around.sockets.keep(address, handle, instance, permittedBalance(this.spec))
  }

  /** Agents take a moment to notice that there is a new daemon. */
  #expectSockets(): void {
    const listening = this.workers.filter(({ spec, agent }) => spec.isNode && agent.addresses.length > 0)
    this.#host.around.sockets.expect(Promise.all(listening.map(({ agent }) => agent.introduced)))
  }

  /** An instance that had given up or finished stays so over a change of daemons. */
  #resume(record: AppRecord): void {
    if (this.#instances.length > this.spec.instances) this.#endExtra()
    for (const instance of this.#instances.slice(0, this.spec.instances)) {
      const before = record.instances.find(({ index }) => index === instance.index)
      const spec = before?.spec ?? this.spec
      const isOver = before?.state === 'failed' || before?.state === 'finished'
      if (isOver && before !== undefined) instance.state = before.state
      else if (instance.state === 'stopped') instance.start(spec)
      else if (instance.state === 'stopping') this.#startOnceStopped(instance, spec)
    }
  }

  /** The daemon before was killed while it scaled down. */
  #endExtra(): void {
    void this.#run(async () => {
      await stopAll(this.#instances.slice(this.spec.instances), () => {})
      this.#resize(this.spec.instances)
      this.#host.changed()
    }).catch(() => {})
  }

  /** The daemon before was killed in the middle of a restart, or while it ended its workers. */
  #startOnceStopped(instance: Instance, spec: AppSpec): void {
    void this.#run(async () => {
      await instance.until('stopped')
      instance.start(spec)
    }).catch(() => {})
  }

  /** Operations line up; one that waits for workers to become ready gives way to one that ends them. */
  #run<T>(task: () => Promise<T>): Promise<T> {
    return this.#lineUp(async () => {
      if (this.#isRemoved) throw isGone(this.name)
      this.#giveWay()
      return await task()
    })
  }

  #lineUp<T>(task: () => Promise<T>): Promise<T> {
    this.#operations++
    return this.#queue.run(task).finally(() => {
      this.#operations--
    })
  }

  #interrupt<T>(task: () => Promise<T>): Promise<T> {
    this.#interruptions++
    this.#host.changed()
    // First, so that a connection is refused at once instead of waiting for a worker that does not come.
    this.#host.around.sockets.close()
    for (const instance of this.#instances) instance.dispatch({ type: 'stop' })
    return this.#lineUp(async () => {
      this.#interruptions--
      if (this.#isRemoved) throw isGone(this.name)
      return await task()
    })
  }

  #steps(report: Report): Steps {
    return { report, giveWay: () => this.#giveWay() }
  }

  #giveWay(): void {
    if (this.#interruptions > 0) throw stoppedMeanwhile(this.name)
  }

  /** Returns how the workers ended that are too many. */
  async #scaleTo(count: number, report: Report): Promise<ExitReport[]> {
    const before = this.#instances.length
    const ends = await stopAll(this.#instances.slice(count), report)
    this.#resize(count)
    const fresh = this.#instances.slice(before)
    try {
      await startAll(fresh, this.spec, this.#steps(report))
    } catch (error) {
      await stopAll(fresh, () => {})
      this.#resize(before)
      this.#use({ ...this.spec, instances: before })
      throw error
    }
    this.#host.changed()
    return ends
  }

  #goOut(): void {
    this.wanted = 'stopped'
    this.#host.around.sockets.close()
    this.#host.changed()
  }

  #use(spec: AppSpec): void {
    this.spec = spec
    this.#host.around.logs.configure(spec.logs)
    this.#host.changed()
  }

  #resize(count: number): void {
    if (this.#instances.length > count) this.#instances.length = count
    while (this.#instances.length < count) this.#instances.push(this.#newInstance(this.#instances.length))
  }

  #newInstance(index: number): Instance {
    return new Instance(index, this.spec, {
      around: this.#host.around,
      meter: this.#host.meter,
      hasListened: () => this.hasListened,
      changed: () => this.#host.changed(),
      event: (event, instance, text) => this.#host.event(event, this.name, instance, text),
    })
  }
}

function isGone(name: string): Failure {
  return new Failure('APP_NOT_FOUND', `Cannot change "${name}": it was deleted meanwhile`)
}

function notRunning(action: 'reload' | 'scale', name: string): Failure {
  return new Failure('APP_NOT_RUNNING', `Cannot ${action} "${name}": it is stopped`, {
    hint: `Start it with "upkeep start ${name}"`,
  })
}
