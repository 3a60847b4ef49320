// A busy pipe is not read on every write: that would cost one wake-up per line. What it says waits in the kernel for
// a while, and the pipes that are due are then read in one go.

export interface Paced {
  readNow(): void
}

/** The least that a timer of Node waits. A fast writer has filled its pipe long before, and stands still. */
const TIMER_MS = 1
/** When a timer fires, pipes that are due this soon are read along. */
const TOGETHER_MS = 2
const NEVER_MS = Number.POSITIVE_INFINITY
const SLEEP = new Int32Array(new SharedArrayBuffer(4))

export class Pacer {
  readonly #dueAtMs = new Map<Paced, number>()
  #armedForMs = NEVER_MS
  #disarm: () => void = () => {}

  /** Pauses under a millisecond are slept by the whole event loop. */
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
    if (pauseMs >= TIMER_MS) {
      const timer = setTimeout(() => this.#read(TOGETHER_MS), pauseMs)
      this.#disarm = () => clearTimeout(timer)
    } else {
      const immediate = setImmediate(() => {
        sleepUntil(dueAtMs)
        this.#read(0)
      })
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

function sleepUntil(timeMs: number): void {
  const leftMs = timeMs - performance.now()
  if (leftMs > 0) Atomics.wait(SLEEP, 0, 0, leftMs)
}
