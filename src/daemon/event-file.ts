// What happened to apps, as JSON lines in the home: so that it is known to the next daemon too, however this one ends. A line
// is written at once and alone; what a death or a full disk cuts off costs that line and no other.
import { appendFileSync, readFileSync, renameSync, statSync } from 'node:fs'
import type { SupervisorEvent } from '../protocol/control.ts'

/** Some 200 bytes each: a thousand are there at least, once there were so many. */
const MOST_BYTES = 256 * 1024

export class EventFile {
  readonly #path: string
  #bytes: number
  /** The last line may have no end. */
  #isCut = true

  constructor(path: string) {
    this.#path = path
    this.#bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  }

  /** The last ones, the oldest first. */
  recent(count: number): SupervisorEvent[] {
    const text = [`${this.#path}.1`, this.#path].map(tryRead).join('\n')
    return text.split('\n').flatMap(tryEvent).slice(-count)
  }

  /** What cannot be written is known to this daemon alone. */
  append(event: SupervisorEvent): void {
    try {
      if (this.#bytes >= MOST_BYTES) this.#rotate()
      // An empty line is none.
      const line = `${this.#isCut ? '\n' : ''}${JSON.stringify(event)}\n`
      this.#isCut = true
      appendFileSync(this.#path, line, { mode: 0o600 })
      this.#isCut = false
      this.#bytes += Buffer.byteLength(line)
    } catch {
      // On a full disk, or in a home that is being removed.
    }
  }

  #rotate(): void {
    this.#bytes = 0
    renameSync(this.#path, `${this.#path}.1`)
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function tryEvent(line: string): SupervisorEvent[] {
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? [value] : []
  } catch {
    return []
  }
}

function isEvent(value: unknown): value is SupervisorEvent {
  if (typeof value !== 'object' || value === null) return false
  const { instance, ...texts } = value as Partial<Record<keyof SupervisorEvent, unknown>>
  const areTexts = [texts.time, texts.event, texts.app, texts.text].every((text) => typeof text === 'string')
  return areTexts && (instance === null || Number.isInteger(instance))
}
