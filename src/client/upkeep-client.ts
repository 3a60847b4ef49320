import { Failure } from '../base/failure.ts'
import type {
  ApplyRequest,
  ExportedState,
  ImportRequest,
  LogEntry,
  LogQuery,
  OperationEvent,
  OperationRequest,
  SpecChange,
  SupervisorEvent,
  UpgradeRequest,
  UpgradeResult,
} from '../protocol/control.ts'
import type { AppStatus, DaemonStatus } from '../protocol/status.ts'
import type { Exchange } from './exchange.ts'
import { exchangeJson, exchangeLines } from './exchange.ts'
import { notUpkeep } from './exchange-failure.ts'
import { controlSocketIn, resolveHome } from './home.ts'
import { refuseForeign } from './refuse-foreign.ts'

/** Also the head of a stream comes at once. */
const ANSWER_TIMEOUT_MS = 5000

export interface ClientOptions {
  /** The daemon's home. @default `$UPKEEP_HOME` or `~/.upkeep` */
  readonly home?: string
  /** The control socket itself, instead of a home. */
  readonly socketPath?: string
  /** How long the daemon may be silent, in milliseconds; to begin an answer it has 5 s at most. @default 30000 */
  readonly timeoutMs?: number
}

export interface StreamOptions {
  /** Called for each event as it comes. */
  readonly onEvent?: ((event: OperationEvent) => void) | undefined
  /** Stops waiting; what was asked goes on in the daemon. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A client of the control socket. Methods throw a `Failure`: `DAEMON_UNREACHABLE` when no daemon answers,
 * `PROTOCOL_MISMATCH` when it is of another version, or what the daemon answers.
 *
 * @example
 * const client = new UpkeepClient()
 * const apps = await client.apps()
 */
export class UpkeepClient {
  readonly socketPath: string
  /** Undefined when the socket was named itself. */
  readonly #home: string | undefined
  readonly #timeoutMs: number

  constructor(options: ClientOptions = {}) {
    this.#home = options.socketPath === undefined ? resolveHome(options.home) : undefined
    this.socketPath = options.socketPath ?? controlSocketIn(resolveHome(options.home))
    this.#timeoutMs = options.timeoutMs ?? 30_000
  }

  /** What the daemon is: version, pid, memory. Also asks a daemon of another version. */
  async daemon(): Promise<DaemonStatus> {
    const status = await exchangeJson({ ...this.#exchange('GET', '/v1/daemon'), isVersioned: false })
    // Without a version to check, this tells a daemon from another program.
    if (!('pid' in status && 'protocol' in status)) throw notUpkeep(this.socketPath, 'not a daemon')
    return status as DaemonStatus
  }

  /** Ends the daemon, of any version, and all workers unless they are to stay for the next one. */
  async stopDaemon(options: StreamOptions & { readonly keepWorkers?: boolean } = {}): Promise<boolean> {
    const { keepWorkers = false, onEvent, signal } = options
    const exchange = this.#exchange('POST', '/v1/daemon/stop', { keepWorkers }, signal)
    return await this.#follow({ ...exchange, isVersioned: false }, onEvent)
  }

  /** Lets another daemon take the place of this one, of any version. Returns when it has. */
  async upgradeDaemon(request: UpgradeRequest): Promise<UpgradeResult> {
    const exchange = this.#exchange('POST', '/v1/daemon/upgrade', request)
    // Two steps, and as much again to go back.
    const answerTimeoutMs = 4 * request.timeoutMs + ANSWER_TIMEOUT_MS
    return (await exchangeJson({ ...exchange, answerTimeoutMs, isVersioned: false })) as UpgradeResult
  }

  /** All apps, by name. */
  async apps(): Promise<AppStatus[]> {
    const { apps } = (await this.#get('/v1/apps')) as { apps: AppStatus[] }
    return apps
  }

  /** One app; with `showEnv` the values of its environment too. */
  async app(name: string, options: { readonly showEnv?: boolean } = {}): Promise<AppStatus> {
    const query = options.showEnv === true ? '?env=show' : ''
    return (await this.#get(`/v1/apps/${encodeURIComponent(name)}${query}`)) as AppStatus
  }

  /** Makes true what the specs say. True when all of it succeeded; failures are events. */
  async apply(request: ApplyRequest, options: StreamOptions = {}): Promise<boolean> {
    return await this.#follow(this.#exchange('POST', '/v1/apply', request, options.signal), options.onEvent)
  }

  /** What `apply` would do. */
  async diff(request: ApplyRequest): Promise<SpecChange[]> {
    const answer = await exchangeJson(this.#exchange('POST', '/v1/diff', request))
    return (answer as { changes: SpecChange[] }).changes
  }

  /** All apps, for `importState` in another home. The values of their environments are in it. */
  async exportState(): Promise<ExportedState> {
    return (await this.#get('/v1/state')) as ExportedState
  }

  /** Starts what `exportState` told of. True when all of it succeeded; failures are events. */
  async importState(request: ImportRequest, options: StreamOptions = {}): Promise<boolean> {
    return await this.#follow(this.#exchange('POST', '/v1/import', request, options.signal), options.onEvent)
  }

  /** Starts, stops, restarts, reloads, scales or deletes apps. True when all of it succeeded; failures are events. */
  async operate(request: OperationRequest, options: StreamOptions = {}): Promise<boolean> {
    const exchange = this.#exchange('POST', '/v1/operations', request, options.signal)
    return await this.#follow(exchange, options.onEvent)
  }

  /** Log lines in the order of time; endless with `follow`. */
  async *logs(
    query: LogQuery = {},
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<LogEntry> {
    const { targets = [], ...single } = query
    const parameters = new URLSearchParams(targets.map((target): [string, string] => ['targets', target]))
    for (const [key, value] of Object.entries(single))
      if (value !== undefined) parameters.set(key, String(value))
    const path = `/v1/logs?${parameters}`
    yield* exchangeLines(this.#exchange('GET', path, undefined, options.signal)) as AsyncGenerator<LogEntry>
  }

  /** Empties the logs; returns the names of the apps. */
  async flushLogs(targets: readonly string[]): Promise<string[]> {
    const exchange = this.#exchange('POST', '/v1/logs/flush', { targets })
    // It answers when it is done, and large files that are being compressed come first.
    const answer = await exchangeJson({ ...exchange, answerTimeoutMs: this.#timeoutMs })
    return (answer as { apps: string[] }).apps
  }

  /** What happened lately, then what happens. */
  async *events(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<SupervisorEvent> {
    const exchange = this.#exchange('GET', '/v1/events', undefined, options.signal)
    yield* exchangeLines(exchange) as AsyncGenerator<SupervisorEvent>
  }

  /** What happened lately. */
  async recentEvents(): Promise<SupervisorEvent[]> {
    const answer = await this.#get('/v1/events?follow=false')
    return (answer as { events: SupervisorEvent[] }).events
  }

  async #follow(exchange: Exchange, onEvent: StreamOptions['onEvent']): Promise<boolean> {
    let end: boolean | undefined
    for await (const value of exchangeLines(exchange)) {
      const event = value as OperationEvent
      if (event.type === 'end') end = event.ok
      onEvent?.(event)
    }
    if (end !== undefined) return end
    throw new Failure('DAEMON_UNREACHABLE', 'Cannot tell how it ended: the daemon left before it was done', {
      hint: 'Look with "upkeep list"',
    })
  }

  #get(path: string): Promise<object> {
    return exchangeJson(this.#exchange('GET', path))
  }

  #exchange(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal): Exchange {
    const { socketPath } = this
    if (this.#home !== undefined) refuseForeign(this.#home)
    return {
      socketPath,
      method,
      path,
      answerTimeoutMs: Math.min(this.#timeoutMs, ANSWER_TIMEOUT_MS),
      timeoutMs: this.#timeoutMs,
      isVersioned: true,
      signal,
      ...(body === undefined ? {} : { body }),
    }
  }
}
