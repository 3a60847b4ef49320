// Commands on apps that exist, one after another, each with its result.
import { availableParallelism } from 'node:os'
import { Failure } from '../base/failure.ts'
import type { OperationEvent, OperationRequest, Outcome } from '../protocol/control.ts'
import type { ExitReport } from '../protocol/status.ts'
import type { App } from '../supervisor/app/app.ts'
import type { Report } from '../supervisor/app/rollout.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'

type Emit = (event: OperationEvent) => void

export const MOST_INSTANCES = 1000

export async function operate(supervisor: Supervisor, request: OperationRequest, emit: Emit): Promise<void> {
  const apps = supervisor.select(request.targets)
  let isOk = true
  for (const app of apps) {
    try {
      const report = reporter(app.name, emit)
      const [outcome, text] = await operateOne(supervisor, app, request, report)
      emit(done(app.name, outcome, text))
    } catch (error) {
      isOk = false
      emit(failed(app.name, error))
    }
  }
  emit({ type: 'end', ok: isOk })
}

/** Ends all workers, because the daemon is asked to end; what is wanted stays. */
export async function haltAll(supervisor: Supervisor, emit: Emit): Promise<void> {
  const running = supervisor.apps.filter(({ workers }) => workers.length > 0)
  await Promise.all(
    running.map(async (app) => {
      const ends = await app.halt(reporter(app.name, emit))
      emit(done(app.name, 'stopped', `stopped ${counted(app.spec.instances)}${killed(ends)}`))
    }),
  )
  emit({ type: 'end', ok: true })
}

async function operateOne(
  supervisor: Supervisor,
  app: App,
  request: OperationRequest,
  report: Report,
): Promise<[Outcome, string]> {
  const { instances } = app.spec
  switch (request.action) {
    case 'start':
      if (app.wanted === 'running' && app.status().state === 'running')
        return ['unchanged', 'is running already']
      await app.start(report)
      return ['started', `started ${counted(instances)}`]
    case 'stop': {
      if (app.wanted === 'stopped' && app.workers.length === 0) return ['unchanged', 'is stopped already']
      const ends = await app.stop(report)
      return ['stopped', `stopped ${counted(instances)}${killed(ends)}`]
    }
    case 'restart': {
      const ends = await app.restart(app.spec, report).catch((error: unknown) => {
        throw tellNextTry(app, error)
      })
      return ['restarted', `restarted ${counted(instances)}${killed(ends)}`]
    }
    case 'reload': {
      const ends = await app.reload(app.spec, report)
      return ['reloaded', `reloaded ${counted(instances)}${killed(ends)}`]
    }
    case 'scale': {
      const count = scaledTo(instances, request.instances ?? '')
      if (count === instances) return ['unchanged', `has ${counted(count)} already`]
      const ends = await app.scale(count, report)
      return ['scaled', `scaled from ${instances} to ${counted(count)}${killed(ends)}`]
    }
    case 'delete': {
      const ends = await supervisor.remove(app, report)
      return ['deleted', `deleted${killed(ends)}; its logs stay`]
    }
  }
}

/** What cannot be started is not left trying, but what is restarted had been started once, and connections wait for it. */
function tellNextTry(app: App, error: unknown): unknown {
  const isTried = app.status().instances.some(({ state }) => state === 'waiting' || state === 'starting')
  if (!isTried || !(error instanceof Failure)) return error
  const { code, message, hint, details } = error
  const next = `It is tried again; "upkeep stop ${app.name}" ends that`
  return new Failure(code, message, { hint: hint === undefined ? next : `${next}. ${hint}`, details })
}

export function scaledTo(current: number, wish: string): number {
  const what = `Cannot scale to "${wish.slice(0, 50)}"`
  const now = `Now there ${current === 1 ? 'is' : 'are'} ${current}`
  if (wish === 'max') return availableParallelism()
  const match = /^([+-]?)(\d{1,9})$/.exec(wish)
  if (match === null)
    throw new Failure('USAGE', `${what}: it must be a number such as 4, +1 or -1, or max`, { hint: now })
  const amount = Number(match[2])
  const count = match[1] === '+' ? current + amount : match[1] === '-' ? current - amount : amount
  if (count >= 1 && count <= MOST_INSTANCES) return count
  throw new Failure('USAGE', `${what}: that would not be 1 to ${MOST_INSTANCES} instances`, {
    hint: count < 1 ? `${now}; use "upkeep stop" to have none` : now,
  })
}

export function reporter(app: string, emit: Emit): Report {
  return (text, instance, progress) => emit({ type: 'step', app, instance, text, ...progress })
}

export function done(app: string, outcome: Outcome, text: string): OperationEvent {
  return { type: 'result', app, ok: true, outcome, text }
}

export function failed(app: string, error: unknown): OperationEvent {
  return { type: 'result', app, ok: false, error: toFailure(error).toJSON() }
}

/** A bug is told as one, with its stack, rather than as a silent end of the stream. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new Failure('PROGRAM_FAILED', 'Cannot finish: there is a bug in Upkeep', {
    hint: 'Please report it with the lines above',
    details: stack.split('\n'),
    cause: error,
  })
}

function counted(count: number): string {
  return `${count} instance${count === 1 ? '' : 's'}`
}

export function killed(ends: readonly ExitReport[]): string {
  const count = ends.filter(({ signal }) => signal === 'SIGKILL').length
  return count === 0 ? '' : ` (${count} worker${count === 1 ? '' : 's'} had to be killed at stop.timeout)`
}
