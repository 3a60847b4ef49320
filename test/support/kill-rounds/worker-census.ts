// Which workers run, seen from the processes, against those the daemon knows.
import { WORKER_ENV } from '../../../src/protocol/agent.ts'
import type { AppStatus } from '../../../src/protocol/status.ts'
import { environmentOf, isAlive, processesWith } from '../processes.ts'

export interface StrangeWorkers {
  /** Nobody looks after them. */
  readonly orphans: readonly string[]
  /** They run beside the worker of their instance and do not drain. */
  readonly doubles: readonly string[]
}

export const NO_STRANGE_WORKERS: StrangeWorkers = { orphans: [], doubles: [] }

/** Workers of this home that no instance counts as its own, in none of what the daemon has said. */
export function strangeWorkers(home: string, ...said: readonly (readonly AppStatus[])[]): StrangeWorkers {
  const instances = said.flat().flatMap(({ name, instances }) => instances.map((each) => ({ name, ...each })))
  const known = new Set(instances.flatMap(({ pid, drainingPids }) => [pid, ...drainingPids]))
  const living = instances.filter(({ pid }) => pid !== null && isAlive(pid))
  const filled = new Set(living.map(({ name, instance }) => `${name}.${instance}`))
  const strange = workersIn(home).filter(({ pid }) => !known.has(pid))
  const shown = (isDouble: boolean) =>
    strange
      .filter(({ place }) => filled.has(place) === isDouble)
      .map(({ pid, place }) => `${place}, pid ${pid}`)
  return { orphans: shown(false), doubles: shown(true) }
}

/** True when each wanted instance has its worker, and nothing else is under way but draining. */
export function isSettled({ wanted, state, spec, instances }: AppStatus): boolean {
  if (wanted === 'stopped') return state === 'stopped'
  if (instances.length !== spec.instances) return false
  return instances.every(({ state, pid }) => state === 'ready' && pid !== null && isAlive(pid))
}

function workersIn(home: string): { readonly pid: number; readonly place: string }[] {
  return processesWith(home).flatMap((pid) => {
    const id = environmentOf(pid)[WORKER_ENV.worker]
    return id === undefined ? [] : [{ pid, place: id.replace(/\.[^.]*$/, '') }]
  })
}
