import type { DaemonLog, DaemonParts } from './daemon.ts'
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

/** A daemon that has begun. */
export interface RunningDaemon {
  readonly adopted: number
  /** Leaves the workers to the next daemon. */
  leave(): Promise<void>
  /** Resolves when it has left, whoever asked for it. */
  readonly left: Promise<void>
}

/** Runs a daemon that somebody else looks after, until it is told to leave. Throws a Failure when it cannot begin. */
export async function runDaemon({ home }: DaemonOptions): Promise<void> {
  const notice = openServiceNotice(process.env)
  await runUntilLeft(home, async (parts) => {
    const daemon = await openDaemon(parts)
    notice.ready()
    return { adopted: daemon.adopted, left: daemon.left, leave: () => daemon.leave(true) }
  })
}

/** Gives the daemon its log and its signals, and this process its end. */
export async function runUntilLeft(
  directory: string,
  begin: (parts: DaemonParts) => Promise<RunningDaemon>,
): Promise<void> {
  const home = ensureHome(directory)
  const log = new JsonLog(1, home.daemonLog)
  const daemonLog: DaemonLog = {
    event: (event, app, instance, text) => log.info({ event, app, instance }, text),
    problem: (event, text) => log.error({ event }, text),
  }
  const parts = { home, log: daemonLog, loadRecords: () => loadState(home.stateFile) }
  const { adopted, leave, left } = await begin(parts).catch(endAfter)
  log.info({ event: 'daemon.ready', pid: process.pid, adopted }, `ready; adopted ${adopted} workers`)
  // A daemon that is asked to end leaves its workers running: the next one adopts them.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void leave())
  process.on('uncaughtException', (error) => {
    log.error({ event: 'daemon.bug', stack: error.stack }, 'leaving because of a bug; workers go on')
    process.exit(70)
  })
  await left
  log.info({ event: 'daemon.left' }, 'left')
  process.exit(0)
}

/** Workers that were taken over in part could hold the process, and keep their app from the next daemon. */
function endAfter(error: unknown): never {
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
  throw error
}
