// What a daemon must know to take over from one that died: the wanted apps and the workers that run. Written after each
// change, several at once as one; the copy before the last stays as state.json.last.
import { writeAtomically } from '../../base/atomic-file.ts'
import type { AppRecord } from '../../supervisor/app.ts'
import { renderState } from './parse-state.ts'
import { keepCopy, lastCopy } from './state-copy.ts'

export class StateFile {
  readonly #path: string
  readonly #collect: () => readonly AppRecord[]
  readonly #onProblem: (text: string) => void
  #isWanted = false
  #writing: Promise<void> | undefined
  #lastText = ''
  #hasProblem = false

  constructor(path: string, collect: () => readonly AppRecord[], onProblem: (text: string) => void) {
    this.#path = path
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

  /** Resolves when everything is on disk. */
  async saved(): Promise<void> {
    this.save()
    await this.#writing
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
      if (!this.#hasProblem)
        this.#onProblem(`Cannot write ${this.#path}: ${reason}; trying again at each change`)
      this.#hasProblem = true
    }
  }
}
