// The failures of a worker, as an operation reports them.
import { existsSync } from 'node:fs'
import { Failure, isSystemError } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { ExitReport } from '../../protocol/status.ts'
import type { Worker } from './worker.ts'

const SHOWN_LINES = 25

export function notReadyInTime(worker: Worker, hasListened: boolean): Failure {
  const { name, ready } = worker.spec
  const missed = ready.when === 'message' ? 'did not say "ready"' : 'did not listen'
  const before = hasListened && ready.when === 'auto' ? ' as it did before' : ''
  return new Failure(
    'NOT_READY_IN_TIME',
    `Cannot start instance ${worker.instance} of "${name}": it ${missed}${before} within ${ready.timeoutMs / 1000} s`,
    {
      hint: `Read its output with "upkeep logs ${name}", or raise ready.timeout or change ready.when`,
      details: worker.lastLines(SHOWN_LINES),
    },
  )
}

export function workerExited(worker: Worker, report: ExitReport): Failure {
  const { name } = worker.spec
  const message = `Cannot start instance ${worker.instance} of "${name}": it ended before it was ready. ${report.reason}`
  return new Failure('WORKER_EXITED', message, {
    hint:
      report.code === 0 && worker.agent.takenPort === undefined
        ? 'A script that ends is run with "upkeep run <script>"; as an app it needs ready "started"'
        : `Read its output with "upkeep logs ${name}"`,
    details: report.lastLines.slice(-SHOWN_LINES),
  })
}

export function spawnFailed(spec: AppSpec, error: unknown): Failure {
  if (error instanceof Failure) return error
  const what = `Cannot start "${spec.name}"`
  if (isSystemError(error, 'EAGAIN', 'ENOMEM')) {
    return new Failure('SPAWN_FAILED', `${what}: the system has no room for another process`, {
      cause: error,
    })
  }
  if (isSystemError(error, 'EPERM')) {
    return new Failure('SPAWN_FAILED', `${what}: the daemon may not run it as another user`, { cause: error })
  }
  if (isSystemError(error, 'E2BIG')) {
    return new Failure('SPAWN_FAILED', `${what}: its environment and arguments are too large together`, {
      cause: error,
    })
  }
  if (isSystemError(error, 'ENOENT', 'ENOTDIR') && !existsSync(spec.cwd)) {
    return new Failure('CWD_NOT_FOUND', `${what}: its folder "${spec.cwd}" is not there`, { cause: error })
  }
  if (isSystemError(error, 'ENOENT', 'EACCES')) {
    const why = isSystemError(error, 'EACCES')
      ? 'may not be executed, or its folder not be entered'
      : 'is not there, or not the program its first line names'
    return new Failure('SPAWN_FAILED', `${what}: "${spec.program}" ${why}`, { cause: error })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new Failure('SPAWN_FAILED', `${what}: ${reason}`, { cause: error })
}
