import type { AppSpec } from './app-spec.ts'

/** The states of an instance; the machine in `supervisor/instance/instance-machine.ts` has one row for each. */
export type InstanceState =
  | 'stopped'
  | 'starting'
  | 'ready'
  | 'replacing'
  | 'stopping'
  | 'waiting'
  | 'finished'
  | 'failed'

/** How a worker ended. */
export interface ExitReport {
  readonly pid: number
  /** Exit code; null when a signal ended it, or when nobody could see it end. */
  readonly code: number | null
  readonly signal: string | null
  readonly atMs: number
  readonly uptimeMs: number
  /** One sentence for people: why it ended. */
  readonly reason: string
  /** The last lines it wrote to stderr (stdout when stderr was empty). */
  readonly lastLines: readonly string[]
}

export interface InstanceStatus {
  readonly instance: number
  readonly state: InstanceState
  readonly pid: number | null
  readonly startedAtMs: number | null
  readonly readyAtMs: number | null
  /** Restarts after a crash since the app was started. */
  readonly restarts: number
  /** When the next try is due, while waiting. */
  readonly retryAtMs: number | null
  readonly memoryBytes: number | null
  readonly cpuPercent: number | null
  /** Workers of this instance that finish what they began. */
  readonly drainingPids: readonly number[]
  readonly lastExit: ExitReport | null
}

/** `running`: every instance ready. `degraded`: some are. */
export type AppState = 'running' | 'starting' | 'degraded' | 'stopped' | 'stopping' | 'finished' | 'failed'

export interface AppStatus {
  readonly name: string
  readonly wanted: 'running' | 'stopped'
  readonly state: AppState
  readonly instances: readonly InstanceStatus[]
  /** Addresses the app listens on, such as `http://127.0.0.1:3000` without the scheme: `127.0.0.1:3000`. */
  readonly listening: readonly string[]
  /** How it is run; the values of `env` are shown as `[secret]` unless asked for. */
  readonly spec: AppSpec
  /** What somebody should know, such as "socket not held: adopted". */
  readonly notes: readonly string[]
  readonly logDirectory: string
}

export interface DaemonStatus {
  readonly pid: number
  readonly version: string
  readonly protocol: number
  readonly node: string
  readonly home: string
  readonly startedAtMs: number
  readonly memoryBytes: number
  readonly apps: number
  readonly workers: number
  /** The process that starts the next daemon when this one dies; null when there is none. */
  readonly keeperPid: number | null
}
