import type { DaemonLog } from './daemon.ts'
import { openDaemon } from './daemon.ts'
import { JsonLog } from './daemon-log.ts'
import { ensureHome } from './home.ts'
import { openServiceNotice } from './service-notice.ts'
import { loadState } from './state/load-state.ts'

/** How long a failure may take to be told before the process ends. */
const LAST_WORDS_MS = 500

export interface DaemonOptions {
  /** The folder in which it keeps everything. */
  readonly home: string
}

/** Runs a daemon in this process until it is told to leave. Throws a Failure when it cannot begin. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const notice = openServiceNotice(process.env)
  const home = ensureHome(options.home)
  const log = new JsonLog(1, home.daemonLog)
  const daemonLog: DaemonLog = {
    event: (event, app, instance, text) => log.info({ event, app, instance }, text),
    problem: (event, text) => log.error({ event }, text),
  }
  const daemon = await openDaemon(home, daemonLog, () => loadState(home.stateFile)).catch(endAfter)
  const { adopted } = daemon
  log.info({ event: 'daemon.ready', pid: process.pid, adopted }, `ready; adopted ${adopted} workers`)
  notice.ready()
  // A daemon that is asked to end leaves its workers running: the next one adopts them.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void daemon.leave(true))
  process.on('uncaughtException', (error) => {
    log.error({ event: 'daemon.bug', stack: error.stack }, 'leaving because of a bug; workers go on')
    process.exit(70)
  })
  await daemon.left
  log.info({ event: 'daemon.left' }, 'left')
  process.exit(0)
}

/** Workers that were taken over in part could hold the process, and keep their app from the next daemon. */
function endAfter(error: unknown): never {
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
  throw error
}
