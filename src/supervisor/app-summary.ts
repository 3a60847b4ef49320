// What is told about an app as a whole, from the states of its instances.
import type { AppSpec } from '../protocol/app-spec.ts'
import type { AppState } from '../protocol/status.ts'
import type { Instance } from './instance.ts'
import { CAN_SPREAD } from './listening-sockets.ts'

function withoutCount(spec: AppSpec): string {
  return JSON.stringify({ ...spec, instances: 0 })
}

export function effectiveBalance({ balance }: AppSpec): string {
  return balance === 'spread' && !CAN_SPREAD ? 'shared' : balance
}

export function summarize(wanted: 'running' | 'stopped', states: readonly string[]): AppState {
  const count = (state: string) => states.filter((each) => each === state).length
  if (count('stopping') > 0 && wanted === 'stopped') return 'stopping'
  if (states.length === 0 || count('stopped') === states.length) return 'stopped'
  const up = count('ready') + count('replacing')
  if (up === states.length) return 'running'
  if (up > 0) return 'degraded'
  if (count('failed') > 0) return 'failed'
  if (count('finished') === states.length) return 'finished'
  return count('waiting') > 0 ? 'failed' : 'starting'
}

/** What people should know beside the state. */
export function notesOn(spec: AppSpec, instances: readonly Instance[], logProblem: string | null): string[] {
  const shown = withoutCount(spec)
  const isMixed = instances.some((each) => each.workers.length > 0 && withoutCount(each.spec) !== shown)
  const isSpreadInVain = spec.balance === 'spread' && !CAN_SPREAD
  return [
    ...(logProblem === null ? [] : [logProblem]),
    ...(isMixed
      ? ['some workers run with another configuration than the one shown; "upkeep reload" ends that']
      : []),
    ...(isSpreadInVain ? ['balance "spread" needs a daemon on Node 22.12 or newer: sockets are shared'] : []),
  ]
}
