import { basename } from 'node:path'

import type { LogSpec } from '../../protocol/app-spec.ts'
import type { LogStream } from '../../protocol/control.ts'
import type { AppLogs } from './app-logs.ts'
import type { LineSource } from './file/line-turns.ts'
import type { LogFile } from './file/log-file.ts'
import { jsonLineRenderer } from './json-line.ts'
import { LineSplitter } from './line-splitter.ts'
import { removeFifos } from './pipe/fifo.ts'
import { type FifoConsumer, FifoReader } from './pipe/fifo-reader.ts'
import { type LogWrite, Spool } from './pipe/spool.ts'
import { Tail } from './pipe/tail.ts'
import { takeRest } from './pipe/take-rest.ts'

export interface WorkerStreamOptions {
  readonly logs: AppLogs
  readonly instance: number
  readonly stream: LogStream
  readonly fifoPath: string
  readonly fd: number
  readonly isAdopted: boolean
}

const NEWLINE = 10
/** What a line of JSON has at most beside its text, and what a byte of text can become there. */
const MOST_JSON_BYTES = 512
const MOST_ESCAPED_BYTES = 6

/** One output stream of one worker, from its FIFO to the log file, the followers and the tail for crash messages. */
export class WorkerStream implements FifoConsumer, LineSource {
  readonly isAdopted: boolean
  readonly hasEnded: Promise<void>
  readonly #options: WorkerStreamOptions
  readonly #spool: Spool | undefined
  readonly #reader: FifoReader
  readonly #file: LogFile
  readonly #tail = new Tail()
  #resolveEnded: () => void = () => {}
  #splitter: LineSplitter | undefined
  #format: LogSpec['format']
  #isInLine = false
  #hasTaken = false
  #isLeaving = false
  #isEnded = false

  constructor(options: WorkerStreamOptions) {
    const { logs, instance, stream, fifoPath, fd } = options
    this.#options = options
    this.isAdopted = options.isAdopted
    this.hasEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#format = logs.spec.format
    this.#file = logs.file(instance, stream)
    const { spooler } = logs
    this.#spool = spooler === null ? undefined : Spool.tryOpen(fifoPath, this.#file.path)
    const spooling =
      spooler === null || this.#spool === undefined
        ? undefined
        : { spooler, name: basename(fifoPath), spool: this.#spool }
    this.#reader = new FifoReader({ fd, consumer: this, spooling })
    this.#file.attach(this)
  }

  get tail(): Tail {
    return this.#tail
  }

  get isKept(): boolean {
    return this.#spool?.isWritten === false
  }

  intends(write: LogWrite): void {
    this.#spool?.intends(write)
  }

  wrote(lengthBytes: number): void {
    this.#spool?.wrote(lengthBytes)
    if (!this.#isEnded) return
    if (this.#isLeaving) this.#spool?.leave()
    else this.#forgetIfWritten()
  }

  refused(): void {
    this.#spool?.refused()
  }

  /** Writes the bytes before it returns. */
  take(bytes: Buffer, spooledTo: number | undefined): void {
    if (!this.#hasTaken) this.#goOnWithLine()
    for (let rest = bytes; rest.length > 0; ) {
      const length = this.#pieceOf(rest)
      const restBytes = rest.length - length
      this.#record(rest.subarray(0, length), spooledTo === undefined ? undefined : spooledTo - restBytes)
      rest = rest.subarray(length)
    }
  }

  /** Only format plain leaves a line without its end in a file; another format since then begins with the next line. */
  #goOnWithLine(): void {
    this.#hasTaken = true
    if (!this.#file.isContinuedBy(this)) return
    this.#format = 'plain'
    this.#isInLine = true
  }

  ended(): void {
    if (!this.#isLeaving) this.#takeRest()
    this.#finishLine()
    this.#isEnded = true
    this.#file.detach(this)
    if (this.#isLeaving) this.#spool?.leave()
    else this.#forgetIfWritten()
    this.#resolveEnded()
  }

  hold(): void {
    this.#reader.hold()
  }

  release(): void {
    this.#reader.release()
  }

  /** Takes what is there now and ends; while the file does not take it, as soon as it does. */
  cut(): void {
    this.#reader.cut()
  }

  /** Stops reading and leaves the FIFO to the next daemon. */
  leave(): void {
    this.#isLeaving = true
    this.#reader.close()
  }

  #takeRest(): void {
    this.#takeSpooled()
    takeRest(this.#options.fifoPath, this.#spool, (bytes) => this.take(bytes, undefined))
    this.#takeSpooled()
  }

  #takeSpooled(): void {
    const spool = this.#spool
    while (spool?.hasUnread) {
      const bytes = spool.read()
      // Somebody has emptied it.
      if (bytes.length === 0) spool.look()
      else this.take(bytes, spool.readAt)
    }
  }

  /** How much of it can be recorded in one go. A new format begins with the next line. */
  #pieceOf(bytes: Buffer): number {
    const { format } = this.#options.logs.spec
    const lineEnd = bytes.indexOf(NEWLINE) + 1 || bytes.length
    if (format !== this.#format && this.#isInLine) return lineEnd
    this.#format = format
    return this.#spool === undefined || this.#isOneWrite(bytes) ? bytes.length : lineEnd
  }

  /** Whether a kill of the daemon comes before all of it is in the log, or after. */
  #isOneWrite(bytes: Buffer): boolean {
    if (this.#format === 'plain') return true
    const mostBytes = bytes.length * MOST_ESCAPED_BYTES + countLines(bytes) * MOST_JSON_BYTES
    return this.#file.hasRoom(this, mostBytes)
  }

  #record(bytes: Buffer, spooledTo: number | undefined): void {
    if (this.#format === 'plain') {
      if (spooledTo !== undefined) this.#spool?.carry(spooledTo, bytes.length, true)
      this.#file.append(this, bytes)
    }
    const lines = this.#split(bytes)
    this.#tail.push(bytes)
    this.#isInLine = bytes.at(-1) !== NEWLINE
    this.#recordLines(lines, spooledTo)
  }

  #split(bytes: Buffer): string[] {
    const { logs, instance, stream } = this.#options
    if (this.#format === 'plain' && !logs.feed.isWatched({ app: logs.app, instance, stream })) {
      this.#splitter = undefined
      return []
    }
    this.#splitter ??= new LineSplitter(this.#tail.unfinishedLine())
    return this.#splitter.push(bytes)
  }

  #recordLines(lines: readonly string[], spooledTo: number | undefined): void {
    if (lines.length === 0) return
    const { logs, instance, stream } = this.#options
    const origin = { time: new Date(logs.clock.nowMs()).toISOString(), app: logs.app, instance, stream }
    if (this.#format === 'json') {
      const bytes = Buffer.from(`${lines.map(jsonLineRenderer(origin)).join('\n')}\n`)
      this.#spool?.carry(this.#carriedTo(spooledTo), bytes.length, false)
      this.#file.append(this, bytes)
    }
    if (!logs.feed.isWatched(origin)) return
    for (const line of lines) logs.feed.publish({ ...origin, line })
  }

  /** After these lines the unfinished one begins, in the same bytes: what came past the spool leaves nothing in it. */
  #carriedTo(spooledTo: number | undefined): number {
    if (spooledTo === undefined) return this.#spool?.readAt ?? 0
    return spooledTo - (this.#splitter?.unfinishedBytes ?? 0)
  }

  /** The last line may have no end. Who began to follow in the middle of it has not had it. */
  #finishLine(): void {
    // The next daemon finds its beginning in the spool.
    if (this.#isLeaving && this.#format === 'json' && this.#spool !== undefined) return
    const splitter = this.#splitter ?? new LineSplitter(this.#tail.unfinishedLine())
    this.#recordLines(splitter.finish(), undefined)
  }

  /** When the disk refuses the last of it, the pipe stays as long as the spool: the next daemon finds both. */
  #forgetIfWritten(): void {
    const { logs, fifoPath } = this.#options
    if (this.#spool?.isWritten === false) return
    logs.spooler?.forget(basename(fifoPath))
    this.#spool?.remove()
    removeFifos([fifoPath])
  }
}

function countLines(bytes: Buffer): number {
  let count = 1
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}
