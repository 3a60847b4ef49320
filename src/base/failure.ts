// An expected, explained error: what could not be done, what is so instead, and what to do next. Everything
// else that is thrown is a bug and keeps its stack. Codes are a closed list so that docs and exit statuses
// can be checked against it.

/** Every failure code with the exit status (sysexits.h) the CLI leaves with. */
export const FAILURE_EXIT_STATUS = {
  USAGE: 64,
  CONFIG_INVALID: 78,
  CONFIG_NOT_FOUND: 66,
  CONFIG_UNREADABLE: 78,
  SCRIPT_NOT_FOUND: 66,
  SCRIPT_UNREADABLE: 77,
  CWD_NOT_FOUND: 66,
  USER_UNKNOWN: 67,
  INTERPRETER_NOT_FOUND: 66,
  APP_NOT_FOUND: 68,
  APP_ALREADY_RUNNING: 65,
  APP_NOT_RUNNING: 65,
  NOT_READY_IN_TIME: 75,
  WORKER_EXITED: 70,
  SPAWN_FAILED: 71,
  DAEMON_UNREACHABLE: 69,
  DAEMON_ALREADY_RUNNING: 69,
  DAEMON_START_FAILED: 71,
  DAEMON_BUSY: 75,
  UPGRADE_FAILED: 71,
  HOME_UNSAFE: 77,
  STATE_UNREADABLE: 74,
  PROTOCOL_MISMATCH: 76,
  REQUEST_INVALID: 65,
  ROUTE_UNKNOWN: 65,
  PLATFORM_UNSUPPORTED: 71,
  BOOT_UNSUPPORTED: 69,
  BOOT_FAILED: 71,
  FILE_FOREIGN: 73,
  NOT_PERMITTED: 77,
  PROGRAM_FAILED: 71,
  INTERRUPTED: 130,
} as const

export type FailureCode = keyof typeof FAILURE_EXIT_STATUS

/** A failure as it crosses a process boundary. */
export interface FailureData {
  readonly code: FailureCode
  readonly message: string
  readonly hint?: string
  /** Lines that show what happened: problems of a config, last output of a worker. */
  readonly details?: readonly string[]
}

export interface FailureOptions {
  readonly hint?: string | undefined
  readonly details?: readonly string[] | undefined
  readonly cause?: unknown
}

export class Failure extends Error {
  readonly code: FailureCode
  readonly hint: string | undefined
  readonly details: readonly string[]

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.code = code
    this.hint = options.hint
    this.details = options.details ?? []
  }

  get exitStatus(): number {
    return FAILURE_EXIT_STATUS[this.code]
  }

  toJSON(): FailureData {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.details.length === 0 ? {} : { details: this.details }),
    }
  }

  static fromData(data: FailureData): Failure {
    return new Failure(data.code, data.message, { hint: data.hint, details: data.details })
  }
}

/** True for an error of the operating system; with codes such as `ENOENT`, for one that has one of them. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && 'code' in error)) return false
  return codes.length === 0 ? 'syscall' in error : codes.includes(String(error.code))
}
