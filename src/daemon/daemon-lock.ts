// One daemon per home. The lock is a name in the kernel's abstract socket namespace (unix(7)): it is taken atomically and
// vanishes with the process, so there is nothing stale to clean up after a crash.
import { statSync } from 'node:fs'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { Failure, isSystemError } from '../base/failure.ts'

/** Takes the lock or throws DAEMON_ALREADY_RUNNING. It is held until the process ends. */
export async function lockHome(directory: string): Promise<Server> {
  const { dev, ino } = statSync(directory)
  const server = createServer((socket) => socket.destroy())
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(isSystemError(error, 'EADDRINUSE') ? taken(directory, error) : error),
    )
    server.listen(`\0upkeep-${process.getuid?.()}-${dev}-${ino}`, resolve)
  })
  return server
}

function taken(directory: string, cause: unknown): Failure {
  return new Failure(
    'DAEMON_ALREADY_RUNNING',
    `Cannot start a daemon in "${directory}": one runs there already`,
    {
      hint: 'Use it, or give this one another home with --home or UPKEEP_HOME',
      cause,
    },
  )
}
