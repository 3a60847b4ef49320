import type { LogSpec } from '../../protocol/app-spec.ts'
import type { LogStream } from '../../protocol/control.ts'
import type { AppLogs } from './app-logs.ts'
import type { LineSource } from './file/line-turns.ts'
import type { LogFile } from './file/log-file.ts'
import { jsonLineRenderer } from './json-line.ts'
import { LineSplitter } from './line-splitter.ts'
import { removeFifos } from './pipe/fifo.ts'
import { type FifoConsumer, FifoReader } from './pipe/fifo-reader.ts'
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

/** One output stream of one worker, from its FIFO to the log file, the followers and the tail for crash messages. */
export class WorkerStream implements FifoConsumer, LineSource {
  readonly isAdopted: boolean
  readonly hasEnded: Promise<void>
  readonly #options: WorkerStreamOptions
  readonly #reader: FifoReader
  readonly #file: LogFile
  readonly #tail = new Tail()
  #resolveEnded: () => void = () => {}
  #splitter: LineSplitter | undefined
  #format: LogSpec['format']
  #isInLine = false
  #isCutDue = false
  #isLeaving = false

  constructor(options: WorkerStreamOptions) {
    this.#options = options
    this.isAdopted = options.isAdopted
    this.hasEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#format = options.logs.spec.format
    this.#file = options.logs.file(options.instance, options.stream)
    this.#reader = new FifoReader(options.fd, this)
    this.#file.attach(this)
  }

  get tail(): Tail {
    return this.#tail
  }

  directFd(): number | undefined {
    const isPlain = this.#format === 'plain' && this.#options.logs.spec.format === 'plain'
    return isPlain ? this.#file.directFd(this) : undefined
  }

  /** Writes the bytes before it returns: what was read is in the file, whatever happens to the daemon next. */
  take(bytes: Buffer, writtenBytes: number): void {
    const { format } = this.#options.logs.spec
    const lineEnd = bytes.indexOf(NEWLINE) + 1
    if (format === this.#format || !this.#isInLine) {
      this.#format = format
      this.#record(bytes, writtenBytes)
    } else if (lineEnd === 0 || lineEnd === bytes.length) {
      this.#record(bytes, writtenBytes)
    } else {
      // The format changes where a line ends.
      this.#record(bytes.subarray(0, lineEnd), 0)
      this.take(bytes.subarray(lineEnd), 0)
    }
  }

  ended(): void {
    if (!this.#isLeaving) takeRest(this.#options.fifoPath, (bytes) => this.take(bytes, 0))
    // Who began to follow in the middle of the last line has not had it.
    const splitter = this.#splitter ?? new LineSplitter(this.#tail.unfinishedLine())
    this.#recordLines(splitter.finish())
    this.#file.detach(this)
    if (!this.#isLeaving) removeFifos([this.#options.fifoPath])
    this.#resolveEnded()
  }

  hold(): void {
    this.#reader.hold()
  }

  release(): void {
    this.#reader.release()
    if (this.#isCutDue) this.#reader.cut()
  }

  /** Takes what is there now and ends; while the file does not take it, as soon as it does. */
  cut(): void {
    this.#isCutDue = true
    if (!this.#reader.isHeld) this.#reader.cut()
  }

  /** Stops reading and leaves the FIFO to the next daemon. */
  leave(): void {
    this.#isLeaving = true
    this.#reader.close()
  }

  #record(bytes: Buffer, writtenBytes: number): void {
    // First of all, so that the time in which a kill of the daemon could lose these bytes is as short as can be.
    if (this.#format === 'plain') this.#file.append(this, bytes, writtenBytes)
    const lines = this.#split(bytes)
    this.#tail.push(bytes)
    this.#isInLine = bytes.at(-1) !== NEWLINE
    this.#recordLines(lines)
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

  #recordLines(lines: readonly string[]): void {
    if (lines.length === 0) return
    const { logs, instance, stream } = this.#options
    const origin = { time: new Date(logs.clock.nowMs()).toISOString(), app: logs.app, instance, stream }
    if (this.#format === 'json') {
      this.#file.append(this, Buffer.from(`${lines.map(jsonLineRenderer(origin)).join('\n')}\n`))
    }
    if (!logs.feed.isWatched(origin)) return
    for (const line of lines) logs.feed.publish({ ...origin, line })
  }
}
