// Commands that start something start the daemon when none answers.
import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FAILURE_EXIT_STATUS, Failure, isSystemError } from '../base/failure.ts'
import { isDaemonAbsent } from '../client/daemon-absent.ts'
import type { UpkeepClient } from '../client/upkeep-client.ts'

const START_TIMEOUT_MS = 10_000
const LOG_LINES = 10
const MOST_LOG_BYTES = 64 * 1024

/** What the daemon needs itself; apps bring their own environment. */
const KEPT_ENVIRONMENT = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
  'NODE_EXTRA_CA_CERTS',
]

interface DaemonLog {
  readonly path: string
  readonly fd: number
  /** Where this daemon's lines begin. */
  readonly startBytes: number
}

/** Returns when a daemon answers. Two at once end up with the same one: the daemon that comes second leaves. */
export async function ensureDaemon(client: UpkeepClient, home: string): Promise<{ readonly isNew: boolean }> {
  if (await answers(client)) return { isNew: false }
  const log = openLog(home)
  try {
    await startDaemon(client, home, log)
  } finally {
    closeSync(log.fd)
  }
  return { isNew: true }
}

async function startDaemon(client: UpkeepClient, home: string, log: DaemonLog): Promise<void> {
  let end: string | undefined
  const child = spawn(process.execPath, [cliPath(), 'daemon', 'run', '--home', home], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: daemonEnvironment(process.env),
  })
  child.once('error', ({ message }) => {
    end = message
  })
  child.once('exit', (code, signal) => {
    // The one that lost against another daemon leaves; the winner will answer soon.
    if (code !== FAILURE_EXIT_STATUS.DAEMON_ALREADY_RUNNING)
      end = signal === null ? `it ended with status ${code}` : `${signal} ended it`
  })
  child.unref()
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  for (let waitMs = 5; performance.now() < deadlineMs; waitMs = Math.min(waitMs * 1.5, 100)) {
    if (await answers(client)) return
    if (end !== undefined) break
    await sleep(waitMs)
  }
  throw startFailed(log, end ?? `it does not answer within ${START_TIMEOUT_MS / 1000} s`)
}

async function answers(client: UpkeepClient): Promise<boolean> {
  try {
    await client.daemon()
    return true
  } catch (error) {
    // One that is just leaving resets the connection.
    const isLeaving = error instanceof Failure && isSystemError(error.cause, 'ECONNRESET', 'EPIPE')
    if (isDaemonAbsent(error) || isLeaving) return false
    throw error
  }
}

function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    KEPT_ENVIRONMENT.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}

function openLog(home: string): DaemonLog {
  const path = join(home, 'daemon.log')
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    // Before the daemon has checked the home, somebody else may have put a link there.
    const fd = openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, 0o600)
    return { path, fd, startBytes: fstatSync(fd).size }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('HOME_UNSAFE', `Cannot use "${home}" as home: ${reason}`, {
      hint: 'Set UPKEEP_HOME to a folder of your own',
      cause: error,
    })
  }
}

function startFailed({ path, fd, startBytes }: DaemonLog, what: string): Failure {
  const endBytes = fstatSync(fd).size
  const buffer = Buffer.alloc(Math.min(endBytes - startBytes, MOST_LOG_BYTES))
  readSync(fd, buffer, 0, buffer.length, endBytes - buffer.length)
  const lines = buffer.toString('utf8').trim().split('\n')
  return new Failure('DAEMON_START_FAILED', `Cannot start the daemon: ${what}`, {
    hint: `Read ${path}`,
    details: lines.filter((line) => line !== '').slice(-LOG_LINES),
  })
}

function cliPath(): string {
  return fileURLToPath(new URL('./main.js', import.meta.url))
}
