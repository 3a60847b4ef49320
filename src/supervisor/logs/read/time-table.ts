import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

import { isSystemError } from '../../../base/failure.ts'
import { RECORD_BYTES } from '../file/time-index.ts'

interface TimeRecord {
  readonly offset: number
  readonly atMs: number
}

const BLOCK_RECORDS = 1024
/** The last moment a Date can show. */
const MAX_TIME_MS = 8.64e15

/** Reads a time index, whatever is in it. Holds one block of it in memory, however long it is. */
export class TimeTable {
  readonly #fallbackMs: number
  readonly #fd: number | undefined
  readonly #count: number
  readonly #block = Buffer.alloc(BLOCK_RECORDS * RECORD_BYTES)
  #blockIndex = -1
  #cursor = 0

  /** `fallbackMs` is the time of every line when the index says nothing. */
  constructor(path: string, fallbackMs: number) {
    this.#fallbackMs = fallbackMs
    this.#fd = tryOpen(path)
    this.#count = this.#fd === undefined ? 0 : Math.floor(fstatSync(this.#fd).size / RECORD_BYTES)
  }

  /** Where the first bytes written at or after this time begin; undefined when there are none. */
  offsetSince(sinceMs: number): number | undefined {
    if (this.#count === 0) return this.#fallbackMs >= sinceMs ? 0 : undefined
    const found = this.#search(({ atMs }) => atMs >= sinceMs)
    if (found === 0) return 0
    return found === this.#count ? undefined : this.#record(found).offset
  }

  /** When the byte at `offset` was written. Fast when called with growing offsets. */
  timeAt(offset: number): number {
    if (this.#count === 0) return this.#fallbackMs
    if (this.#record(this.#cursor).offset > offset) this.#cursor = 0
    const next = () => this.#cursor + 1 < this.#count && this.#record(this.#cursor + 1).offset <= offset
    // The first call may be far from the start of the file.
    if (this.#cursor === 0 && next())
      this.#cursor = Math.max(0, this.#search((each) => each.offset > offset) - 1)
    while (next()) this.#cursor++
    return this.#record(this.#cursor).atMs
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
  }

  /** The first record for which the claim holds, if it holds for all after it. */
  #search(claim: (record: TimeRecord) => boolean): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if (claim(this.#record(middle))) high = middle
      else low = middle + 1
    }
    return low
  }

  #record(index: number): TimeRecord {
    const blockIndex = Math.floor(index / BLOCK_RECORDS)
    if (blockIndex !== this.#blockIndex && this.#fd !== undefined) {
      readSync(this.#fd, this.#block, 0, this.#block.length, blockIndex * this.#block.length)
      this.#blockIndex = blockIndex
    }
    const position = (index % BLOCK_RECORDS) * RECORD_BYTES
    const offset = Number(this.#block.readBigUInt64LE(position))
    const atMs = this.#block.readDoubleLE(position + 8)
    return { offset, atMs: atMs >= 0 && atMs <= MAX_TIME_MS ? atMs : this.#fallbackMs }
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EACCES')) return undefined
    throw error
  }
}
