import type { LogEntry, LogStream } from '../../../protocol/control.ts'
import { timesPathOf } from '../file/log-name.ts'
import { tryParseJsonLine } from '../json-line.ts'
import { MAX_LINE_BYTES } from '../line-splitter.ts'
import { type LogPart, type LogSeries, pathNow } from './log-series.ts'
import { type LineStart, type PartFile, tryOpenPart } from './part-file.ts'
import { TimeTable } from './time-table.ts'

const NEWLINE = 10
/** It may be rotated whenever it is about to be opened; where somebody put another file in its place, it is gone. */
const MOST_TRIES = 10

export interface EntryOrigin {
  readonly app: string
  readonly instance: number
  readonly stream: LogStream
}

/** Lines of one log file with their times. */
export class PartReader {
  readonly #file: PartFile
  readonly #times: TimeTable

  private constructor(file: PartFile, times: TimeTable) {
    this.#file = file
    this.#times = times
  }

  /** Undefined when the file is gone. */
  static async tryOpen(part: LogPart, series: LogSeries): Promise<PartReader | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const path = pathNow(part, series)
      // In the same turn of the event loop, in which nothing is rotated.
      const times = new TimeTable(timesPathOf(path), part.modifiedAtMs)
      const file = await tryOpenPart(path, part)
      if (file !== undefined && file !== 'moved') return new PartReader(file, times)
      times.close()
      if (file === undefined) return undefined
    }
    return undefined
  }

  /** Where the first line that was written at or after this time begins; undefined when there is none. */
  async startSince(sinceMs: number): Promise<number | undefined> {
    const offset = this.#times.offsetSince(sinceMs)
    if (offset === undefined || offset === 0) return offset
    // A batch may begin in the middle of a line, which then began before.
    let at = offset - 1
    for await (const block of this.#file.blocks(at)) {
      const lineEnd = block.indexOf(NEWLINE)
      if (lineEnd !== -1) return at + lineEnd + 1
      at += block.length
    }
    return undefined
  }

  lastLines(count: number, floor: number): Promise<LineStart> {
    return this.#file.lastLines(count, floor)
  }

  /** Entries in batches; without a last line that has no end if `wholeLines` is asked for. */
  async *entries(start: LineStart, origin: EntryOrigin, wholeLines: boolean): AsyncGenerator<LogEntry[]> {
    let skip = start.skipLines
    for await (const lines of linesOf(this.#file.blocks(start.offset), start.offset, wholeLines)) {
      const wanted = lines.slice(skip)
      skip = Math.max(0, skip - lines.length)
      if (wanted.length > 0) yield wanted.map((line) => this.#entry(line, origin))
    }
  }

  async close(): Promise<void> {
    this.#times.close()
    await this.#file.close()
  }

  #entry({ text, offset }: TextLine, origin: EntryOrigin): LogEntry {
    const parsed = text.startsWith('{') ? tryParseJsonLine(text) : undefined
    const time = parsed?.time ?? new Date(this.#times.timeAt(offset)).toISOString()
    return { time, ...origin, line: parsed?.line ?? text }
  }
}

/** In JSON a byte may have become six. */
const MOST_LINE_BYTES = 8 * MAX_LINE_BYTES

interface TextLine {
  readonly text: string
  readonly offset: number
}

async function* linesOf(
  blocks: AsyncIterable<Buffer>,
  offset: number,
  wholeLines: boolean,
): AsyncGenerator<TextLine[]> {
  let rest: Buffer = Buffer.alloc(0)
  let at = offset
  for await (const block of blocks) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    const lines: TextLine[] = []
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      lines.push({ text: textOf(bytes, from, end), offset: at + from })
      from = end + 1
    }
    // Somebody else's file may hold a line of any length.
    if (bytes.length - from > MOST_LINE_BYTES) {
      lines.push({ text: textOf(bytes, from, bytes.length), offset: at + from })
      from = bytes.length
    }
    rest = bytes.subarray(from)
    at += from
    yield lines
  }
  if (rest.length > 0 && !wholeLines) yield [{ text: textOf(rest, 0, rest.length), offset: at }]
}

function textOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  return text.endsWith('\r') ? text.slice(0, -1) : text
}
