// What makes a worker ready, by what its app asks for.
import type { AppSpec } from '../../protocol/app-spec.ts'

/** A program without agent, or an app that never listened, is ready when it has lived so long. */
const SETTLE_MS = { node: 3000, other: 1000 }

export type ReadySign = 'listening' | 'message' | 'settled'

export function isSignOfReadiness(sign: ReadySign, when: AppSpec['ready']['when']): boolean {
  return when === 'auto' || when === sign || (when === 'started' && sign === 'settled')
}

/** How long it has to live to have settled: 0 for no time at all, undefined when it has to give another sign. */
export function settleMs({ ready, isNode }: AppSpec, hasListenedBefore: boolean): number | undefined {
  if (ready.when === 'started') return 0
  if (ready.when !== 'auto' || (isNode && hasListenedBefore)) return undefined
  return isNode ? SETTLE_MS.node : SETTLE_MS.other
}
