import type { Clock } from '../../../base/clock.ts'
import type { LogSpec } from '../../../protocol/app-spec.ts'
import { characterStart, MAX_LINE_BYTES } from '../line-splitter.ts'
import type { LogWrite } from '../pipe/spool.ts'
import { LogWriter } from './log-writer.ts'

type Intends = (write: LogWrite) => void

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

  /** Whether so many bytes fit into the file as it is. Looks where a line ends, and rotates if that is due. */
  hasRoom(lengthBytes: number): boolean {
    try {
      return this.isOpen && this.#room(1) >= lengthBytes
    } catch {
      // The file cannot be opened anew: the next write finds out why, and deals with it.
      return false
    }
  }

  /** Writes one piece, up to the bound of a line, up to a rotation, or everything, and returns its length. */
  write(bytes: Buffer, intends: Intends): number {
    if (!this.isOpen) this.open()
    const lineEnd = bytes.indexOf(NEWLINE) + 1 || bytes.length
    const isWhole = this.#lineBytes === 0 && bytes[lineEnd - 1] === NEWLINE
    // One that comes whole has been bounded by who made it: in half, an object would be none.
    if (!isWhole && this.#lineBytes + lineEnd > MAX_LINE_BYTES + 1) return this.#writeLongLine(bytes, intends)
    const room = this.#room(lineEnd)
    if (bytes.length <= room) return this.#write(bytes, intends)
    const cut = room > 0 ? bytes.lastIndexOf(NEWLINE, room - 1) + 1 : 0
    return this.#write(bytes.subarray(0, cut || lineEnd), intends)
  }

  endLine(intends: Intends): void {
    const length = this.#writer.write(NEWLINE_BYTES, (write) => intends({ ...write, payloadBytes: 0 }))
    this.#follow(NEWLINE_BYTES.subarray(0, length))
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

  /** Up to the bound; the newline behind it comes with the next piece. */
  #writeLongLine(bytes: Buffer, intends: Intends): number {
    const room = MAX_LINE_BYTES - this.#lineBytes
    const cut = room > 0 ? characterStart(bytes, room) : 0
    if (cut > 0) return this.#write(bytes.subarray(0, cut), intends)
    this.endLine(intends)
    return 0
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

  #write(bytes: Buffer, intends: Intends): number {
    const length = this.#writer.write(bytes, (write) =>
      intends({ ...write, payloadBytes: write.lengthBytes }),
    )
    this.#follow(bytes.subarray(0, length))
    return length
  }

  /** Keeps count of the line that is unfinished after these bytes. */
  #follow(written: Buffer): void {
    const lineStart = written.lastIndexOf(NEWLINE) + 1
    this.#lineBytes = lineStart === 0 ? this.#lineBytes + written.length : written.length - lineStart
  }
}
