/** Where an app's listening sockets come from. */
export type Balance = 'shared' | 'spread' | 'own'

/** What makes a worker ready. `auto`: it listens, or lives for a while if the app never listened. */
export type ReadyWhen = 'auto' | 'listening' | 'message' | 'started'

export type RestartPolicy = 'always' | 'on-failure' | 'never'

export interface LogSpec {
  /** `plain` keeps the bytes the app wrote; `json` writes one JSON object per line. */
  readonly format: 'plain' | 'json'
  /** A file is rotated when it would grow beyond this. */
  readonly maxSizeBytes: number
  /** A file is rotated when it is this old; null for never. */
  readonly rotateEveryMs: number | null
  /** How many rotated files are kept per instance and stream. */
  readonly keep: number
  /** Bound on all files of the app together; the oldest rotated file goes first. */
  readonly maxTotalBytes: number
  /** Rotated files are compressed with gzip. */
  readonly compress: boolean
}

/**
 * How to run one app, resolved: absolute paths, numbers, every default filled in. This is what crosses from the
 * CLI to the daemon and into state.json; the user's file is turned into it in `config`.
 */
export interface AppSpec {
  readonly name: string
  /** What the user named: an absolute path or a program. For display; `program` and `programArgs` decide. */
  readonly script: string
  /** Absolute path of the executable. */
  readonly program: string
  /** Arguments before the app's own: interpreter arguments and the script. */
  readonly programArgs: readonly string[]
  /** The app's own arguments. */
  readonly args: readonly string[]
  readonly cwd: string
  /** The program is Node.js, so the agent can be preloaded. */
  readonly isNode: boolean
  readonly instances: number
  readonly balance: Balance
  /** The whole environment of the app; nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly ready: { readonly when: ReadyWhen; readonly timeoutMs: number }
  readonly stop: { readonly signal: NodeJS.Signals; readonly timeoutMs: number }
  readonly reload: { readonly order: 'start-first' | 'stop-first'; readonly parallel: number }
  readonly restart: {
    readonly policy: RestartPolicy
    /** Give up after so many crashes in a row; null for never. */
    readonly maxRestarts: number | null
    /** A worker that lived this long after ready was stable: the count starts again. */
    readonly minUptimeMs: number
    readonly backoffMs: number
    readonly maxBackoffMs: number
  }
  readonly logs: LogSpec
  /** Numeric ids to run as, resolved from names; null keeps the daemon's. */
  readonly runAs: { readonly user: string; readonly uid: number; readonly gid: number } | null
  /** Limits set with prlimit(1) before the program starts, as setrlimit(2) counts them, such as `{ nofile: 65536 }`. */
  readonly ulimits: Readonly<Record<string, number | 'unlimited'>>
}
