// Tells when the process of a worker is gone. The kernel tells it of a child; somebody else's has to be looked at.
import type { Timers } from '../../base/timers.ts'
import { isRunning } from '../process/process-stat.ts'
import type { Child, Worker } from './worker.ts'

const POLL_MS = 250
const GONE_SOON_MS = 20

export interface ObservedEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

type Watched = Pick<Worker, 'pid' | 'startTicks' | 'end'>

export class ProcessWatch {
  readonly #worker: Watched
  readonly #timers: Timers
  /** Undefined for the end of a process that could only be looked at. May be called again. */
  readonly #onEnd: (end: ObservedEnd | undefined) => void

  constructor(worker: Watched, timers: Timers, onEnd: (end: ObservedEnd | undefined) => void) {
    this.#worker = worker
    this.#timers = timers
    this.#onEnd = onEnd
  }

  begin(child: Child['process'] | undefined): void {
    if (child === undefined) this.#poll()
    else if (child.exitCode !== null || child.signalCode !== null) {
      this.#onEnd({ code: child.exitCode, signal: child.signalCode })
    } else child.once('exit', (code, signal) => this.#onEnd({ code, signal }))
  }

  /** The line to its agent broke, as it does a moment before the process is gone. */
  lookSoon(): void {
    this.#timers.later(GONE_SOON_MS, () => this.#look())
  }

  #poll(): void {
    this.#look()
    if (this.#worker.end === null) this.#timers.later(POLL_MS, () => this.#poll())
  }

  #look(): void {
    if (!isRunning(this.#worker.pid, this.#worker.startTicks)) this.#onEnd(undefined)
  }
}
