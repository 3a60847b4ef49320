import type { LogEntry } from '../../protocol/control.ts'

const CAPACITY_BYTES = 1024 * 1024
/** What an entry costs besides its text. */
const ENTRY_BYTES = 128

/**
 * One follower's queue. It is bounded: who reads too slowly gets one entry that says how many lines were skipped,
 * instead of taking the daemon's memory.
 */
export class LogSubscription implements AsyncIterable<LogEntry> {
  readonly #onClose: () => void
  #queue: LogEntry[] = []
  #queuedBytes = 0
  #skipped = 0
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(onClose: () => void) {
    this.#onClose = onClose
  }

  push(entry: LogEntry): void {
    const bytes = entry.line.length + ENTRY_BYTES
    if (this.#isClosed) return
    if (this.#queuedBytes + bytes > CAPACITY_BYTES) {
      this.#skipped++
      return
    }
    if (this.#skipped > 0) this.#tellSkipped(entry)
    this.#queue.push(entry)
    this.#queuedBytes += bytes
    this.#wake?.()
  }

  /** Ends the iteration after what is queued. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LogEntry, void, undefined> {
    try {
      while (true) {
        yield* this.#takeAll()
        if (this.#queue.length > 0) continue
        if (this.#isClosed) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    } finally {
      this.close()
    }
  }

  #takeAll(): LogEntry[] {
    const entries = this.#queue
    const last = entries.at(-1)
    this.#queue = []
    this.#queuedBytes = 0
    if (this.#skipped > 0 && last !== undefined) this.#tellSkipped(last)
    return entries.concat(this.#queue.splice(0))
  }

  #tellSkipped(beside: LogEntry): void {
    const line = `[upkeep] ${this.#skipped} lines skipped here: the reader was too slow; they are in the log files`
    this.#skipped = 0
    this.#queue.push({ ...beside, line })
  }
}
