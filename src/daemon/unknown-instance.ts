import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import { listSeries } from '../supervisor/logs/read/log-series.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'

export interface InstanceQuestion {
  readonly names: readonly string[]
  readonly instance: number | undefined
  readonly supervisor: Supervisor
  readonly logDirectory: string
}

/** Throws USAGE when none of the apps has such an instance, nor lines of one that it had before it was scaled. */
export function refuseUnknownInstance({ names, instance, supervisor, logDirectory }: InstanceQuestion): void {
  if (instance === undefined || names.length === 0) return
  const count = (name: string) => supervisor.get(name)?.spec.instances ?? 0
  const hasLines = (name: string) => listSeries(join(logDirectory, name), { instance }).length > 0
  if (names.some((name) => instance < count(name) || hasLines(name))) return
  const most = Math.max(...names.map(count))
  const shown = names.length === 1 ? `"${names[0]}"` : `any of ${names.length} apps`
  throw new Failure(
    'USAGE',
    `Cannot show logs of instance ${instance} of ${shown}: there is no such instance`,
    {
      hint:
        most === 0
          ? 'Leave out --instance to see what is left of it'
          : most === 1
            ? 'There is one, with number 0'
            : `There are ${most}, numbered from 0 to ${most - 1}`,
    },
  )
}
