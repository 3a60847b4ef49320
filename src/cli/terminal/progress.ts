import type { Clock } from '../../base/clock.ts'
import { cleanText } from './clean-text.ts'
import type { Output } from './output.ts'
import { cutToWidth } from './text-width.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80
const QUIET_MS = 500
const PLAIN_EVERY_MS = 5000
const CLEAR_LINE = '\r\x1b[2K'

/**
 * Says on stderr that something goes on, once it takes over half a second: a spinner on a terminal, otherwise a line now
 * and then.
 */
export class Progress {
  readonly #out: Output
  readonly #clock: Clock
  readonly #startedMs: number
  #text: string
  #frame = 0
  #isShown = false
  #cancel: () => void

  constructor(out: Output, clock: Clock, text: string) {
    this.#out = out
    this.#clock = clock
    this.#text = text
    this.#startedMs = clock.monotonicMs()
    this.#cancel = clock.timer(out.isErrorTty ? QUIET_MS : PLAIN_EVERY_MS, () => this.#show())
  }

  update(text: string): void {
    this.#text = text
  }

  /** Makes room for a line of the answer; the spinner comes back below it. */
  clear(): void {
    if (this.#isShown) this.#out.sayRaw(CLEAR_LINE)
    this.#isShown = false
  }

  stop(): void {
    this.#cancel()
    this.clear()
  }

  #show(): void {
    const { isErrorTty, errorColor, errorWidth } = this.#out
    const text = cleanText(this.#text)
    if (isErrorTty) {
      this.#frame = (this.#frame + 1) % FRAMES.length
      this.#isShown = true
      // A line that wraps could not be cleared.
      const spinner = `${errorColor.cyan(FRAMES[this.#frame] ?? '')} ${cutToWidth(text, errorWidth - 3)}`
      this.#out.sayRaw(`${CLEAR_LINE}${spinner}`)
    } else {
      const seconds = Math.round((this.#clock.monotonicMs() - this.#startedMs) / 1000)
      this.#out.say(`${text} (${seconds} s)`)
    }
    this.#cancel = this.#clock.timer(isErrorTty ? FRAME_MS : PLAIN_EVERY_MS, () => this.#show())
  }
}
