import { Failure } from '../base/failure.ts'

/** What has no end of its own was ended by the daemon, in good order. */
export function streamEnded(): Failure {
  return new Failure('DAEMON_UNREACHABLE', 'Cannot follow any further: the daemon was replaced, or it left', {
    hint: 'Apps go on; use the same command again',
  })
}
