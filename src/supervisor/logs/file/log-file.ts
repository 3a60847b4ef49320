// One log file and the pipes that write to it. When the disk refuses nothing is lost: what was taken is kept, everything
// else waits in the pipes, and the write is tried again every second.

import type { Clock } from '../../../base/clock.ts'
import type { LogSpec } from '../../../protocol/app-spec.ts'
import { type LineSource, LineTurns } from './line-turns.ts'
import { LineWriter } from './line-writer.ts'

export interface LogFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly spec: () => LogSpec
  readonly onRotated: () => void
  /** The disk refused; null when it takes everything again. */
  readonly onRefusal: (path: string, reason: string | null) => void
  readonly onRotationRefused: (path: string, reason: string | null) => void
  readonly onProblem: (text: string) => void
}

interface Refused {
  readonly source: LineSource
  readonly bytes: Buffer
  readonly cancelRetry: () => void
}

const RETRY_MS = 1_000

export class LogFile {
  readonly #options: LogFileOptions
  readonly #writer: LineWriter
  readonly #turns: LineTurns
  #refused: Refused | undefined

  constructor(options: LogFileOptions) {
    this.#options = options
    this.#turns = new LineTurns(options.clock)
    this.#writer = new LineWriter({ ...options, onOpened: (inLine) => this.#turns.opened(inLine) })
  }

  get path(): string {
    return this.#options.path
  }

  get isOpen(): boolean {
    return this.#writer.isOpen
  }

  /** The last line has no end yet, and a worker is there that may end it. */
  get isInLine(): boolean {
    return this.#turns.isInLine
  }

  attach(source: LineSource): void {
    this.#tryOpen()
    this.#turns.add(source)
  }

  detach(source: LineSource): void {
    this.#turns.remove(source)
    this.#closeWhenUnused()
  }

  /** The line that was found without its end is most likely this source's. */
  isContinuedBy(source: LineSource): boolean {
    return this.#turns.isContinuedBy(source)
  }

  /** Whether so many bytes of this source go into the file in one write. */
  hasRoom(source: LineSource, lengthBytes: number): boolean {
    if (this.#refused !== undefined || this.#turns.mustEndLineBefore(source)) return false
    return this.#writer.hasRoom(lengthBytes)
  }

  /** Writes the bytes now. When the disk refuses they are kept, and every source is held until it takes them. */
  append(source: LineSource, bytes: Buffer): void {
    if (this.#refused !== undefined) {
      this.#refused = { ...this.#refused, bytes: Buffer.concat([this.#refused.bytes, bytes]) }
      return
    }
    const { done, error } = this.#tryWrite(source, bytes)
    if (error === undefined) return
    this.#options.onRefusal(this.#options.path, error instanceof Error ? error.message : String(error))
    this.#keep(source, Buffer.from(bytes.subarray(done)))
    this.#turns.stop()
  }

  /** Begins a new, empty file. */
  discard(): void {
    if (this.isOpen) this.#writer.discard()
  }

  close(): void {
    this.#turns.close()
    this.#dropRefused()
    this.#writer.close()
  }

  #tryWrite(source: LineSource, bytes: Buffer): { readonly done: number; readonly error?: unknown } {
    let done = 0
    try {
      if (!this.isOpen) this.#writer.open()
      if (this.#turns.mustEndLineBefore(source)) this.#endLineFor(source)
      while (done < bytes.length) {
        const length = this.#writer.write(bytes.subarray(done), (write) => source.intends(write))
        done += length
        source.wrote(length)
      }
      return { done }
    } catch (error) {
      source.refused()
      return { done, error }
    } finally {
      if (done > 0) this.#pass(source, done)
    }
  }

  #endLineFor(source: LineSource): void {
    this.#writer.endLine((write) => source.intends(write))
    this.#turns.wrote(source, false, false)
  }

  /** The last `length` bytes of the file are from this source: says whose turn it is now. */
  #pass(source: LineSource, length: number): void {
    const { lineBytes } = this.#writer
    this.#turns.wrote(source, lineBytes > 0, lineBytes <= length)
  }

  /** So that the first line need not wait for it. What goes wrong here is dealt with when there is something to write. */
  #tryOpen(): void {
    try {
      if (!this.isOpen && this.#refused === undefined) this.#writer.open()
    } catch {
      this.#writer.close()
    }
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
    const { path, onProblem } = this.#options
    const { done } = this.#tryWrite(source, bytes)
    if (done < bytes.length && !source.isKept)
      onProblem(`Lost ${bytes.length - done} bytes for ${path}: it could not be written`)
  }
}
