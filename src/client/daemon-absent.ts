import { Failure, isSystemError } from '../base/failure.ts'

/** True when a request failed because no daemon listens, rather than because one is slow, old or somebody else's. */
export function isDaemonAbsent(error: unknown): boolean {
  return error instanceof Failure && isSystemError(error.cause, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')
}
