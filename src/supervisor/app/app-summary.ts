// What is told about an app as a whole, from the states of its instances.
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { AppState } from '../../protocol/status.ts'
import { PROTOCOL_VERSION } from '../../protocol/version.ts'
import type { Instance } from '../instance/instance.ts'
import { CAN_SPREAD } from '../sockets/listening-sockets.ts'
import type { Worker } from '../worker/worker.ts'

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
    ...agentNotes(instances.flatMap(({ workers }) => workers)),
    ...(isSpreadInVain ? ['balance "spread" needs a daemon on Node 22.12 or newer: sockets are shared'] : []),
  ]
}

/** A worker keeps the agent that it was born with, whatever daemon comes. */
function agentNotes(workers: readonly Worker[]): string[] {
  const mute = workers.filter(({ agent }) => agent.isMute)
  const newer = workers.filter(({ agent }) => !agent.isMute && Number(agent.protocol) > PROTOCOL_VERSION)
  return [
    ...mute.map(
      ({ pid, agent }) =>
        `the agent of pid ${pid} speaks protocol ${agent.protocol}, the daemon ${PROTOCOL_VERSION}: it is watched by its pid alone, and stopped by a signal, until "upkeep reload" replaces it`,
    ),
    ...(newer.length === 0
      ? []
      : [
          'the package was replaced by a newer one, whose agent some workers have; "upkeep upgrade" replaces the daemon too',
        ]),
  ]
}
