// Which of the numbered lines of test/apps/counts-lines.mjs have reached the log files, and in what order.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gap, LineCounts } from './line-counts.ts'
import { LogStream } from './log-stream.ts'

const LINE = /^(\d+-\w+) (\d+) (\.*) \1$/
const DOTS = 80

export class LineCensus {
  readonly #folder: string
  readonly #counts: string
  readonly #streams = new Map<number, LogStream>()
  readonly #next = new Map<string, number>()
  readonly #gaps: Gap[] = []
  readonly #torn: string[] = []
  #twice = 0
  #outOfOrder = 0
  #undone = 0

  /** `folder` is where the log files of the app are, `counts` where its workers say how much they have written. */
  constructor(folder: string, counts: string) {
    this.#folder = folder
    this.#counts = counts
  }

  /** Takes in what came since the last time. */
  read(): void {
    for (const instance of this.#instances()) {
      const stream = this.#streams.get(instance) ?? new LogStream(this.#folder, instance)
      this.#streams.set(instance, stream)
      for (const line of stream.read()) this.#take(line)
    }
  }

  /** How many lines each worker has written by now, at least. */
  written(): Map<string, number> {
    const names = readdirSync(this.#counts)
    return new Map(names.map((name) => [name, Number(readFileSync(join(this.#counts, name), 'utf8'))]))
  }

  /** True when the lines up to these counts, or later ones, have come. */
  hasReached(written: ReadonlyMap<string, number>): boolean {
    return [...written].every(([worker, count]) => (this.#next.get(worker) ?? 0) >= count)
  }

  /** Counts the lines up to these counts that have not come as missing. */
  giveUp(written: ReadonlyMap<string, number>): void {
    this.#gaps.push(...this.#passEnds(written))
  }

  /** Expects the lines up to these counts no longer, because their app has never been. */
  undo(written: ReadonlyMap<string, number>): void {
    for (const { count } of this.#passEnds(written)) this.#undone += count
  }

  get counts(): LineCounts {
    const written = [...this.written().values()].reduce((sum, count) => sum + count, 0)
    return {
      written,
      gaps: [...this.#gaps],
      twice: this.#twice,
      outOfOrder: this.#outOfOrder,
      torn: [...this.#torn],
      undone: this.#undone,
    }
  }

  #passEnds(written: ReadonlyMap<string, number>): Gap[] {
    const ends = [...written].flatMap(([worker, count]) => {
      const from = this.#next.get(worker) ?? 0
      return from >= count ? [] : [gap(worker, from, count)]
    })
    for (const { worker, from, count } of ends) this.#next.set(worker, from + count)
    return ends
  }

  #take(line: string): void {
    const [, worker, text, dots] = LINE.exec(line) ?? []
    const number = Number(text)
    if (worker === undefined || dots?.length !== number % DOTS) {
      this.#torn.push(line)
      return
    }
    const next = this.#next.get(worker) ?? 0
    if (number >= next) {
      if (number > next) this.#gaps.push(gap(worker, next, number))
      this.#next.set(worker, number + 1)
    } else this.#takeLate(worker, number)
  }

  #takeLate(worker: string, number: number): void {
    const isMissing = this.#gaps.some(
      (gap) => gap.worker === worker && number >= gap.from && number < gap.from + gap.count,
    )
    if (isMissing) this.#outOfOrder++
    else this.#twice++
  }

  #instances(): number[] {
    if (!existsSync(this.#folder)) return []
    const names = readdirSync(this.#folder).map((name) => /^(\d+)\.out\./.exec(name)?.[1])
    return [...new Set(names)].filter((name) => name !== undefined).map(Number)
  }
}

function gap(worker: string, from: number, to: number): Gap {
  let bytes = 0
  for (let number = from; number < to; number++)
    bytes += `${worker} ${number}  ${worker}\n`.length + (number % DOTS)
  return { worker, from, count: to - from, bytes }
}
