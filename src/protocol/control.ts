// What the control socket speaks: HTTP/1.1 with JSON bodies on a unix socket. Long work and logs are streams of
// JSON lines (application/x-ndjson). docs/reference/control-api.md describes the same for people with curl.
//
//   GET  /v1/daemon            DaemonStatus
//   POST /v1/daemon/stop       { keepWorkers?: boolean } -> OperationEvent lines
//   POST /v1/daemon/upgrade    UpgradeRequest   -> UpgradeResult
//   GET  /v1/apps              { apps: AppStatus[] }
//   GET  /v1/apps/:name        AppStatus            (?env=show keeps the values of the environment)
//   POST /v1/apply             ApplyRequest     -> OperationEvent lines
//   POST /v1/diff              ApplyRequest     -> { changes: SpecChange[] }
//   GET  /v1/state             ExportedState, with the values of environments
//   POST /v1/import            ImportRequest    -> OperationEvent lines
//   POST /v1/operations        OperationRequest -> OperationEvent lines
//   GET  /v1/logs              LogQuery         -> LogEntry lines (endless with follow=true)
//   POST /v1/logs/flush        { targets } -> { apps: string[] }
//   GET  /v1/events            SupervisorEvent lines, endless
//
// Errors answer with { error: FailureData } and a 4xx or 5xx status.
import type { FailureData } from '../base/failure.ts'
import type { AppSpec } from './app-spec.ts'

export type Action = 'start' | 'stop' | 'restart' | 'reload' | 'scale' | 'delete'

export interface OperationRequest {
  readonly action: Action
  /** Names, `/regular expressions/`, or `all`. */
  readonly targets: readonly string[]
  /** For `scale`: a number, `+n`, `-n` or `max` as text. */
  readonly instances?: string
}

export interface UpgradeRequest {
  /** The daemon to start: an absolute path of a program, and its arguments without the home. */
  readonly command: readonly string[]
  /** How long it may take to be prepared, and again to take over. */
  readonly timeoutMs: number
}

export interface UpgradeResult {
  /** The daemon that is there now. */
  readonly pid: number
}

export interface ApplyRequest {
  readonly apps: readonly AppSpec[]
  /** Remove apps this config file started earlier and no longer names. */
  readonly prune?: boolean
  /** Go on with the other apps when one fails. */
  readonly keepGoing?: boolean
  /** Where the specs came from: a config file's path, or null for a script named on the command line. */
  readonly source: string | null
}

/** An app as it moves to another home: how it is run, and whether it shall. */
export interface MovedApp {
  readonly spec: AppSpec
  readonly wanted: 'running' | 'stopped'
  readonly source: string | null
}

export interface ExportedState {
  readonly version: number
  readonly apps: readonly MovedApp[]
}

export interface ImportRequest {
  /** An `ExportedState`; the daemon checks it. */
  readonly state: unknown
  /** Leave apps alone whose names are here already; otherwise they are a reason to import nothing. */
  readonly merge?: boolean
}

/** What would happen, or happened, to one app when a config is applied. */
export interface SpecChange {
  readonly app: string
  readonly change: 'start' | 'reload' | 'restart' | 'scale' | 'unchanged' | 'delete'
  /** Changed keys with values as text; values of `env` are never shown. */
  readonly fields: readonly { readonly path: string; readonly from: string; readonly to: string }[]
}

export type Outcome = 'started' | 'stopped' | 'restarted' | 'reloaded' | 'scaled' | 'deleted' | 'unchanged'

export type OperationEvent =
  /** Something happened on the way; for progress. */
  | {
      readonly type: 'step'
      readonly app: string
      readonly instance: number | null
      readonly text: string
      /** Instances done and to do, where that is known. */
      readonly done?: number
      readonly total?: number
    }
  | {
      readonly type: 'result'
      readonly app: string
      readonly ok: true
      readonly outcome: Outcome
      readonly text: string
    }
  | { readonly type: 'result'; readonly app: string; readonly ok: false; readonly error: FailureData }
  | { readonly type: 'end'; readonly ok: boolean }

export interface LogQuery {
  readonly targets?: readonly string[]
  readonly instance?: number
  readonly stream?: LogStream
  /** How many lines from the end, per app. @default 15 */
  readonly lines?: number
  /** Only lines written at or after this time (milliseconds since the epoch). */
  readonly sinceMs?: number
  readonly follow?: boolean
}

export type LogStream = 'stdout' | 'stderr'

export interface LogEntry {
  /** ISO time at which the daemon received the line. */
  readonly time: string
  readonly app: string
  readonly instance: number
  readonly stream: LogStream
  readonly line: string
}

export interface SupervisorEvent {
  readonly time: string
  /** A stable dotted word, such as `worker.ready`. */
  readonly event: string
  readonly app: string
  readonly instance: number | null
  readonly text: string
}
