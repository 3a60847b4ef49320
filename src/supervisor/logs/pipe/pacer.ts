// A busy pipe is not read on every write: that would cost one wake-up per line. It waits in the kernel for two
// milliseconds and all busy pipes are then read in one go. The time is this short on purpose: Node.js gives up on what
// does not fit into the pipe when an app calls process.exit(), so a burst of a dying worker must find room.

export interface Paced {
  readNow(): void
}

const PAUSE_MS = 2

export class Pacer {
  readonly #waiting = new Set<Paced>()
  #timer: NodeJS.Timeout | undefined

  add(pipe: Paced): void {
    this.#waiting.add(pipe)
    this.#timer ??= setTimeout(() => this.#tick(), PAUSE_MS)
  }

  remove(pipe: Paced): void {
    this.#waiting.delete(pipe)
    if (this.#waiting.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #tick(): void {
    this.#timer = undefined
    const due = [...this.#waiting]
    this.#waiting.clear()
    for (const pipe of due) pipe.readNow()
  }
}
