// What a daemon must know to take over from one that died: the wanted apps and the workers that run. Written after each
// change, several at once as one; the copy before the last stays as state.json.last.
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { writeAtomically } from '../base/atomic-file.ts'
import { Failure, isSystemError } from '../base/failure.ts'
import type { AppRecord } from '../supervisor/app.ts'

const VERSION = 1

export interface LoadedState {
  readonly apps: readonly AppRecord[]
  /** What was wrong with the file, if the last good copy had to serve. */
  readonly problem: string | undefined
}

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
      const text = `${JSON.stringify({ version: VERSION, apps: this.#collect() })}\n`
      if (text !== this.#lastText) await this.#write(text)
    }
  }

  async #write(text: string): Promise<void> {
    try {
      await keepCopy(this.#path)
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

/** Reads the state; a broken file is put aside and the last good copy used. */
export async function loadState(path: string): Promise<LoadedState> {
  const current = await tryRead(path)
  if (current === undefined) return { apps: [], problem: undefined }
  if (!(current instanceof Failure)) return { apps: current, problem: undefined }
  const last = await tryRead(lastCopy(path))
  const broken = `${path}.broken`
  await rename(path, broken)
  const used = last === undefined || last instanceof Failure ? [] : last
  const from = used.length === 0 ? 'began without apps' : 'began from the last good copy'
  return { apps: used, problem: `${current.message}; kept as ${broken}, ${from}` }
}

async function tryRead(path: string): Promise<readonly AppRecord[] | Failure | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
  const unreadable = (reason: string) =>
    new Failure('STATE_UNREADABLE', `Cannot read state from ${path}: ${reason}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable('it is not complete')
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || !('apps' in value)) {
    return unreadable('it has another form')
  }
  if (typeof value.version === 'number' && value.version > VERSION) {
    throw new Failure('STATE_UNREADABLE', `Cannot read state from ${path}: a newer Upkeep wrote it`, {
      hint: 'Use that version again, or move the file away and start the apps anew',
    })
  }
  return Array.isArray(value.apps) ? (value.apps as AppRecord[]) : unreadable('it has another form')
}

async function keepCopy(path: string): Promise<void> {
  const last = lastCopy(path)
  try {
    await unlink(last)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
  try {
    await link(path, last)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

function lastCopy(path: string): string {
  return `${path}.last`
}
