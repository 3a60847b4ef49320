// Commands that start something start the daemon when none answers.
import { spawn } from 'node:child_process'
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { FAILURE_EXIT_STATUS, Failure, isSystemError } from '../base/failure.ts'
import { isDaemonAbsent } from '../client/daemon-absent.ts'
import { failureIn } from '../client/exchange-failure.ts'
import { hasState } from '../client/home.ts'
import type { UpkeepClient } from '../client/upkeep-client.ts'
import { daemonCommand } from './daemon-command.ts'

const START_TIMEOUT_MS = 10_000
const TRY_AGAIN_MS = 500
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
  if ((await answeringPid(client)) !== undefined) return { isNew: false }
  const log = openLog(home)
  try {
    await startDaemon(client, home, log)
  } finally {
    closeSync(log.fd)
  }
  return { isNew: true }
}

/** For commands on apps that exist: they are known where a daemon has worked, also while none runs. */
export async function reviveDaemon(client: UpkeepClient, home: string): Promise<void> {
  if (hasState(home)) await ensureDaemon(client, home)
}

async function startDaemon(client: UpkeepClient, home: string, log: DaemonLog): Promise<void> {
  let child = new DaemonProcess(home, log)
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  for (let waitMs = 5; performance.now() < deadlineMs; waitMs = Math.min(waitMs * 1.5, 100)) {
    const pid = await answeringPid(client)
    // Ours lost against another one and leaves. Left alone, it could still take the place of one that is stopped soon.
    if (pid !== undefined && (pid === child.pid || child.end !== undefined)) return
    if (child.end !== undefined && !child.hasLost) break
    // The other one may just be dying.
    if (performance.now() - child.lostAtMs > TRY_AGAIN_MS) child = new DaemonProcess(home, log)
    await sleep(waitMs)
  }
  throw startFailed(log, child.end ?? `it does not answer within ${START_TIMEOUT_MS / 1000} s`)
}

class DaemonProcess {
  readonly pid: number | undefined
  /** How it ended; undefined while it lives. */
  end: string | undefined
  /** When it was seen that another daemon was there first. */
  lostAtMs = Number.POSITIVE_INFINITY

  get hasLost(): boolean {
    return this.lostAtMs < Number.POSITIVE_INFINITY
  }

  constructor(home: string, log: DaemonLog) {
    const [program = '', ...args] = daemonCommand()
    const child = spawn(program, [...args, home], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: daemonEnvironment(process.env),
    })
    this.pid = child.pid
    child.once('error', ({ message }) => {
      this.end = message
    })
    child.once('exit', (code, signal) => {
      if (code === FAILURE_EXIT_STATUS.DAEMON_ALREADY_RUNNING) this.lostAtMs = performance.now()
      this.end = signal === null ? `it ended with status ${code}` : `${signal} ended it`
    })
    child.unref()
  }
}

/** The pid of the daemon that answers. */
async function answeringPid(client: UpkeepClient): Promise<number | undefined> {
  try {
    return (await client.daemon()).pid
  } catch (error) {
    // One that is just leaving resets the connection.
    const isLeaving = error instanceof Failure && isSystemError(error.cause, 'ECONNRESET', 'EPIPE')
    if (isDaemonAbsent(error) || isLeaving) return undefined
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
    const isFile = isSystemError(error, 'EEXIST', 'ENOTDIR')
    const reason = isFile ? 'it is not a folder' : error instanceof Error ? error.message : String(error)
    throw new Failure('HOME_UNSAFE', `Cannot use "${home}" as home: ${reason}`, {
      hint: 'Set UPKEEP_HOME to a folder of your own',
      cause: error,
    })
  }
}

function startFailed({ path, fd, startBytes }: DaemonLog, what: string): Failure {
  const endBytes = fstatSync(fd).size
  // A daemon that found the file too long has begun it anew.
  const newBytes = endBytes < startBytes ? endBytes : endBytes - startBytes
  const buffer = Buffer.alloc(Math.min(newBytes, MOST_LOG_BYTES))
  readSync(fd, buffer, 0, buffer.length, endBytes - buffer.length)
  const lines = buffer.toString('utf8').trim().split('\n')
  const told = lines.filter((line) => line.startsWith('{"error":')).map(failureIn)
  if (told[0] !== undefined) return told[0]
  return new Failure('DAEMON_START_FAILED', `Cannot start the daemon: ${what}`, {
    hint: `Read ${path}`,
    details: lines.filter((line) => line !== '').slice(-LOG_LINES),
  })
}
