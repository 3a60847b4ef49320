// Takes up an app where the daemon before was killed, once its workers are adopted: starts what is missing, ends what is too
// many.
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { Instance } from '../instance/instance.ts'
import type { AppRecord } from './app.ts'
import type { AppInstances } from './app-instances.ts'
import type { AppOperations } from './app-operations.ts'
import { stopAll } from './rollout.ts'

export interface Resumed {
  readonly spec: AppSpec
  readonly instances: AppInstances
  readonly operations: AppOperations
  changed(): void
}

/** An instance that had given up or finished stays so over a change of daemons. */
export function resume(app: Resumed, record: AppRecord): void {
  const { spec, instances, operations } = app
  if (instances.all.length > spec.instances) endExtra(app)
  for (const instance of instances.all.slice(0, spec.instances)) {
    const before = record.instances.find(({ index }) => index === instance.index)
    const wanted = before?.spec ?? spec
    const isOver = before?.state === 'failed' || before?.state === 'finished'
    if (isOver && before !== undefined) instance.state = before.state
    else if (instance.state === 'stopped') instance.start(wanted)
    else if (instance.state === 'stopping') startOnceStopped(instance, wanted, operations)
  }
}

/** The daemon before was killed while it scaled down. */
function endExtra({ spec, instances, operations, changed }: Resumed): void {
  const ending = operations.run(async () => {
    await stopAll(instances.all.slice(spec.instances), () => {})
    instances.resize(spec.instances, spec)
    changed()
  })
  ending.catch(() => {})
}

/** The daemon before was killed in the middle of a restart, or while it ended its workers. */
function startOnceStopped(instance: Instance, spec: AppSpec, operations: AppOperations): void {
  const starting = operations.run(async () => {
    await instance.until('stopped')
    instance.start(spec)
  })
  starting.catch(() => {})
}
