// One app: its instances, its sockets, its logs. Operations line up in one queue, so they never interleave; crashes
// and restarts in between are the instances' own affair.
import { Failure } from '../base/failure.ts'
import { TaskQueue } from '../base/task-queue.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { AppState, AppStatus, ExitReport } from '../protocol/status.ts'
import type { InstanceHost, InstanceRecord } from './instance.ts'
import { Instance } from './instance.ts'
import { CAN_SPREAD } from './listening-sockets.ts'
import type { Worker, WorkerSurroundings } from './worker.ts'

/** Tells about a step of an operation, for whoever waits for it. */
export type Report = (
  text: string,
  instance: number | null,
  progress?: { done: number; total: number },
) => void

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

/** How long the agents of adopted workers may take to send their sockets. */
const HANDOVER_MS = 2000

export class App {
  spec: AppSpec
  /** The config file it came from; null for a script named on the command line. */
  source: string | null
  wanted: 'running' | 'stopped' = 'stopped'
  readonly #host: AppHost
  readonly #queue = new TaskQueue()
  #instances: Instance[] = []
  #hasListened = false

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

  /** True once a worker of it has ever listened. */
  get hasListened(): boolean {
    this.#hasListened ||= this.workers.some((worker) => worker.hasListened)
    return this.#hasListened
  }

  start(report: Report): Promise<void> {
    return this.#queue.run(async () => {
      this.wanted = 'running'
      this.#resize(this.spec.instances)
      try {
        await this.#startAll(this.#instances, report)
      } catch (error) {
        // What cannot start is not left trying behind the back of whoever asked for it.
        await this.#stopAll(this.#instances, () => {})
        this.#goOut()
        throw error
      }
    })
  }

  stop(report: Report): Promise<ExitReport[]> {
    return this.#queue.run(async () => {
      // First, so that a connection is refused at once instead of waiting for a worker that does not come.
      this.#host.around.sockets.close()
      const reports = await this.#stopAll(this.#instances, report)
      this.#goOut()
      return reports
    })
  }

  /** Ends the workers because the daemon ends; the app stays wanted, so the next daemon starts it. */
  halt(report: Report): Promise<ExitReport[]> {
    return this.#queue.run(async () => {
      this.#host.around.sockets.close()
      return await this.#stopAll(this.#instances, report)
    })
  }

  /** Stops and starts; connections wait meanwhile, because the sockets stay open. */
  restart(spec: AppSpec, report: Report): Promise<void> {
    return this.#queue.run(async () => {
      const isOtherSocket = effectiveBalance(spec) !== effectiveBalance(this.spec)
      this.wanted = 'running'
      await this.#stopAll(this.#instances, report)
      if (isOtherSocket) this.#host.around.sockets.close()
      this.#use(spec)
      this.#resize(spec.instances)
      await this.#startAll(this.#instances, report)
    })
  }

  /**
   * Puts a new worker into each instance, one after another (`reload.parallel`). Stops at the first that does not make
   * it: its old worker stays.
   */
  reload(spec: AppSpec, report: Report): Promise<ExitReport[]> {
    return this.#queue.run(async () => {
      if (this.wanted === 'stopped') throw notRunning(this.name)
      const cut: ExitReport[] = []
      const waiting = [...this.#instances]
      const total = waiting.length
      this.#host.around.logs.configure(spec.logs)
      while (waiting.length > 0) {
        const batch = waiting.splice(0, spec.reload.parallel)
        const ends = await Promise.all(batch.map((instance) => this.#reloadOne(instance, spec, report)))
        cut.push(...ends.flat())
        report(`${total - waiting.length} of ${total} reloaded`, null, {
          done: total - waiting.length,
          total,
        })
      }
      this.#use(spec)
      await this.#scaleTo(spec.instances, report)
      return cut
    })
  }

  scale(count: number, report: Report): Promise<void> {
    return this.#queue.run(async () => {
      if (this.wanted === 'stopped') throw notRunning(this.name)
      this.#use({ ...this.spec, instances: count })
      await this.#scaleTo(count, report)
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
      notes: this.#notes(),
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
    this.#resize(record.wanted === 'running' ? record.spec.instances : record.instances.length)
    for (const instance of record.instances) {
      const place = this.#instances[instance.index] ?? this.#newInstance(instance.index)
      await place.adopt(instance)
      if (!this.#instances.includes(place) && place.workers.length > 0) void this.#stopAll([place], () => {})
    }
    const adopted = this.workers.length
    this.#expectSockets()
    if (record.wanted === 'running') this.#resume(record)
    else void this.stop(() => {})
    return adopted
  }

  connect(workerId: string): Worker | undefined {
    for (const instance of this.#instances) {
      const worker = instance.connect(workerId)
      if (worker !== undefined) return worker
    }
    return undefined
  }

  /** Resolves when it is known why each worker that ended did so. */
  async explained(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.explain()))
  }

  letGo(): void {
    for (const instance of this.#instances) instance.letGo()
    this.#host.around.sockets.close()
  }

  /** Agents take a moment to notice that there is a new daemon. */
  #expectSockets(): void {
    const { clock, sockets } = this.#host.around
    const listening = this.workers.filter(({ spec, addresses }) => spec.isNode && addresses.length > 0)
    if (listening.length === 0) return
    const deadline = new Promise<void>((resolve) => void clock.timer(HANDOVER_MS, resolve))
    sockets.expect(Promise.race([deadline, Promise.all(listening.map(({ introduced }) => introduced))]))
  }

  /** An instance that had given up or finished stays so over a change of daemons. */
  #resume(record: AppRecord): void {
    for (const instance of this.#instances) {
      const before = record.instances.find(({ index }) => index === instance.index)
      const isOver = before?.state === 'failed' || before?.state === 'finished'
      if (isOver && before !== undefined) instance.state = before.state
      else if (instance.state === 'stopped') instance.start(before?.spec ?? this.spec)
    }
  }

  async #startAll(instances: readonly Instance[], report: Report): Promise<void> {
    const total = instances.length
    let done = 0
    for (const instance of instances) instance.start(this.spec)
    const results = await Promise.allSettled(
      instances.map(async (instance) => {
        await untilStarted(instance)
        report('ready', instance.index, { done: ++done, total })
      }),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #stopAll(instances: readonly Instance[], report: Report): Promise<ExitReport[]> {
    const total = instances.length
    let done = 0
    const reports = await Promise.all(
      instances.map(async (instance) => {
        const workers = [...instance.workers]
        instance.dispatch({ type: 'stop' })
        await instance.until('stopped')
        const ends = await Promise.all([...workers, ...instance.workers].map((worker) => worker.ended))
        report(`stopped${howEnded(workers)}`, instance.index, { done: ++done, total })
        return ends
      }),
    )
    return reports.flat()
  }

  async #reloadOne(instance: Instance, spec: AppSpec, report: Report): Promise<ExitReport[]> {
    const { index } = instance
    if (instance.state !== 'ready' || spec.reload.order === 'stop-first') {
      await this.#stopAll([instance], () => {})
      instance.start(spec)
      await untilStarted(instance)
      report('ready', index)
      return []
    }
    report('new worker starting', index)
    instance.replaceWith(spec)
    await instance.until('ready', 'waiting', 'failed', 'finished', 'stopped')
    await instance.explain()
    if (instance.failure !== undefined) throw reloadFailed(spec.name, instance.failure)
    report('new worker ready, old one draining', index)
    const ends = await instance.drained()
    report('old worker gone', index)
    return ends
  }

  async #scaleTo(count: number, report: Report): Promise<void> {
    const before = this.#instances.length
    const extra = this.#instances.slice(count)
    if (extra.length > 0) await this.#stopAll(extra, report)
    this.#resize(count)
    const fresh = this.#instances.slice(before)
    try {
      await this.#startAll(fresh, report)
    } catch (error) {
      await this.#stopAll(fresh, () => {})
      this.#resize(before)
      this.#use({ ...this.spec, instances: before })
      throw error
    }
    this.#host.changed()
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

  #notes(): string[] {
    const shown = withoutCount(this.spec)
    const isMixed = this.#instances.some(
      ({ spec, workers }) => workers.length > 0 && withoutCount(spec) !== shown,
    )
    const notes = isMixed
      ? ['some workers run with another configuration than the one shown; "upkeep reload" ends that']
      : []
    const isSpreadInVain = this.spec.balance === 'spread' && !CAN_SPREAD
    return isSpreadInVain
      ? [...notes, 'balance "spread" needs a daemon on Node 22.12 or newer: sockets are shared']
      : notes
  }
}

async function untilStarted(instance: Instance): Promise<void> {
  await instance.until('ready', 'waiting', 'failed', 'finished', 'stopped')
  const report = await instance.explain()
  if (instance.state === 'ready') return
  if (instance.state === 'finished' && report?.code === 0) return
  if (instance.failure !== undefined) throw instance.failure
  throw new Failure('WORKER_EXITED', `Cannot start instance ${instance.index}: it was stopped meanwhile`)
}

function withoutCount(spec: AppSpec): string {
  return JSON.stringify({ ...spec, instances: 0 })
}

function effectiveBalance({ balance }: AppSpec): string {
  return balance === 'spread' && !CAN_SPREAD ? 'shared' : balance
}

function summarize(wanted: 'running' | 'stopped', states: readonly string[]): AppState {
  const count = (state: string) => states.filter((each) => each === state).length
  if (count('stopping') > 0 && wanted === 'stopped') return 'stopping'
  if (states.length === 0 || count('stopped') === states.length) return 'stopped'
  const up = count('ready') + count('replacing')
  if (up === states.length) return 'running'
  if (up > 0) return 'degraded'
  if (count('failed') > 0) return 'failed'
  if (count('finished') === states.length) return 'finished'
  return count('waiting') > 0 ? 'failed' : 'starting'
}

function howEnded(workers: readonly Worker[]): string {
  return workers.some(({ stoppedBy }) => stoppedBy === 'kill') ? ' (killed at the stop timeout)' : ''
}

function reloadFailed(name: string, { code, message, hint, details }: Failure): Failure {
  const what = `Cannot reload "${name}": the old workers go on. ${message}`
  return new Failure(code, what, { hint, details })
}

function notRunning(name: string): Failure {
  return new Failure('APP_NOT_RUNNING', `Cannot do that to "${name}": it is stopped`, {
    hint: `Start it with "upkeep start ${name}"`,
  })
}
