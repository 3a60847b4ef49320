// The restarts of one instance: how many there were, what follows the next exit, and the wait before it.
import type { Clock } from '../../base/clock.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { AfterExit } from './instance-machine.ts'
import type { ObservedExit, RestartDecision } from './restart-policy.ts'
import { decideRestart } from './restart-policy.ts'

export class Restarts {
  /** Since the app is known. */
  count = 0
  /** When it is tried again; null while nothing waits for that. */
  retryAtMs: number | null = null
  readonly #clock: Clock
  #crashes = 0
  #decision: RestartDecision | undefined
  #cancel: () => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  decide(exit: ObservedExit, policy: AppSpec['restart']): AfterExit {
    this.#decision = decideRestart(exit, this.#crashes, policy)
    this.#crashes = this.#decision.crashes
    return this.#decision.next
  }

  /** Crashes of before count no more: somebody has changed something. */
  forgetCrashes(): void {
    this.#crashes = 0
  }

  /** Calls back when the wait that was decided is over. */
  arm(retry: () => void): void {
    this.count++
    this.retryAtMs = this.#clock.nowMs() + this.delayMs
    this.#cancel = this.#clock.timer(this.delayMs, () => {
      this.retryAtMs = null
      retry()
    })
  }

  cancel(): void {
    this.#cancel()
    this.retryAtMs = null
  }

  /** The wait that was decided last. */
  get delayMs(): number {
    return this.#decision?.delayMs ?? 0
  }

  /** Why it is not tried again. */
  get why(): string {
    return this.#decision?.why ?? ''
  }
}
