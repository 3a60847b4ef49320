// What the daemon answers to (src/protocol/control.ts lists it for clients).
import { existsSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { nameProblem } from '../config/rules/name-rule.ts'
import { hideSecrets } from '../config/spec/hide-secrets.ts'
import type { UpgradeRequest, UpgradeResult } from '../protocol/control.ts'
import type { AppStatus, DaemonStatus } from '../protocol/status.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { apply, planApply, refuseRunning } from './apply.ts'
import type { EventFeed } from './event-feed.ts'
import { importApps, refuseTaken } from './import-apps.ts'
import { sendTask, sendValues } from './json-stream.ts'
import { followLogs } from './log-follow.ts'
import type { OperationGate } from './operation-gate.ts'
import { haltAll, operate, toFailure } from './operations.ts'
import {
  applyRequest,
  flushRequest,
  importRequest,
  logQuery,
  operationRequest,
  stopRequest,
  upgradeRequest,
} from './requests.ts'
import { exportedState, parseExported } from './state/portable-state.ts'
import { refuseUnknownInstance } from './unknown-instance.ts'

export interface ControlPorts {
  readonly supervisor: Supervisor
  readonly events: EventFeed
  readonly logDirectory: string
  readonly gate: OperationGate
  /** Aborted when the daemon leaves or is replaced: streams that have no end of their own end then. */
  readonly leaving: AbortSignal
  status(): DaemonStatus
  upgrade(request: UpgradeRequest): Promise<UpgradeResult>
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

  'POST /v1/daemon/stop': ({ body, response }, { supervisor, gate, leave }) => {
    const { keepWorkers } = stopRequest(body)
    return gate.run(() =>
      sendTask(response, async (emit) => {
        if (keepWorkers) emit({ type: 'end', ok: true })
        else await haltAll(supervisor, emit)
        afterwards(response, () => leave(keepWorkers))
      }),
    )
  },

  'POST /v1/daemon/upgrade': async ({ body, response }, { upgrade, leave }) => {
    const result = await upgrade(upgradeRequest(body))
    afterwards(response, () => leave(true))
    return result
  },

  'GET /v1/apps': (_request, { supervisor }) => ({
    apps: supervisor.statuses().map((status) => hidden(status)),
  }),

  'GET /v1/apps/:name': ({ name, query }, { supervisor }) => {
    const status = supervisor.named(name).status()
    return query.get('env') === 'show' ? status : hidden(status)
  },

  'POST /v1/apply': ({ body, response }, { supervisor, gate }) => {
    const request = applyRequest(body)
    refuseRunning(supervisor, request)
    return gate.run(() => sendTask(response, (emit) => orFail(apply(supervisor, request, emit), emit)))
  },

  'POST /v1/diff': async ({ body }, { supervisor }) => ({
    changes: planApply(supervisor, applyRequest(body)),
  }),

  'GET /v1/state': (_request, { supervisor }) => exportedState(supervisor.records()),

  'POST /v1/import': ({ body, response }, { supervisor, gate }) => {
    const { state, merge } = importRequest(body)
    const apps = parseExported(state)
    if (merge !== true) refuseTaken(supervisor, apps)
    return gate.run(() => sendTask(response, (emit) => orFail(importApps(supervisor, apps, emit), emit)))
  },

  'POST /v1/operations': ({ body, response }, { supervisor, gate }) => {
    const request = operationRequest(body)
    supervisor.select(request.targets)
    return gate.run(() => sendTask(response, (emit) => orFail(operate(supervisor, request, emit), emit)))
  },

  'GET /v1/logs': ({ query: parameters, response }, ports) => {
    const { supervisor, logDirectory } = ports
    const query = logQuery(parameters)
    const names = namesWithLogs(query.targets ?? ['all'], supervisor, logDirectory)
    refuseUnknownInstance({ names, instance: query.instance, supervisor, logDirectory })
    const leaving = leavingWith(ports)
    const apps = names.map((app) => ({ directory: logDirectory, app, logs: supervisor.logsOf(app) }))
    return sendValues(response, followLogs(apps, supervisor.feed, query, leaving.signal), leaving)
  },

  'POST /v1/logs/flush': ({ body }, { supervisor, gate }) => {
    const apps = supervisor.select(flushRequest(body).targets).map(({ name }) => name)
    return gate.run(async () => {
      await Promise.all(apps.map((name) => supervisor.logsOf(name)?.flush()))
      return { apps }
    })
  },

  'GET /v1/events': ({ query, response }, ports) => {
    if (query.get('follow') === 'false') return { events: ports.events.recent() }
    const leaving = leavingWith(ports)
    return sendValues(response, ports.events.follow(leaving.signal), leaving)
  },
}

/** Once the answer is sent; whoever asked may be gone by now, and it is done all the same. */
function afterwards(response: ServerResponse, act: () => Promise<void>): void {
  if (response.closed) void act()
  else response.once('close', () => void act())
}

function leavingWith({ leaving }: ControlPorts): AbortController {
  const controller = new AbortController()
  const abort = () => controller.abort()
  leaving.addEventListener('abort', abort, { once: true })
  controller.signal.addEventListener('abort', () => leaving.removeEventListener('abort', abort))
  if (leaving.aborted) abort()
  return controller
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
