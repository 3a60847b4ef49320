// Reads one FIFO for the daemon. An idle pipe is watched by the event loop, a busy one is read by the pacer. All that
// is read is in the file a microsecond later: what a SIGKILL of the daemon could lose is that window, so nothing is done
// in it. One buffer serves all pipes; consumers take the bytes at once.

import { readSync, writeSync } from 'node:fs'

import { isSystemError } from '../../../base/failure.ts'
import { type Paced, Pacer } from './pacer.ts'
import { ReadableWatch } from './readable-watch.ts'

export interface FifoConsumer {
  /** A file to which the next bytes may be written before anybody looks at them; undefined when there is none. */
  directFd(): number | undefined
  /** The bytes are only valid during the call; the first `writtenBytes` are in the file of `directFd` already. */
  take(bytes: Buffer, writtenBytes: number): void
  /** No writer is left and everything was taken, or the reader was closed. Called once. */
  ended(): void
}

/** The most that is read at once: all that a pipe holds. */
export const READ_BYTES = 64 * 1024
const BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)
/** A pipe with this much had no page left for the next write, or hardly any. */
const FULL_BYTES = (READ_BYTES / 16) * 15
/** After a read of this much the writer is fast: it needs about a millisecond to fill the pipe. */
const MUCH_BYTES = READ_BYTES / 2
/** After a read of less than this the pipe can wait longer the next time. */
const LITTLE_BYTES = READ_BYTES / 16
/** Half of a pipe, for a writer of 100 MB/s. */
const FLOOD_PAUSE_MS = 0.3
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 20
/** A pipe that was quiet for this long is read soon again. */
const QUIET_MS = 200
/** What is read at most from a pipe that somebody goes on writing to after its worker's end. */
const CUT_READS = 16
const PACER = new Pacer()

type Mode = 'watched' | 'paced' | 'held' | 'closed'

export class FifoReader implements Paced {
  readonly #fd: number
  readonly #consumer: FifoConsumer
  readonly #watch: ReadableWatch
  #mode: Mode = 'paced'
  #pauseMs = FIRST_PAUSE_MS
  #readAtMs = 0

  constructor(fd: number, consumer: FifoConsumer) {
    this.#fd = fd
    this.#consumer = consumer
    this.#watch = new ReadableWatch(fd, () => this.readNow())
    this.#watch.on('error', () => this.close())
    // The first look is a read: a FIFO whose writers left before it was opened never reports its end to poll().
    this.#watch.pause()
    PACER.add(this, 0)
  }

  get isHeld(): boolean {
    return this.#mode === 'held'
  }

  /** Leaves everything in the kernel from now on. */
  hold(): void {
    if (this.#mode === 'closed') return
    this.#rest()
    this.#mode = 'held'
  }

  release(): void {
    if (this.isHeld) this.#pace(0)
  }

  readNow(): void {
    if (this.#mode !== 'watched' && this.#mode !== 'paced') return
    const length = this.#readAndTake()
    if (this.#mode !== 'watched' && this.#mode !== 'paced') return
    if (length === 0) this.close()
    else if (length === undefined) this.#watchOn()
    else this.#pace(this.#nextPauseMs(length))
  }

  /** Takes what is there now and ends, although somebody may still hold the other end. */
  cut(): void {
    for (let reads = 0; reads < CUT_READS && this.#mode !== 'closed'; reads++) {
      if (!this.#readAndTake()) break
      // The file did not take it: what is still there waits until it does.
      if (this.isHeld) return
    }
    this.close()
  }

  /** Stops reading; what is in the kernel stays there for the next daemon. */
  close(): void {
    if (this.#mode === 'closed') return
    this.#rest()
    this.#mode = 'closed'
    this.#watch.destroy()
    this.#consumer.ended()
  }

  /** The number of bytes taken: 0 at the end of the pipe, undefined when there is nothing yet. */
  #readAndTake(): number | undefined {
    const directFd = this.#consumer.directFd()
    const length = this.#read()
    // Nothing may come between the read and this write: here a kill of the daemon loses what was read.
    const written = length !== undefined && directFd !== undefined ? tryWrite(directFd, length) : 0
    if (length) this.#consumer.take(BUFFER.subarray(0, length), written)
    return length
  }

  #read(): number | undefined {
    try {
      return readSync(this.#fd, BUFFER)
    } catch (error) {
      return isSystemError(error, 'EAGAIN', 'EINTR') ? undefined : 0
    }
  }

  /**
   * Short for a pipe that just woke up, longer as long as little comes, shorter while much comes, and none when it was
   * full: its writer stood still.
   */
  #nextPauseMs(length: number): number {
    const nowMs = performance.now()
    const wasQuiet = nowMs - this.#readAtMs >= QUIET_MS
    this.#readAtMs = nowMs
    if (length >= MUCH_BYTES) this.#pauseMs = FLOOD_PAUSE_MS
    else if (wasQuiet) this.#pauseMs = FIRST_PAUSE_MS
    else if (length < LITTLE_BYTES) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    return length >= FULL_BYTES ? 0 : this.#pauseMs
  }

  #pace(pauseMs: number): void {
    this.#rest()
    this.#mode = 'paced'
    PACER.add(this, pauseMs)
  }

  #watchOn(): void {
    if (this.#mode === 'watched') return
    this.#mode = 'watched'
    this.#watch.resume()
  }

  #rest(): void {
    if (this.#mode === 'watched') this.#watch.pause()
    PACER.remove(this)
  }
}

/** Writes the start of the buffer; 0 when that fails, so that the file itself tries again and deals with the reason. */
function tryWrite(fd: number, length: number): number {
  try {
    return writeSync(fd, BUFFER, 0, length)
  } catch {
    return 0
  }
}
