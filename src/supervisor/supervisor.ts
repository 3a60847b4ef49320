// All apps of this host: what they share, and what happens to all of them, such as a change of daemons.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { SupervisorEvent } from '../protocol/control.ts'
import type { AppStatus, ExitReport } from '../protocol/status.ts'
import type { AppRecord } from './app/app.ts'
import { App } from './app/app.ts'
import type { Report } from './app/rollout.ts'
import { AppLogs } from './logs/app-logs.ts'
import { LogFeed } from './logs/log-feed.ts'
import { FifoStock } from './logs/pipe/fifo-stock.ts'
import { settleSpools } from './logs/pipe/settle-spools.ts'
import { isSpoolName } from './logs/pipe/spool.ts'
import { Spooler } from './logs/pipe/spooler.ts'
import { WorkerOutput } from './logs/worker-output.ts'
import { ResourceMeter } from './process/resource-meter.ts'
import { appNamed, selectApps } from './select-apps.ts'
import type { HeldSocket } from './sockets/listening-sockets.ts'
import { ListeningSockets } from './sockets/listening-sockets.ts'
import { endStray, recordedWorkers, runs, withStrays } from './strays.ts'
import type { Worker, WorkerRecord } from './worker/worker.ts'
import { tryParseWorkerId } from './worker/worker-id.ts'

export interface SupervisorPlaces {
  readonly runDirectory: string
  readonly logDirectory: string
  readonly agentSocketPath: string
  readonly publicAgentSocketPath: string
}

export interface SupervisorWatcher {
  changed(): void
  event(event: SupervisorEvent): void
  /** `event` is a stable word, as in the daemon's log. */
  problem(event: 'logs' | 'workers', text: string): void
}

/** A listening socket and the name of its app. */
export interface AppSocket extends HeldSocket {
  readonly app: string
}

export interface AdoptOptions {
  /** Whether to end workers of apps that are not recorded. */
  readonly endUnwanted: boolean
  /** What the daemon before held, if it could hand that over. */
  readonly sockets: readonly AppSocket[]
}

const NO_SPOOLER =
  'Nothing moves the pipes into spools, so a kill of the daemon can lose what it has just read'

interface Entry {
  readonly app: App
  readonly logs: AppLogs
}

export class Supervisor {
  readonly feed = new LogFeed()
  readonly meter: ResourceMeter
  /** What workers are stopped with from now on, instead of what their specs say. */
  forwardedSignal: NodeJS.Signals | null = null
  readonly #places: SupervisorPlaces
  readonly #clock: Clock
  readonly #watcher: SupervisorWatcher
  readonly #entries = new Map<string, Entry>()
  readonly #fifoStock: FifoStock
  readonly #spooler: Spooler

  constructor(places: SupervisorPlaces, clock: Clock, watcher: SupervisorWatcher) {
    this.#places = places
    this.#clock = clock
    this.#watcher = watcher
    this.meter = new ResourceMeter(clock)
    this.#fifoStock = new FifoStock(places.runDirectory, clock)
    this.#spooler = new Spooler({
      directory: places.runDirectory,
      clock,
      onUnusable: (reason) => watcher.problem('logs', `${NO_SPOOLER}: ${reason}`),
    })
    mkdirSync(places.runDirectory, { recursive: true, mode: 0o700 })
    mkdirSync(places.logDirectory, { recursive: true, mode: 0o700 })
  }

  get apps(): readonly App[] {
    return [...this.#entries.values()].map(({ app }) => app).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  get workers(): readonly Worker[] {
    return this.apps.flatMap(({ workers }) => workers)
  }

  get(name: string): App | undefined {
    return this.#entries.get(name)?.app
  }

  logsOf(name: string): AppLogs | undefined {
    return this.#entries.get(name)?.logs
  }

  /** The apps that are meant: by name, `/regular expression/` or `all`. Throws when one means nothing. */
  select(targets: readonly string[]): readonly App[] {
    return selectApps(this.apps, targets)
  }

  /** The app of that name. Throws APP_NOT_FOUND. */
  named(name: string): App {
    return appNamed(this.apps, name)
  }

  add(spec: AppSpec, source: string | null): App {
    const { runDirectory, logDirectory, agentSocketPath, publicAgentSocketPath } = this.#places
    const onProblem = (text: string) => this.#watcher.problem('logs', `Logs of "${spec.name}": ${text}`)
    const { feed } = this
    const clock = this.#clock
    const logs = new AppLogs({
      app: spec.name,
      directory: logDirectory,
      spec: spec.logs,
      clock,
      feed,
      spooler: this.#spooler,
      onProblem,
    })
    const app = new App(spec, source, {
      around: {
        clock,
        runDirectory,
        agentSocketPath,
        publicAgentSocketPath,
        logs,
        fifoStock: this.#fifoStock,
        sockets: new ListeningSockets(),
        forwardedSignal: () => this.forwardedSignal,
      },
      meter: this.meter,
      logDirectory: join(logDirectory, spec.name),
      changed: () => this.#watcher.changed(),
      event: (event, name, instance, text) =>
        this.#watcher.event({
          time: new Date(clock.nowMs()).toISOString(),
          event,
          app: name,
          instance,
          text,
        }),
    })
    this.#entries.set(spec.name, { app, logs })
    this.#watcher.changed()
    return app
  }

  /** Stops an app and forgets it; its logs stay on disk. */
  async remove(app: App, report: Report): Promise<ExitReport[]> {
    return await app.remove(report, async () => {
      const entry = this.#entries.get(app.name)
      if (entry?.app !== app) return
      this.#entries.delete(app.name)
      await entry.logs.close()
      this.#watcher.changed()
    })
  }

  statuses(): AppStatus[] {
    this.meter.forget(new Set(this.workers.map(({ pid }) => pid)))
    return this.apps.map((app) => app.status())
  }

  records(): AppRecord[] {
    return this.apps.map((app) => app.record())
  }

  /** Takes over what an earlier daemon left, also what it had no time to write down. Returns the number of workers. */
  async adopt(recorded: readonly AppRecord[], { endUnwanted, sockets }: AdoptOptions): Promise<number> {
    settleSpools(this.#places.runDirectory, this.#places.logDirectory)
    const { records, unwanted } = withStrays(recorded, this.#places, this.#clock.nowMs())
    if (endUnwanted) for (const worker of unwanted) endStray(worker, this.#clock)
    else if (unwanted.length > 0) this.#watcher.problem('workers', leftAlone(unwanted))
    const apps = records.map((record) => ({ record, app: this.add(record.spec, record.source) }))
    // Pipes of workers that stay are what a daemon that knows their app needs to take them over.
    if (endUnwanted) await this.#removeOldPipes(records)
    for (const { app, ...socket } of sockets) this.#keepSocket(app, socket)
    const counts = apps.map(({ record, app }) => app.adopt(record))
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  /** FIFOs of workers that are gone, after what they said last is taken. */
  async #removeOldPipes(records: readonly AppRecord[]): Promise<void> {
    const living = new Set(
      records
        .flatMap(recordedWorkers)
        .filter(runs)
        .map(({ id }) => id),
    )
    const { runDirectory } = this.#places
    const old = readdirSync(runDirectory).filter((name) => !living.has(workerIdIn(name)))
    const withWords = old.filter((name) => name.endsWith('.rest') || isSpoolName(name)).map(workerIdIn)
    for (const workerId of new Set(withWords)) await this.#takeLastWords(workerId)
    for (const name of old) rmSync(join(runDirectory, name), { recursive: true, force: true })
  }

  async #takeLastWords(workerId: string): Promise<void> {
    const { app = '', instance = 0 } = tryParseWorkerId(workerId) ?? {}
    const logs = this.logsOf(app)
    if (logs === undefined) return
    const { runDirectory } = this.#places
    await WorkerOutput.takeLastWords({ logs, runDirectory, fifoStock: this.#fifoStock, workerId, instance })
  }

  findWorker(workerId: string): Worker | undefined {
    return this.workers.find(({ id }) => id === workerId)
  }

  /** The daemon leaves; workers go on. */
  async letGo(): Promise<void> {
    for (const { app } of this.#entries.values()) app.letGo()
    await Promise.all([...this.#entries.values()].map(({ logs }) => logs.close()))
    await Promise.all([this.#fifoStock.close(), this.#spooler.close()])
  }

  /** Starts no worker any more. Resolves when all are known that were being started. */
  async freeze(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.freeze()))
  }

  /** Like `letGo`, but the listening sockets stay open: another daemon gets them. */
  async release(): Promise<AppSocket[]> {
    const sockets = this.apps.flatMap((app) => app.release().map((socket) => ({ ...socket, app: app.name })))
    await this.letGo()
    return sockets
  }

  #keepSocket(app: string, socket: HeldSocket): void {
    const owner = this.get(app)
    if (owner === undefined) socket.handle.close()
    else owner.keepSocket(socket)
  }
}

/** From the name of one of its pipes, or of what it put beside one. */
function workerIdIn(name: string): string {
  return name.replace(/\.(?:out|err)(?:\.rest|\.spool|\.spool\.tmp)?$/, '')
}

function leftAlone(workers: readonly WorkerRecord[]): string {
  const pids = workers.map(({ pid }) => pid).join(', ')
  return `Left alone, because the state was damaged: workers of apps that are not in it, with pids ${pids}; the next daemon ends them`
}
