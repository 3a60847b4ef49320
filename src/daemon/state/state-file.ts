// What a daemon must know to take over from one that died: the wanted apps and the workers that run. Written after each
// change, several at once as one; the copy before the last stays as state.json.last.
import { writeAtomically } from '../../base/atomic-file.ts'
import type { Clock } from '../../base/clock.ts'
import type { AppRecord } from '../../supervisor/app/app.ts'
import { renderState } from './parse-state.ts'
import { keepCopy, lastCopy } from './state-copy.ts'

const RETRY_MS = 2000

export interface StateFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly collect: () => readonly AppRecord[]
  readonly onProblem: (text: string) => void
}

export class StateFile {
  readonly #path: string
  readonly #clock: Clock
  readonly #collect: () => readonly AppRecord[]
  readonly #onProblem: (text: string) => void
  #isWanted = false
  #writing: Promise<void> | undefined
  #lastText = ''
  #hasProblem = false
  #cancelRetry = () => {}

  constructor({ path, clock, collect, onProblem }: StateFileOptions) {
    this.#path = path
    this.#clock = clock
    this.#collect = collect
    this.#onProblem = onProblem
  }

  /** Writes soon what is true then. */
  save(): void {
    this.#isWanted = true
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  /** Writes also what has not changed since: the file is gone. */
  saveAgain(): void {
    this.#lastText = ''
    this.save()
  }

  /** Resolves when everything is on disk. */
  async saved(): Promise<void> {
    this.save()
    await this.#writing
    this.#cancelRetry()
  }

  /** True when it is on disk, false when that does not take it. */
  async isSaved(): Promise<boolean> {
    this.save()
    await this.#writing
    return !this.#hasProblem
  }

  async #writeAll(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false
      // Lets the rest of this turn change more, so that it is written together.
      await new Promise(setImmediate)
      const text = renderState(this.#collect())
      if (text !== this.#lastText) await this.#write(text)
    }
  }

  async #write(text: string): Promise<void> {
    try {
      await keepCopy(this.#path, lastCopy(this.#path))
      await writeAtomically(this.#path, text)
      this.#lastText = text
      if (this.#hasProblem) this.#onProblem('State is written again')
      this.#hasProblem = false
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!this.#hasProblem) this.#onProblem(`Cannot write ${this.#path}: ${reason}; trying again`)
      this.#hasProblem = true
      // Also when nothing changes: a reboot must not bring back what was stopped meanwhile.
      this.#cancelRetry()
      this.#cancelRetry = this.#clock.timer(RETRY_MS, () => this.save())
    }
  }
}
