// During a reload the old and the new worker of an instance write to the same file. So a file has a line owner: while
// a line is unfinished only the pipe it came from may go on; what the others say waits in the kernel, for at most a
// second. So lines are never torn or mixed.

import type { Clock } from '../../../base/clock.ts'
import type { LogWrite } from '../pipe/spool.ts'

/** A pipe, as its file sees it. */
export interface LineSource {
  /** Its worker was already running when this daemon began. */
  readonly isAdopted: boolean
  /** What the file has not taken yet is still there for the next daemon. */
  readonly isKept: boolean
  hold(): void
  release(): void
  /** A write of its bytes is about to be done. */
  intends(write: LogWrite): void
  /** So many of its bytes are in the file now. */
  wrote(lengthBytes: number): void
  /** None of them are. */
  refused(): void
}

const LINE_DEADLINE_MS = 1_000

/** Whose line is unfinished: a pipe's, one's that is gone, or nobody knows since the daemon was replaced. */
type Owner = LineSource | 'gone' | 'unknown' | null

export class LineTurns {
  readonly #clock: Clock
  readonly #sources = new Set<LineSource>()
  #owner: Owner = null
  #cancelDeadline: (() => void) | undefined
  #isOverdue = false
  #isStopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#sources.size === 0
  }

  /** A pipe that is still there is in the middle of a line. */
  get isInLine(): boolean {
    return typeof this.#owner === 'object' && this.#owner !== null
  }

  add(source: LineSource): void {
    this.#sources.add(source)
    this.#share()
  }

  remove(source: LineSource): void {
    this.#sources.delete(source)
    if (this.#owner !== source) return
    this.#owner = 'gone'
    this.#share()
  }

  /** Nobody may write until `start`. */
  stop(): void {
    this.#isStopped = true
    this.#share()
  }

  start(): void {
    this.#isStopped = false
    this.#share()
  }

  /** The file was opened; `inLine` when it ends in a line that is not ours. */
  opened(inLine: boolean): void {
    this.#owner = inLine ? 'unknown' : null
    this.#share()
  }

  /** The source has written; `inLine` when its last line is unfinished, `isNewLine` when that line began just now. */
  wrote(source: LineSource, inLine: boolean, isNewLine: boolean): void {
    const owner = inLine ? source : null
    if (owner === this.#owner && (owner === null || !isNewLine)) return
    this.#owner = owner
    if (this.#sources.size > 1) this.#share()
  }

  /** The unfinished line in the file belongs to somebody else. */
  mustEndLineBefore(source: LineSource): boolean {
    if (this.#owner === null || this.#owner === source) return false
    return !this.isContinuedBy(source)
  }

  /** It most likely goes on with the line that the last daemon left. */
  isContinuedBy(source: LineSource): boolean {
    return this.#owner === 'unknown' && source.isAdopted
  }

  close(): void {
    this.#cancelDeadline?.()
    this.#cancelDeadline = undefined
  }

  #share(): void {
    this.close()
    this.#isOverdue = false
    this.#apply()
    if (this.#isStopped || this.#sources.size < 2 || this.#holder() === null) return
    this.#cancelDeadline = this.#clock.timer(LINE_DEADLINE_MS, () => {
      this.#isOverdue = true
      this.#apply()
    })
  }

  #apply(): void {
    for (const source of this.#sources) {
      // Asked for each: a pipe that was waiting to end writes in its `release`.
      const holder = this.#holder()
      if (this.#isStopped || (holder !== null && holder !== source)) source.hold()
      else source.release()
    }
  }

  #holder(): LineSource | null {
    if (this.#isOverdue || this.#owner === 'gone' || this.#owner === 'unknown') return null
    return this.#owner
  }
}
