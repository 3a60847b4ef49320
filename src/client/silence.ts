/**
 * Notices when nothing was heard for a while. The time is cut in two halves, and both must pass in silence: when this
 * process itself was stopped or blocked on its own output, only one timer is due, and what came meanwhile is read first.
 */
export class Silence {
  readonly #timer: NodeJS.Timeout
  #silentHalves = 0
  #isListening = true

  constructor(mostMs: number, onSilence: () => void) {
    this.#timer = setInterval(() => {
      if (!this.#isListening) return
      this.#silentHalves += 1
      if (this.#silentHalves < 2) return
      this.end()
      onSilence()
    }, mostMs / 2)
  }

  /** Something came. Until `listen` is called nobody reads, so nothing more can be heard. */
  heard(): void {
    this.#silentHalves = 0
    this.#isListening = false
  }

  listen(): void {
    this.#isListening = true
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
