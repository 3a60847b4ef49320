// Commands that change something start the daemon when none answers.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, isSystemError } from '../base/failure.ts'
import type { UpkeepClient } from '../client/upkeep-client.ts'

const START_TIMEOUT_MS = 10_000
const LOG_LINES = 10

/** Returns when a daemon answers. Two at once end up with the same one: the daemon that comes second leaves. */
export async function ensureDaemon(client: UpkeepClient, home: string): Promise<{ readonly isNew: boolean }> {
  if (await answers(client)) return { isNew: false }
  const log = openLog(home)
  let exitStatus: number | null | undefined
  const child = spawn(process.execPath, [cliPath(), 'daemon', 'run', '--home', home], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: daemonEnvironment(process.env),
  })
  closeSync(log.fd)
  child.once('exit', (code) => {
    exitStatus = code
  })
  child.unref()
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  for (let waitMs = 5; performance.now() < deadlineMs; waitMs = Math.min(waitMs * 1.5, 100)) {
    if (await answers(client)) return { isNew: true }
    // The one that lost against another daemon leaves; the winner will answer soon.
    if (exitStatus !== undefined && exitStatus !== 69) break
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  throw startFailed(log.path, log.size, exitStatus)
}

async function answers(client: UpkeepClient): Promise<boolean> {
  try {
    await client.daemon()
    return true
  } catch (error) {
    const isAbsent =
      error instanceof Failure && isSystemError(error.cause, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET')
    if (isAbsent) return false
    throw error
  }
}

/** What the daemon needs itself; apps bring their own environment. */
function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = [
    'PATH',
    'HOME',
    'USER',
    'LOGNAME',
    'LANG',
    'LC_ALL',
    'TZ',
    'TMPDIR',
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
  ]
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
}

function openLog(home: string): { path: string; fd: number; size: number } {
  const path = join(home, 'daemon.log')
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    const size = existsSync(path) ? readFileSync(path).length : 0
    return { path, fd: openSync(path, 'a', 0o600), size }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('HOME_UNSAFE', `Cannot use "${home}" as home: ${reason}`, {
      hint: 'Set UPKEEP_HOME to a folder of your own',
      cause: error,
    })
  }
}

function startFailed(logPath: string, offset: number, exitStatus: number | null | undefined): Failure {
  const written = readFileSync(logPath).subarray(offset).toString('utf8')
  const details = written.trim().split('\n').slice(-LOG_LINES)
  const what = exitStatus === undefined ? 'it does not answer' : `it ended with status ${exitStatus}`
  return new Failure('DAEMON_START_FAILED', `Cannot start the daemon: ${what}`, {
    hint: `Read ${logPath}`,
    details,
  })
}

function cliPath(): string {
  return fileURLToPath(new URL('./main.js', import.meta.url))
}
