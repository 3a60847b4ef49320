import { Failure, isSystemError } from '../base/failure.ts'

/** What a path too long for a socket gives; the daemon says so in words. */
const TOO_LONG = ['EINVAL', 'ENAMETOOLONG']

/** True when a request failed because no daemon listens, rather than because one is slow, old or somebody else's. */
export function isDaemonAbsent(error: unknown): boolean {
  return (
    error instanceof Failure && isSystemError(error.cause, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR', ...TOO_LONG)
  )
}
