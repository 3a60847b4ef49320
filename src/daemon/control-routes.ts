// What the daemon answers to (src/protocol/control.ts lists it for clients).
import { existsSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { nameProblem } from '../config/rules/name-rule.ts'
import { hideSecrets } from '../config/spec/hide-secrets.ts'
import type { AppStatus, DaemonStatus } from '../protocol/status.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { apply, planApply, refuseRunning } from './apply.ts'
import type { EventFeed } from './event-feed.ts'
import { importApps, refuseTaken } from './import-apps.ts'
import { sendTask, sendValues } from './json-stream.ts'
import { followLogs } from './log-follow.ts'
import { haltAll, operate, toFailure } from './operations.ts'
import {
  applyRequest,
  flushRequest,
  importRequest,
  logQuery,
  operationRequest,
  stopRequest,
} from './requests.ts'
import { exportedState, parseExported } from './state/portable-state.ts'

export interface ControlPorts {
  readonly supervisor: Supervisor
  readonly events: EventFeed
  readonly logDirectory: string
  status(): DaemonStatus
  /** Ends the daemon; workers stay if `keepWorkers`. */
  leave(keepWorkers: boolean): Promise<void>
}

export interface ControlRequest {
  /** What stood in the place of `:name`. */
  readonly name: string
  readonly query: URLSearchParams
  /** The body as JSON. */
  readonly body: unknown
  readonly response: ServerResponse
}

/** Returns what to answer as JSON; undefined when it has answered itself. */
export type Handler = (request: ControlRequest, ports: ControlPorts) => unknown

export const CONTROL_ROUTES: Readonly<Record<string, Handler>> = {
  'GET /v1/daemon': (_request, { status }) => status(),

  'POST /v1/daemon/stop': ({ body, response }, { supervisor, leave }) => {
    const { keepWorkers } = stopRequest(body)
    return sendTask(response, async (emit) => {
      if (keepWorkers) emit({ type: 'end', ok: true })
      else await haltAll(supervisor, emit)
      // Whoever asked may be gone by now, and the daemon leaves all the same.
      if (response.closed) await leave(keepWorkers)
      else response.once('close', () => void leave(keepWorkers))
    })
  },

  'GET /v1/apps': (_request, { supervisor }) => ({
    apps: supervisor.statuses().map((status) => hidden(status)),
  }),

  'GET /v1/apps/:name': ({ name, query }, { supervisor }) => {
    const status = supervisor.named(name).status()
    return query.get('env') === 'show' ? status : hidden(status)
  },

  'POST /v1/apply': async ({ body, response }, { supervisor }) => {
    const request = applyRequest(body)
    refuseRunning(supervisor, request)
    return sendTask(response, (emit) => orFail(apply(supervisor, request, emit), emit))
  },

  'POST /v1/diff': async ({ body }, { supervisor }) => ({
    changes: planApply(supervisor, applyRequest(body)),
  }),

  'GET /v1/state': (_request, { supervisor }) => exportedState(supervisor.records()),

  'POST /v1/import': async ({ body, response }, { supervisor }) => {
    const { state, merge } = importRequest(body)
    const apps = parseExported(state)
    if (merge !== true) refuseTaken(supervisor, apps)
    return sendTask(response, (emit) => orFail(importApps(supervisor, apps, emit), emit))
  },

  'POST /v1/operations': ({ body, response }, { supervisor }) => {
    const request = operationRequest(body)
    supervisor.select(request.targets)
    return sendTask(response, (emit) => orFail(operate(supervisor, request, emit), emit))
  },

  'GET /v1/logs': ({ query: parameters, response }, { supervisor, logDirectory }) => {
    const query = logQuery(parameters)
    const names = namesWithLogs(query.targets ?? ['all'], supervisor, logDirectory)
    const leaving = new AbortController()
    const apps = names.map((app) => ({ directory: logDirectory, app, logs: supervisor.logsOf(app) }))
    return sendValues(response, followLogs(apps, supervisor.feed, query, leaving.signal), leaving)
  },

  'POST /v1/logs/flush': async ({ body }, { supervisor }) => {
    const apps = supervisor.select(flushRequest(body).targets).map(({ name }) => name)
    await Promise.all(apps.map((name) => supervisor.logsOf(name)?.flush()))
    return { apps }
  },

  'GET /v1/events': ({ query, response }, { events }) => {
    if (query.get('follow') === 'false') return { events: events.recent() }
    const leaving = new AbortController()
    return sendValues(response, events.follow(leaving.signal), leaving)
  },
}

/** Apps that were deleted, or never came up, have left their logs. */
function namesWithLogs(targets: readonly string[], supervisor: Supervisor, logDirectory: string): string[] {
  const names = targets.flatMap((target) => {
    const isLeft =
      supervisor.get(target) === undefined &&
      nameProblem(target) === undefined &&
      existsSync(join(logDirectory, target))
    return isLeft ? [target] : supervisor.select([target]).map(({ name }) => name)
  })
  return [...new Set(names)]
}

function hidden(status: AppStatus): AppStatus {
  return { ...status, spec: hideSecrets(status.spec, { show: false }) }
}

/** What fails on the way is an event too: the answer's head is gone by then. */
async function orFail(task: Promise<void>, emit: (value: unknown) => void): Promise<void> {
  try {
    await task
  } catch (error) {
    emit({ type: 'result', app: '', ok: false, error: toFailure(error).toJSON() })
    emit({ type: 'end', ok: false })
  }
}
