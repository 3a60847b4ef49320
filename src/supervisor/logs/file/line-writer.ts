import type { Clock } from '../../../base/clock.ts'
import type { LogSpec } from '../../../protocol/app-spec.ts'
import { characterStart, MAX_LINE_BYTES } from '../line-splitter.ts'
import { READ_BYTES } from '../pipe/fifo-reader.ts'
import { LogWriter } from './log-writer.ts'

export interface LineWriterOptions {
  readonly path: string
  readonly clock: Clock
  readonly spec: () => LogSpec
  /** The file was opened; `inLine` when it ends in a line that somebody else began. */
  readonly onOpened: (inLine: boolean) => void
  readonly onRotated: () => void
  /** The file cannot be rotated; null when it could be, or was begun anew. */
  readonly onRotationRefused: (path: string, reason: string | null) => void
}

const NEWLINE = 10
const NEWLINE_BYTES = Buffer.from('\n')
/** Files of this size need not be filled to the last byte. */
const LARGE_FILE_BYTES = 4 * READ_BYTES
const ROTATE_AGAIN_AFTER_MS = 60_000

/** Writes bytes to a log file so that it is rotated only where a line ends, and no line is longer than the bound. */
export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #writer: LogWriter
  #lineBytes = 0
  #rotateNotBeforeMs = 0

  constructor(options: LineWriterOptions) {
    this.#options = options
    this.#writer = new LogWriter(options.path, options.clock)
  }

  get isOpen(): boolean {
    return this.#writer.isOpen
  }

  /** The length of the line that is unfinished; 0 where a line begins. */
  get lineBytes(): number {
    return this.#lineBytes
  }

  /** The file, if the next read may go there whatever is in it. */
  directFd(): number | undefined {
    if (!this.isOpen || this.#lineBytes + READ_BYTES > MAX_LINE_BYTES) return undefined
    return this.#roomAhead() < READ_BYTES ? undefined : this.#writer.fd
  }

  /** These bytes were written to `directFd`. */
  note(written: Buffer): void {
    this.#writer.note(written.length)
    this.#follow(written)
  }

  /** Writes one piece, up to the bound of a line, up to a rotation, or everything, and returns its length. */
  write(bytes: Buffer): number {
    if (!this.isOpen) this.open()
    const lineEnd = bytes.indexOf(NEWLINE) + 1 || bytes.length
    if (this.#lineBytes + lineEnd > MAX_LINE_BYTES + 1) return this.#writeLongLine(bytes)
    const room = this.#room(lineEnd)
    if (bytes.length <= room) return this.#write(bytes)
    const cut = room > 0 ? bytes.lastIndexOf(NEWLINE, room - 1) + 1 : 0
    return this.#write(bytes.subarray(0, cut || lineEnd))
  }

  endLine(): void {
    this.#write(NEWLINE_BYTES)
  }

  open(): void {
    const { endsInLine } = this.#writer.open()
    // The file was closed in the middle of a line of ours: whose it is, is known already.
    if (endsInLine && this.#lineBytes > 0) return
    this.#lineBytes = endsInLine ? 1 : 0
    this.#options.onOpened(endsInLine)
  }

  /** Begins a new, empty file. */
  discard(): void {
    this.#writer.discard()
    this.#lineBytes = 0
    this.#options.onOpened(false)
  }

  close(): void {
    this.#writer.close()
  }

  #writeLongLine(bytes: Buffer): number {
    const room = MAX_LINE_BYTES - this.#lineBytes
    const cut = room > 0 ? characterStart(bytes, room) : 0
    const length = cut > 0 ? this.#write(bytes.subarray(0, cut)) : 0
    if (length === cut) this.endLine()
    return length
  }

  /** The room for a read whose bytes are not known yet. A file of some size is rotated before it lacks that. */
  #roomAhead(): number {
    const isLarge = this.#options.spec().maxSizeBytes >= LARGE_FILE_BYTES
    try {
      return this.#room(isLarge ? READ_BYTES : 1)
    } catch {
      // The file cannot be opened anew: the next write finds out why, and deals with it.
      return 0
    }
  }

  /** How many bytes the file may still take. Where a line begins, turns to a new file first if that is due. */
  #room(lineEnd: number): number {
    const isLost = this.#writer.isLost()
    const room = isLost ? 0 : this.#roomNow()
    if (this.#lineBytes > 0) return room
    if (isLost) this.#reopen()
    else if (room < lineEnd && this.#writer.sizeBytes > 0) this.#rotate()
    else return room
    return this.#roomNow()
  }

  #roomNow(): number {
    const { rotateEveryMs, maxSizeBytes } = this.#options.spec()
    if (rotateEveryMs !== null && this.#writer.ageMs >= rotateEveryMs) return 0
    return maxSizeBytes - this.#writer.sizeBytes
  }

  #rotate(): void {
    const { clock, path, onRotated, onRotationRefused } = this.#options
    if (clock.monotonicMs() < this.#rotateNotBeforeMs) return
    try {
      this.#writer.rotate()
      onRotated()
      onRotationRefused(path, null)
    } catch (error) {
      if (!this.isOpen) throw error
      this.#rotateNotBeforeMs = clock.monotonicMs() + ROTATE_AGAIN_AFTER_MS
      onRotationRefused(path, String(error))
    }
  }

  #reopen(): void {
    this.close()
    this.open()
    this.#options.onRotationRefused(this.#options.path, null)
  }

  #write(bytes: Buffer): number {
    const length = this.#writer.write(bytes)
    this.#follow(bytes.subarray(0, length))
    return length
  }

  /** Keeps count of the line that is unfinished after these bytes. */
  #follow(written: Buffer): void {
    const lineStart = written.lastIndexOf(NEWLINE) + 1
    this.#lineBytes = lineStart === 0 ? this.#lineBytes + written.length : written.length - lineStart
  }
}
