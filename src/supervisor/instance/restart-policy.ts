// Decides what follows when a worker ended by itself. The first restart after a stable time is immediate; then the
// delay doubles up to a bound, with jitter so that many workers that fell together do not get up together.
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { AfterExit } from './instance-machine.ts'

/** sysexits.h EX_CONFIG: the app says its configuration is wrong; trying again cannot help. */
const EXIT_CONFIG = 78

export interface ObservedExit {
  readonly code: number | null
  readonly signal: string | null
  /** How long it was ready; null when it never was. */
  readonly readyForMs: number | null
}

export interface RestartDecision {
  readonly next: AfterExit
  readonly delayMs: number
  /** Crashes in a row, this one included; 0 when the worker had been stable. */
  readonly crashes: number
  /** Why it is not tried again; empty otherwise. */
  readonly why: string
}

export function decideRestart(
  exit: ObservedExit,
  crashesBefore: number,
  policy: AppSpec['restart'],
  random: () => number = Math.random,
): RestartDecision {
  const wasStable = exit.readyForMs !== null && exit.readyForMs >= policy.minUptimeMs
  const crashes = wasStable ? 1 : crashesBefore + 1
  const end = (next: AfterExit, why: string) => ({ next, delayMs: 0, crashes, why })
  if (exit.code === EXIT_CONFIG) return end('failed', 'exit code 78 says that its configuration is wrong')
  if (policy.policy !== 'always' && exit.code === 0) return end('finished', 'it ended with success')
  if (policy.policy === 'never') return end('failed', 'restart.policy is "never"')
  if (policy.maxRestarts !== null && crashes > policy.maxRestarts) {
    return end('failed', `it was restarted ${policy.maxRestarts} times in a row (restart.maxRestarts)`)
  }
  return { next: 'retry', delayMs: delayMs(crashes, policy, random), crashes, why: '' }
}

function delayMs(crashes: number, policy: AppSpec['restart'], random: () => number): number {
  if (crashes <= 1) return 0
  const plain = Math.min(policy.backoffMs * 2 ** Math.min(crashes - 2, 30), policy.maxBackoffMs)
  return Math.round(plain * (0.8 + 0.4 * random()))
}
