// A busy pipe is not read on every write: that would cost one wake-up per line. What it says waits in the kernel for
// a while, and the pipes that are due are then read in one go.

export interface Paced {
  readNow(): void
}

/** When a timer fires, pipes that are due this soon are read along. */
const TOGETHER_MS = 2
const NEVER_MS = Number.POSITIVE_INFINITY

export class Pacer {
  readonly #dueAtMs = new Map<Paced, number>()
  #armedForMs = NEVER_MS
  #disarm: () => void = () => {}

  add(pipe: Paced, pauseMs: number): void {
    const dueAtMs = performance.now() + pauseMs
    this.#dueAtMs.set(pipe, dueAtMs)
    if (dueAtMs < this.#armedForMs) this.#arm(dueAtMs)
  }

  remove(pipe: Paced): void {
    this.#dueAtMs.delete(pipe)
    if (this.#dueAtMs.size === 0) this.#rest()
  }

  #arm(dueAtMs: number): void {
    this.#rest()
    this.#armedForMs = dueAtMs
    const pauseMs = dueAtMs - performance.now()
    if (pauseMs > 0) {
      const timer = setTimeout(() => this.#read(TOGETHER_MS), pauseMs)
      this.#disarm = () => clearTimeout(timer)
    } else {
      const immediate = setImmediate(() => this.#read(0))
      this.#disarm = () => clearImmediate(immediate)
    }
  }

  #rest(): void {
    this.#disarm()
    this.#armedForMs = NEVER_MS
  }

  #read(aheadMs: number): void {
    this.#rest()
    const limitMs = performance.now() + aheadMs
    const due = [...this.#dueAtMs].filter(([, dueAtMs]) => dueAtMs <= limitMs).map(([pipe]) => pipe)
    for (const pipe of due) this.#dueAtMs.delete(pipe)
    for (const pipe of due) pipe.readNow()
    const nextAtMs = Math.min(NEVER_MS, ...this.#dueAtMs.values())
    if (nextAtMs < this.#armedForMs) this.#arm(nextAtMs)
  }
}
