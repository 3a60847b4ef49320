// What operations do to instances, one or many at a time, and how they tell of it.
import { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { ExitReport } from '../../protocol/status.ts'
import type { Instance } from '../instance/instance.ts'
import type { Worker } from '../worker/worker.ts'
import { stoppedMeanwhile } from './app-operations.ts'

/** Tells about a step of an operation, for whoever waits for it. */
export type Report = (
  text: string,
  instance: number | null,
  progress?: { done: number; total: number },
) => void

export interface Steps {
  readonly report: Report
  /** Throws when somebody wants the workers stopped: then no other is started. */
  giveWay(): void
}

const SETTLED = ['ready', 'waiting', 'failed', 'finished', 'stopped'] as const

/** Starts all at once. Throws why the first failed, when it is known of each how it went. */
export async function startAll(
  instances: readonly Instance[],
  spec: AppSpec,
  { report, giveWay }: Steps,
): Promise<void> {
  const total = instances.length
  let done = 0
  giveWay()
  if (total === 0) return
  report('starting', null, { done, total })
  for (const instance of instances) instance.start(spec)
  const results = await Promise.allSettled(
    instances.map(async (instance) => {
      await untilStarted(instance)
      report('ready', instance.index, { done: ++done, total })
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Stops all at once. Returns how each worker ended. */
export async function stopAll(instances: readonly Instance[], report: Report): Promise<ExitReport[]> {
  const total = instances.length
  let done = 0
  const reports = await Promise.all(
    instances.map(async (instance) => {
      const workers = [...instance.workers]
      instance.dispatch({ type: 'stop' })
      await instance.until('stopped')
      const ends = await Promise.all([...workers, ...instance.workers].map((worker) => worker.ended))
      report(`stopped${howEnded(workers)}`, instance.index, { done: ++done, total })
      return ends
    }),
  )
  return reports.flat()
}

/**
 * Puts a new worker into each instance, some at a time (`reload.parallel`). Throws at the first that does not make it; then
 * its old worker goes on. Returns how each worker ended.
 */
export async function reloadAll(
  instances: readonly Instance[],
  spec: AppSpec,
  steps: Steps,
): Promise<ExitReport[]> {
  const ended: ExitReport[] = []
  const total = instances.length
  for (let done = 0; done < total; ) {
    const batch = instances.slice(done, done + spec.reload.parallel)
    const ends = await Promise.all(batch.map((instance) => reloadOne(instance, spec, steps)))
    ended.push(...ends.flat())
    done += batch.length
    steps.report(`${done} of ${total} reloaded`, null, { done, total })
  }
  return ended
}

async function reloadOne(instance: Instance, spec: AppSpec, steps: Steps): Promise<ExitReport[]> {
  const { index } = instance
  const { report, giveWay } = steps
  giveWay()
  if (instance.state !== 'ready' || spec.reload.order === 'stop-first') {
    const ends = await stopAll([instance], () => {})
    await startAll([instance], spec, steps)
    return ends
  }
  report('new worker starting', index)
  instance.replaceWith(spec)
  await instance.until(...SETTLED)
  await instance.explain()
  giveWay()
  if (instance.failure !== undefined)
    throw reloadFailed(spec.name, instance.failure, instance.state === 'ready')
  report('new worker ready, old one draining', index)
  const ends = await instance.drained()
  report('old worker gone', index)
  return ends
}

async function untilStarted(instance: Instance): Promise<void> {
  await instance.until(...SETTLED)
  const report = await instance.explain()
  if (instance.state === 'ready') return
  if (instance.state === 'finished' && report?.code === 0) return
  const failure = instance.state === 'stopped' ? undefined : instance.failure
  throw failure ?? stoppedMeanwhile(instance.spec.name)
}

function howEnded(workers: readonly Worker[]): string {
  return workers.some(({ stoppedBy }) => stoppedBy === 'kill') ? ' (killed at the stop timeout)' : ''
}

function reloadFailed(name: string, { code, message, hint, details }: Failure, isOldThere: boolean): Failure {
  const what = isOldThere
    ? 'the old workers go on'
    : 'the old worker ended meanwhile too, and is started again'
  return new Failure(code, `Cannot reload "${name}": ${what}. ${message}`, { hint, details })
}
