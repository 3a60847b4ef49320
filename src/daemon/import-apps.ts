// Apps of another home, with the results that a start gives. One that cannot be started here does not keep the others from it.
import { Failure } from '../base/failure.ts'
import type { MovedApp, OperationEvent } from '../protocol/control.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { startNew } from './apply.ts'
import { done, failed, reporter } from './operations.ts'

type Emit = (event: OperationEvent) => void

/** Throws APP_ALREADY_RUNNING, before anything is changed, when a name is taken. */
export function refuseTaken(supervisor: Supervisor, apps: readonly MovedApp[]): void {
  const taken = apps.map(({ spec }) => spec.name).filter((name) => supervisor.get(name) !== undefined)
  if (taken.length === 0) return
  const are = taken.length === 1 ? 'is an app of that name' : 'are apps of these names'
  throw new Failure('APP_ALREADY_RUNNING', `Cannot import ${taken.join(', ')}: there ${are} here already`, {
    hint: 'Nothing was imported; --merge leaves those as they are and imports the others',
  })
}

export async function importApps(
  supervisor: Supervisor,
  apps: readonly MovedApp[],
  emit: Emit,
): Promise<void> {
  let isOk = true
  for (const app of apps) {
    const { name } = app.spec
    try {
      if (supervisor.get(name) === undefined) await importOne(supervisor, app, emit)
      else emit(done(name, 'unchanged', 'not imported: there is an app of that name here'))
    } catch (error) {
      isOk = false
      emit(failed(name, error))
    }
  }
  emit({ type: 'end', ok: isOk })
}

async function importOne(
  supervisor: Supervisor,
  { spec, wanted, source }: MovedApp,
  emit: Emit,
): Promise<void> {
  if (wanted === 'running') {
    await startNew(supervisor, spec, source, emit, reporter(spec.name, emit))
    return
  }
  supervisor.add(spec, source)
  emit(done(spec.name, 'stopped', 'imported; it is stopped, as it was'))
}
