import type { Clock } from '../../src/base/clock.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** Time that passes when the test says so. */
export class ManualClock implements Clock {
  #elapsedMs = 0
  #startMs: number
  readonly #timers = new Set<Timer>()

  constructor(startMs = 0) {
    this.#startMs = startMs
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  timer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Somebody sets the clock of people: forward, or back. */
  shift(byMs: number): void {
    this.#startMs += byMs
  }

  /** Lets time pass; timers that are due run in order. */
  advance(durationMs: number): void {
    const endMs = this.#elapsedMs + durationMs
    for (let next = this.#nextUntil(endMs); next !== undefined; next = this.#nextUntil(endMs)) {
      this.#timers.delete(next)
      this.#elapsedMs = next.atMs
      next.callback()
    }
    this.#elapsedMs = endMs
  }

  #nextUntil(endMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs)
    return due.sort((a, b) => a.atMs - b.atMs)[0]
  }
}
