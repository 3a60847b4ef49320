// Makes true what a config says: starts what is new, reloads what changed (restarts where a reload cannot do it), leaves
// alone what is the same. When an app fails, what was done before it is undone, unless the user said to keep going.

import { Failure } from '../base/failure.ts'
import { compareSpecs } from '../config/spec/compare-specs.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { ApplyRequest, OperationEvent, SpecChange } from '../protocol/control.ts'
import type { App } from '../supervisor/app/app.ts'
import type { Report } from '../supervisor/app/rollout.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { done, failed, killed, reporter } from './operations.ts'

const GONE = 'deleted: the config no longer names it'
const LEFT_OVER = 'goes on, though the config no longer names it; "--prune" would delete it'
const NOTHING_TO_UNDO = Symbol('nothing to undo')

type Emit = (event: OperationEvent) => void
interface Undo {
  readonly app: string
  run(): Promise<unknown>
}

export function planApply(supervisor: Supervisor, request: ApplyRequest): SpecChange[] {
  const changes = request.apps.map((spec) => changeOf(supervisor.get(spec.name), spec))
  const gone = (request.prune === true ? leftOver(supervisor, request) : []).map(
    ({ name }) => ({ app: name, change: 'delete', fields: [] }) as const,
  )
  return [...changes, ...gone]
}

export async function apply(supervisor: Supervisor, request: ApplyRequest, emit: Emit): Promise<void> {
  const undos: Undo[] = []
  let isOk = true
  for (const spec of request.apps) {
    try {
      const run = await applyOne(supervisor, spec, request.source, emit)
      undos.push({ app: spec.name, run })
    } catch (error) {
      isOk = false
      emit(failed(spec.name, error))
      if (request.keepGoing !== true) {
        await undoAll(undos, emit)
        const untried = request.apps.slice(request.apps.indexOf(spec) + 1)
        for (const { name } of untried) emit(done(name, 'unchanged', 'not tried; "--keep-going" would'))
        emit({ type: 'end', ok: false })
        return
      }
    }
  }
  for (const app of leftOver(supervisor, request)) {
    if (request.prune === true) await supervisor.remove(app, reporter(app.name, emit))
    emit(request.prune === true ? done(app.name, 'deleted', GONE) : done(app.name, 'unchanged', LEFT_OVER))
  }
  emit({ type: 'end', ok: isOk })
}

async function applyOne(
  supervisor: Supervisor,
  spec: AppSpec,
  source: string | null,
  emit: Emit,
): Promise<Undo['run']> {
  const app = supervisor.get(spec.name)
  const report = reporter(spec.name, emit)
  if (app === undefined) return await startNew(supervisor, spec, source, emit, report)
  const before = app.spec
  app.source = source
  if (app.wanted === 'stopped') return await startStopped(app, spec, emit, report)
  const { change } = changeOf(app, spec)
  switch (change) {
    case 'unchanged':
      // What ended with success or still tries is left alone; what had given up gets another chance.
      if (app.status().state === 'failed') await app.start(report)
      emit(done(app.name, 'unchanged', 'unchanged'))
      return async () => NOTHING_TO_UNDO
    case 'scale': {
      const ends = await app.scale(spec.instances, report)
      const text = `scaled from ${before.instances} to ${spec.instances} instances${killed(ends)}`
      emit(done(app.name, 'scaled', text))
      return () => app.scale(before.instances, () => {})
    }
    case 'restart': {
      const ends = await app.restart(spec, report)
      emit(done(app.name, 'restarted', `restarted${killed(ends)}: ${whyRestart(spec)}`))
      return () => app.restart(before, () => {})
    }
    default: {
      const ends = await app.reload(spec, report)
      emit(done(app.name, 'reloaded', `reloaded with the new configuration${killed(ends)}`))
      return () => app.reload(before, () => {})
    }
  }
}

function whyRestart({ reload }: AppSpec): string {
  if (reload.order === 'stop-first') return 'its reload.order is stop-first'
  return 'a reload cannot change how its sockets are made'
}

/** Starts an app that is not here; when it cannot, it is not here afterwards either. */
export async function startNew(
  supervisor: Supervisor,
  spec: AppSpec,
  source: string | null,
  emit: Emit,
  report: Report,
): Promise<Undo['run']> {
  const app = supervisor.add(spec, source)
  try {
    await app.start(report)
  } catch (error) {
    await removeUnlessGone(supervisor, app)
    throw error
  }
  emit(done(app.name, 'started', `started ${spec.instances} instance${spec.instances === 1 ? '' : 's'}`))
  return () => supervisor.remove(app, () => {})
}

async function removeUnlessGone(supervisor: Supervisor, app: App): Promise<void> {
  try {
    await supervisor.remove(app, () => {})
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'APP_NOT_FOUND') throw error
  }
}

async function startStopped(app: App, spec: AppSpec, emit: Emit, report: Report): Promise<Undo['run']> {
  const before = app.spec
  app.configure(spec)
  try {
    await app.start(report)
  } catch (error) {
    app.configure(before)
    throw error
  }
  emit(done(app.name, 'started', `started ${spec.instances} instance${spec.instances === 1 ? '' : 's'}`))
  return async () => {
    await app.stop(() => {})
    app.configure(before)
  }
}

async function undoAll(undos: readonly Undo[], emit: Emit): Promise<void> {
  for (const { app, run } of undos.toReversed()) {
    try {
      if ((await run()) === NOTHING_TO_UNDO) continue
      emit(done(app, 'unchanged', 'put back as it was, because another app failed; "--keep-going" would not'))
    } catch (error) {
      emit(failed(app, error))
    }
  }
}

function changeOf(app: App | undefined, spec: AppSpec): SpecChange {
  if (app === undefined || app.wanted === 'stopped') return { app: spec.name, change: 'start', fields: [] }
  return { app: spec.name, ...compareSpecs(app.spec, spec) }
}

/** What an earlier state of the config file named. */
function leftOver(supervisor: Supervisor, { source, apps }: ApplyRequest): readonly App[] {
  if (source === null) return []
  const named = new Set(apps.map(({ name }) => name))
  return supervisor.apps.filter((app) => app.source === source && !named.has(app.name))
}

/** A script that was named on the command line is not a wish to change what runs. */
export function refuseRunning(supervisor: Supervisor, { apps, source }: ApplyRequest): void {
  if (source !== null) return
  for (const spec of apps) {
    const app = supervisor.get(spec.name)
    if (app === undefined || app.wanted === 'stopped') continue
    throw alreadyRunning(app.spec, spec)
  }
}

function alreadyRunning(running: AppSpec, spec: AppSpec): Failure {
  const what = `Cannot start "${spec.name}"`
  if (running.script !== spec.script) {
    return new Failure('APP_ALREADY_RUNNING', `${what}: another app of that name runs ${running.script}`, {
      hint: 'Choose another name with --name',
    })
  }
  const isSame = compareSpecs(running, spec).change === 'unchanged'
  const reload = `Use "upkeep reload ${spec.name}"`
  return new Failure('APP_ALREADY_RUNNING', `${what}: it is running already`, {
    hint: isSame
      ? reload
      : `${reload}; to run it in another way, as asked now, "upkeep delete ${spec.name}" first or use a config file`,
  })
}
