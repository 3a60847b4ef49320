// Everything that can go wrong between a client and the daemon, told as a Failure.
import type { FailureCode } from '../base/failure.ts'
import { FAILURE_EXIT_STATUS, Failure, isSystemError } from '../base/failure.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'

/** The failure that an answer's body tells of. */
export function failureIn(text: string): Failure | undefined {
  let error: unknown
  try {
    error = (JSON.parse(text) as { error?: unknown } | null)?.error
  } catch {
    return undefined
  }
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : undefined
  const details = 'details' in error && Array.isArray(error.details) ? error.details.map(String) : undefined
  const code = 'code' in error && isKnown(error.code) ? error.code : 'PROGRAM_FAILED'
  return new Failure(code, String(error.message), { hint, details })
}

function isKnown(code: unknown): code is FailureCode {
  return typeof code === 'string' && Object.hasOwn(FAILURE_EXIT_STATUS, code)
}

export function checkProtocol(spoken: string | string[] | undefined, socketPath: string): void {
  if (spoken === String(PROTOCOL_VERSION)) return
  if (spoken === undefined) throw notUpkeep(socketPath, 'no protocol version')
  throw new Failure(
    'PROTOCOL_MISMATCH',
    `Cannot talk to the daemon: it speaks protocol ${String(spoken).slice(0, 20)}, this program ${PROTOCOL_VERSION}`,
    {
      hint:
        Number(spoken) > PROTOCOL_VERSION
          ? 'Use the newer upkeep that the daemon is of; "upkeep daemon status" says which'
          : 'Replace the daemon with "upkeep upgrade"; apps go on',
    },
  )
}

export function unreachable(error: unknown, socketPath: string, keeperFailure?: string): Failure {
  if (isSystemError(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) {
    const hint = 'Start one with "upkeep daemon start"'
    const shown = keeperFailure === undefined ? hint : `${keeperFailure}. ${hint}`
    return cannotReach(socketPath, 'no daemon listens there', shown, error)
  }
  if (isSystemError(error, 'ECONNRESET', 'EPIPE')) {
    const hint = 'Apps go on; look with "upkeep list"'
    return cannotReach(socketPath, 'it ended in the middle of the answer', hint, error)
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    const hint = 'Set UPKEEP_HOME to your own home, or become the user whose daemon it is'
    return cannotReach(socketPath, 'it belongs to somebody else', hint, error)
  }
  const reason = error instanceof Error ? error.message : String(error)
  const isHttp = !(error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_'))
  if (!isHttp) return notUpkeep(socketPath, reason, error)
  return cannotReach(socketPath, reason, 'Check the path of UPKEEP_HOME', error)
}

/** Something holds the socket, so it is there and does nothing. */
export function unanswered(timeoutMs: number, pid: number | undefined): Failure {
  const shown = pid === undefined ? '' : ` (pid ${pid})`
  const id = pid ?? '<pid>'
  return new Failure(
    'DAEMON_UNREACHABLE',
    `Cannot reach the daemon${shown}: it does not answer within ${timeoutMs / 1000} s, it is stopped or overloaded`,
    {
      hint: `Wake it with "kill -CONT ${id}", or end it with "kill -9 ${id}": apps go on, and "upkeep daemon start" adopts them`,
    },
  )
}

export function silent(timeoutMs: number): Failure {
  return new Failure(
    'DAEMON_UNREACHABLE',
    `Cannot go on: the daemon said nothing for ${timeoutMs / 1000} s`,
    {
      hint: 'It may be busy or stopped; look at daemon.log in its home',
    },
  )
}

export function notUpkeep(socketPath: string, what: string, cause?: unknown): Failure {
  return new Failure(
    'DAEMON_UNREACHABLE',
    `Cannot understand what answers at "${socketPath}": ${what.slice(0, 200)}`,
    { hint: 'Something else may listen on that socket', cause },
  )
}

function cannotReach(socketPath: string, what: string, hint: string, cause: unknown): Failure {
  return new Failure('DAEMON_UNREACHABLE', `Cannot reach the daemon at "${socketPath}": ${what}`, {
    hint,
    cause,
  })
}
