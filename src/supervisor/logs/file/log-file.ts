// One log file and the pipes that write to it: whole lines, rotation at line boundaries, a bound on a line, and a disk
// that refuses. In that case nothing is lost: what was taken is kept, everything else waits in the pipes, and
// the write is tried again every second.

import type { Clock } from '../../../base/clock.ts'
import type { LogSpec } from '../../../protocol/app-spec.ts'
import { characterStart, MAX_LINE_BYTES } from '../line-splitter.ts'
import { READ_BYTES } from '../pipe/fifo-reader.ts'
import { type LineSource, LineTurns } from './line-turns.ts'
import { LogWriter } from './log-writer.ts'

export interface LogFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly spec: () => LogSpec
  readonly onRotated: () => void
  /** The disk refused; null when it takes everything again. */
  readonly onRefusal: (path: string, reason: string | null) => void
  readonly onProblem: (text: string) => void
}

interface Refused {
  readonly source: LineSource
  readonly bytes: Buffer
  readonly cancelRetry: () => void
}

const NEWLINE = 10
const NEWLINE_BYTES = Buffer.from('\n')
const RETRY_MS = 1_000
const ROTATE_AGAIN_AFTER_MS = 60_000

export class LogFile {
  readonly #options: LogFileOptions
  readonly #writer: LogWriter
  readonly #turns: LineTurns
  #lineBytes = 0
  #refused: Refused | undefined
  #rotateNotBeforeMs = 0

  constructor(options: LogFileOptions) {
    this.#options = options
    this.#writer = new LogWriter(options.path, options.clock)
    this.#turns = new LineTurns(options.clock)
  }

  get isOpen(): boolean {
    return this.#writer.isOpen
  }

  attach(source: LineSource): void {
    this.#tryOpen()
    this.#turns.add(source)
  }

  detach(source: LineSource): void {
    this.#turns.remove(source)
    this.#closeWhenUnused()
  }

  /**
   * Where the next read of this source, whatever its bytes, may be written at once; undefined when they must be looked
   * at first. What was written goes to `append` all the same.
   */
  directFd(source: LineSource): number | undefined {
    if (this.#refused !== undefined || !this.#writer.isOpen || this.#turns.mustEndLineBefore(source))
      return undefined
    if (this.#lineBytes + READ_BYTES > MAX_LINE_BYTES) return undefined
    return this.#tryRoom() < READ_BYTES ? undefined : this.#writer.fd
  }

  /**
   * Writes the bytes now, but for the first `writtenBytes`, which are in the file already. When the disk refuses they are
   * kept, and every source is held until it takes them.
   */
  append(source: LineSource, bytes: Buffer, writtenBytes = 0): void {
    if (writtenBytes > 0) {
      const written = bytes.subarray(0, writtenBytes)
      this.#writer.note(writtenBytes)
      this.#follow(written)
      this.#turns.wrote(source, this.#lineBytes > 0, this.#lineBytes <= writtenBytes)
      if (writtenBytes < bytes.length) this.append(source, bytes.subarray(writtenBytes))
      return
    }
    if (this.#refused !== undefined) {
      this.#refused = { ...this.#refused, bytes: Buffer.concat([this.#refused.bytes, bytes]) }
      return
    }
    const { done, error } = this.#tryWrite(source, bytes)
    if (error === undefined) return
    this.#options.onRefusal(this.#options.path, reasonOf(error))
    this.#keep(source, Buffer.from(bytes.subarray(done)))
    this.#turns.stop()
  }

  /** Begins a new, empty file. */
  discard(): void {
    if (!this.#writer.isOpen) return
    this.#writer.discard()
    this.#lineBytes = 0
    this.#turns.opened(false)
  }

  close(): void {
    this.#turns.close()
    this.#dropRefused()
    this.#writer.close()
  }

  #tryWrite(source: LineSource, bytes: Buffer): { readonly done: number; readonly error?: unknown } {
    let done = 0
    try {
      if (!this.#writer.isOpen) this.#open()
      if (this.#turns.mustEndLineBefore(source)) this.#endLineFor(source)
      while (done < bytes.length) done += this.#writeNext(bytes.subarray(done))
      return { done }
    } catch (error) {
      return { done, error }
    } finally {
      if (done > 0) this.#turns.wrote(source, this.#lineBytes > 0, this.#lineBytes <= done)
    }
  }

  /** Writes one piece: up to the bound of a line, up to a rotation, or everything. */
  #writeNext(bytes: Buffer): number {
    const lineEnd = bytes.indexOf(NEWLINE) + 1 || bytes.length
    if (this.#lineBytes + lineEnd > MAX_LINE_BYTES + 1) return this.#writeLongLine(bytes)
    const room = this.#room(lineEnd)
    if (bytes.length <= room) return this.#write(bytes)
    const cut = room > 0 ? bytes.lastIndexOf(NEWLINE, room - 1) + 1 : 0
    return this.#write(bytes.subarray(0, cut || lineEnd))
  }

  #writeLongLine(bytes: Buffer): number {
    const room = MAX_LINE_BYTES - this.#lineBytes
    const cut = room > 0 ? characterStart(bytes, room) : 0
    const length = cut > 0 ? this.#write(bytes.subarray(0, cut)) : 0
    if (length === cut) this.#endLine()
    return length
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
    const { clock, path, onRotated, onProblem } = this.#options
    if (clock.monotonicMs() < this.#rotateNotBeforeMs) return
    try {
      this.#writer.rotate()
    } catch (error) {
      this.#rotateNotBeforeMs = clock.monotonicMs() + ROTATE_AGAIN_AFTER_MS
      onProblem(`Cannot rotate ${path}: ${reasonOf(error)}; it grows on`)
    }
    onRotated()
  }

  #tryRoom(): number {
    try {
      return this.#room(1)
    } catch {
      // The file cannot be opened anew; the next write finds out why and deals with it.
      return 0
    }
  }

  /** So that the first line does not wait for it; what goes wrong here is dealt with when something is written. */
  #tryOpen(): void {
    try {
      if (!this.#writer.isOpen) this.#open()
    } catch {
      this.#writer.close()
    }
  }

  #reopen(): void {
    this.#writer.close()
    this.#open()
  }

  #open(): void {
    const { endsInLine } = this.#writer.open()
    // After a refusal the unfinished line is still the one this object knows.
    if (endsInLine && this.#lineBytes > 0) return
    this.#lineBytes = endsInLine ? 1 : 0
    this.#turns.opened(endsInLine)
  }

  #endLineFor(source: LineSource): void {
    this.#endLine()
    this.#turns.wrote(source, false, false)
  }

  #endLine(): void {
    this.#write(NEWLINE_BYTES)
  }

  #write(bytes: Buffer): number {
    if (!this.#writer.isOpen) this.#open()
    const length = this.#writer.write(bytes)
    this.#follow(bytes.subarray(0, length))
    return length
  }

  /** Keeps count of the line that is unfinished after these bytes. */
  #follow(written: Buffer): void {
    const lineStart = written.lastIndexOf(NEWLINE) + 1
    this.#lineBytes = lineStart === 0 ? this.#lineBytes + written.length : written.length - lineStart
  }

  #keep(source: LineSource, bytes: Buffer): void {
    // The next try opens the file anew: it may be another disk by then.
    this.#writer.close()
    this.#refused = { source, bytes, cancelRetry: this.#options.clock.timer(RETRY_MS, () => this.#retry()) }
  }

  #retry(): void {
    if (this.#refused === undefined) return
    const { source, bytes } = this.#refused
    const { done, error } = this.#tryWrite(source, bytes)
    if (error === undefined) this.#accept()
    else this.#keep(source, bytes.subarray(done))
  }

  #accept(): void {
    this.#refused = undefined
    this.#options.onRefusal(this.#options.path, null)
    this.#turns.start()
    this.#closeWhenUnused()
  }

  #closeWhenUnused(): void {
    if (this.#turns.isEmpty && this.#refused === undefined) this.#writer.close()
  }

  #dropRefused(): void {
    if (this.#refused === undefined) return
    const { source, bytes, cancelRetry } = this.#refused
    cancelRetry()
    this.#refused = undefined
    const { done } = this.#tryWrite(source, bytes)
    if (done === bytes.length) return
    this.#options.onProblem(
      `Lost ${bytes.length - done} bytes for ${this.#options.path}: it could not be written`,
    )
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
