// One app: its instances, its sockets, its logs, and the operations on it. Crashes and restarts in between are the
// instances' own affair.
import { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { AppStatus, ExitReport } from '../../protocol/status.ts'
import type { InstanceHost, InstanceRecord } from '../instance/instance.ts'
import type { HeldSocket } from '../sockets/listening-sockets.ts'
import { permittedBalance } from '../sockets/socket-permission.ts'
import type { Worker, WorkerSurroundings } from '../worker/worker.ts'
import { AppInstances } from './app-instances.ts'
import { AppOperations } from './app-operations.ts'
import { effectiveBalance, notesOn, summarize } from './app-summary.ts'
import { resume } from './resume.ts'
import type { Report, Steps } from './rollout.ts'
import { reloadAll, startAll, stopAll } from './rollout.ts'

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
  readonly #operations: AppOperations
  readonly #instances: AppInstances

  constructor(spec: AppSpec, source: string | null, host: AppHost) {
    this.spec = spec
    this.source = source
    this.#host = host
    this.#operations = new AppOperations(spec.name)
    this.#instances = new AppInstances(spec.name, host)
  }

  get name(): string {
    return this.spec.name
  }

  get workers(): readonly Worker[] {
    return this.#instances.workers
  }

  /** True while an operation is under way, or waits for its turn. */
  get isBusy(): boolean {
    return this.#operations.isBusy
  }

  /** True once a worker of it has ever listened. */
  get hasListened(): boolean {
    return this.#instances.hasListened
  }

  start(report: Report): Promise<void> {
    return this.#operations.run(async () => {
      this.wanted = 'running'
      this.#resize(this.spec.instances)
      try {
        await startAll(this.#instances.all, this.spec, this.#steps(report))
      } catch (error) {
        // What cannot start is not left trying behind the back of whoever asked for it.
        await stopAll(this.#instances.all, () => {})
        this.#goOut()
        throw error
      }
    })
  }

  stop(report: Report): Promise<ExitReport[]> {
    // Before anything ends: a daemon that is killed meanwhile must not start it again.
    this.wanted = 'stopped'
    return this.#interrupt(async () => {
      const reports = await stopAll(this.#instances.all, report)
      this.#goOut()
      return reports
    })
  }

  /** Stops for good, then calls `forget`: what lines up behind this finds no app any more. */
  remove(report: Report, forget: () => Promise<void>): Promise<ExitReport[]> {
    this.wanted = 'stopped'
    return this.#interrupt(async () => {
      const reports = await stopAll(this.#instances.all, report)
      this.#goOut()
      this.#operations.end()
      await forget()
      return reports
    })
  }

  /** Ends the workers because the daemon ends; the app stays wanted, so the next daemon starts it. */
  halt(report: Report): Promise<ExitReport[]> {
    return this.#interrupt(() => stopAll(this.#instances.all, report))
  }

  /** Stops and starts; connections wait meanwhile, because the sockets stay open. */
  restart(spec: AppSpec, report: Report): Promise<ExitReport[]> {
    return this.#operations.run(async () => {
      const isOtherSocket = effectiveBalance(spec) !== effectiveBalance(this.spec)
      this.wanted = 'running'
      const reports = await stopAll(this.#instances.all, report)
      if (isOtherSocket) this.#host.around.sockets.close()
      this.#use(spec)
      this.#resize(spec.instances)
      await startAll(this.#instances.all, this.spec, this.#steps(report))
      return reports
    })
  }

  /**
   * Puts a new worker into each instance, one after another (`reload.parallel`). Stops at the first that does not make
   * it: its old worker stays.
   */
  reload(spec: AppSpec, report: Report): Promise<ExitReport[]> {
    return this.#operations.run(async () => {
      this.#checkIsWanted('reload')
      this.#host.around.logs.configure(spec.logs)
      const cut = await reloadAll(this.#instances.all, spec, this.#steps(report))
      this.#use(spec)
      return [...cut, ...(await this.#scaleTo(spec.instances, report))]
    })
  }

  scale(count: number, report: Report): Promise<ExitReport[]> {
    return this.#operations.run(async () => {
      this.#checkIsWanted('scale')
      this.#use({ ...this.spec, instances: count })
      return await this.#scaleTo(count, report)
    })
  }

  /** Changes what is not running now. */
  configure(spec: AppSpec): void {
    this.#use(spec)
  }

  status(): AppStatus {
    const instances = this.#instances.all.map((instance) => instance.status())
    return {
      name: this.name,
      wanted: this.wanted,
      state: summarize(
        this.wanted,
        instances.map(({ state }) => state),
      ),
      instances,
      listening: this.#instances.addresses,
      spec: this.spec,
      notes: notesOn(this.spec, this.#instances.all, this.#host.around.logs.problem),
      logDirectory: this.#host.logDirectory,
    }
  }

  record(): AppRecord {
    const instances = this.#instances.all.map((instance) => instance.record())
    const { spec, wanted, source } = this
    return { spec, wanted, source, hasListened: this.hasListened, instances }
  }

  /** Takes over what runs, then starts what is missing: the one way in which a daemon begins. */
  async adopt(record: AppRecord): Promise<number> {
    this.wanted = record.wanted
    await this.#instances.adopt(record)
    const adopted = this.workers.length
    this.#expectSockets()
    if (record.wanted === 'stopped') void this.stop(() => {})
    else this.#resume(record)
    return adopted
  }

  /** Resolves when it is known why each worker that ended did so. */
  async explained(): Promise<void> {
    await this.#instances.explained()
  }

  /** Starts no worker any more. Resolves when all are known that were being started. */
  async freeze(): Promise<void> {
    await this.#instances.freeze()
  }

  letGo(): void {
    for (const { handle } of this.release()) handle.close()
  }

  /** The workers go on without this daemon; returns the listening sockets, which stay open. */
  release(): HeldSocket[] {
    this.#instances.letGo()
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

  #resume(record: AppRecord): void {
    const { spec } = this
    const changed = () => this.#host.changed()
    resume({ spec, instances: this.#instances, operations: this.#operations, changed }, record)
  }

  #interrupt<T>(task: () => Promise<T>): Promise<T> {
    const interrupted = this.#operations.interrupt(task)
    this.#host.changed()
    // First, so that a connection is refused at once instead of waiting for a worker that does not come.
    this.#host.around.sockets.close()
    for (const instance of this.#instances.all) instance.dispatch({ type: 'stop' })
    return interrupted
  }

  #steps(report: Report): Steps {
    return { report, giveWay: () => this.#operations.giveWay() }
  }

  /** Returns how the workers ended that are too many. */
  async #scaleTo(count: number, report: Report): Promise<ExitReport[]> {
    const before = this.#instances.all.length
    const ends = await stopAll(this.#instances.all.slice(count), report)
    this.#resize(count)
    const fresh = this.#instances.all.slice(before)
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
    this.#instances.resize(count, this.spec)
  }

  #checkIsWanted(action: 'reload' | 'scale'): void {
    if (this.wanted === 'running') return
    throw new Failure('APP_NOT_RUNNING', `Cannot ${action} "${this.name}": it is stopped`, {
      hint: `Start it with "upkeep start ${this.name}"`,
    })
  }
}
