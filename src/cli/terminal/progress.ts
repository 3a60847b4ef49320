import type { Output } from './output.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80
const QUIET_MS = 500
const PLAIN_EVERY_MS = 5000

/** Says on stderr that something goes on, once it takes over half a second: a spinner on a terminal, else a line now and then. */
export class Progress {
  readonly #out: Output
  readonly #startedMs = performance.now()
  #text: string
  #frame = 0
  #timer: NodeJS.Timeout | undefined
  #isShown = false
  #saidMs = 0

  constructor(out: Output, text: string) {
    this.#out = out
    this.#text = text
    this.#timer = setInterval(() => this.#tick(), FRAME_MS)
  }

  update(text: string): void {
    this.#text = text
  }

  stop(): void {
    clearInterval(this.#timer)
    if (this.#isShown) this.#out.sayRaw('\r\x1b[2K')
    this.#isShown = false
  }

  #tick(): void {
    const elapsedMs = performance.now() - this.#startedMs
    if (elapsedMs < QUIET_MS) return
    if (!this.#out.isErrorTty) {
      if (elapsedMs - this.#saidMs < PLAIN_EVERY_MS) return
      this.#saidMs = elapsedMs
      this.#out.say(`${this.#text} (${Math.round(elapsedMs / 1000)} s)`)
      return
    }
    this.#frame = (this.#frame + 1) % FRAMES.length
    this.#isShown = true
    this.#out.sayRaw(`\r\x1b[2K${this.#out.errorColor.cyan(FRAMES[this.#frame] ?? '')} ${this.#text}`)
  }
}
