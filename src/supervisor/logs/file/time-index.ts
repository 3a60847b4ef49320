// Plain log files hold the app's bytes and nothing else, so the times of the lines are kept beside them: 16-byte
// records (offset in the file as u64 LE, milliseconds since the epoch as f64 LE), one for a batch of lines. The index
// is advice: what is missing or nonsense in it costs precision of times, never a line.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs'

export const RECORD_BYTES = 16
const MIN_GAP_MS = 10

export class TimeIndex {
  readonly #path: string
  readonly #record = Buffer.alloc(RECORD_BYTES)
  #fd: number | undefined
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(path: string) {
    this.#path = path
    this.#fd = tryOpen(path)
  }

  /** Bytes from `offset` on were written at `nowMs`. */
  note(offset: number, nowMs: number): void {
    if (this.#fd === undefined || Math.abs(nowMs - this.#lastMs) < MIN_GAP_MS) return
    this.#lastMs = nowMs
    this.#record.writeBigUInt64LE(BigInt(offset), 0)
    this.#record.writeDoubleLE(nowMs, 8)
    try {
      writeSync(this.#fd, this.#record)
    } catch {
      // A full disk must stop no log line because of its index; the file's own write will tell.
      this.close()
    }
  }

  /** The file was emptied by somebody else: its old offsets mean nothing now. */
  restart(): void {
    this.close()
    rmSync(this.#path, { force: true })
    this.#fd = tryOpen(this.#path)
    this.#lastMs = Number.NEGATIVE_INFINITY
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'a', 0o600)
  } catch {
    return undefined
  }
}
