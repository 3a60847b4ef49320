// The preload in what an app's own node:cluster forks. Such a worker gets its sockets from its primary; only its
// `server.close()` is made to lose nothing, and its last words.
import cluster from 'node:cluster'
import http from 'node:http'
import { drainServer } from './drain.ts'
import { installExitFlush } from './exit-flush.ts'

if (cluster.isWorker) {
  hidePreload(process.execArgv)
  installExitFlush(() => 'unknown')
  const originalClose = http.Server.prototype.close
  http.Server.prototype.close = function close(
    this: http.Server,
    callback?: (error?: Error) => void,
  ): http.Server {
    if (!this.listening) return originalClose.call(this, callback)
    drainServer(this, callback)
    return this
  }
}

/** The app sees the arguments it gave. */
function hidePreload(execArgv: string[]): void {
  const index = execArgv.indexOf(__filename)
  if (index > 0) execArgv.splice(index - 1, 2)
}
