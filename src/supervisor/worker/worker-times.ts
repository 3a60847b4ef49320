// How long a worker runs and is ready. People are told times of day; what is decided by a duration is measured by a clock that
// nobody sets, also over a change of daemons.
import type { Clock } from '../../base/clock.ts'
import { tryReadAgeMs } from '../process/process-stat.ts'
import type { WorkerRecord } from './worker.ts'

/** A clock that runs a little fast or slow is corrected all the time, and no reason to tell another time. */
const SET_BY_MS = 1000

type TimeRecord = Pick<WorkerRecord, 'startedAtMs' | 'readyAtMs' | 'readyAfterMs'>

export class WorkerTimes {
  readonly #clock: Clock
  /** By the clock of durations, of which the zero is the start of this daemon. */
  readonly #startedMs: number
  #record: TimeRecord

  constructor(clock: Clock, record: TimeRecord & Pick<WorkerRecord, 'startTicks'>) {
    const { startTicks, startedAtMs, readyAtMs, readyAfterMs } = record
    const byTicks = startTicks === null ? undefined : tryReadAgeMs(startTicks)
    const ageMs = byTicks ?? Math.max(0, clock.nowMs() - startedAtMs)
    this.#clock = clock
    this.#startedMs = clock.monotonicMs() - ageMs
    this.#record = { startedAtMs, readyAtMs, readyAfterMs }
  }

  /** As the clock is set now. */
  get startedAtMs(): number {
    return this.#asSetNow(this.#record.startedAtMs, this.uptimeMs)
  }

  /** As the clock is set now; null before it is ready. */
  get readyAtMs(): number | null {
    const { readyAtMs } = this.#record
    return readyAtMs === null ? null : this.#asSetNow(readyAtMs, this.readyForMs ?? 0)
  }

  get uptimeMs(): number {
    return Math.round(this.#clock.monotonicMs() - this.#startedMs)
  }

  /** Null before it is ready. */
  get readyForMs(): number | null {
    const { readyAfterMs } = this.#record
    return readyAfterMs === null ? null : Math.max(0, this.uptimeMs - readyAfterMs)
  }

  noteReady(): void {
    this.#record = { ...this.#record, readyAtMs: this.#clock.nowMs(), readyAfterMs: this.uptimeMs }
  }

  record(): TimeRecord {
    return this.#record
  }

  #asSetNow(recordedMs: number, agoMs: number): number {
    const atMs = this.#clock.nowMs() - agoMs
    return Math.abs(atMs - recordedMs) < SET_BY_MS ? recordedMs : Math.round(atMs)
  }
}
