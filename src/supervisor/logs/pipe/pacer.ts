// A busy pipe is not read on every write: that would cost one wake-up per line. What it says waits in the kernel for
// some milliseconds, and the pipes that are due are then read in one go.

export interface Paced {
  readNow(): void
}

/** Pipes that are due this soon are read along. */
const TOGETHER_MS = 2

export class Pacer {
  readonly #dueAtMs = new Map<Paced, number>()
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  add(pipe: Paced, delayMs: number): void {
    const dueAtMs = performance.now() + delayMs
    this.#dueAtMs.set(pipe, dueAtMs)
    if (dueAtMs < this.#timerAtMs) this.#arm(dueAtMs, delayMs)
  }

  remove(pipe: Paced): void {
    this.#dueAtMs.delete(pipe)
    if (this.#dueAtMs.size === 0) this.#disarm()
  }

  #arm(dueAtMs: number, delayMs: number): void {
    this.#disarm()
    this.#timerAtMs = dueAtMs
    this.#timer = setTimeout(() => this.#tick(), delayMs)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  #tick(): void {
    const nowMs = performance.now()
    const due = [...this.#dueAtMs]
      .filter(([, dueAtMs]) => dueAtMs <= nowMs + TOGETHER_MS)
      .map(([pipe]) => pipe)
    for (const pipe of due) this.#dueAtMs.delete(pipe)
    this.#disarm()
    for (const pipe of due) pipe.readNow()
    const nextAtMs = Math.min(...this.#dueAtMs.values())
    if (nextAtMs < this.#timerAtMs) this.#arm(nextAtMs, Math.max(1, nextAtMs - performance.now()))
  }
}
