// Takes what comes out of one FIFO. An idle pipe is watched by the event loop, a busy one is asked for by the pacer. Its
// bytes go through a spool, where the next daemon finds them, and where there can be none straight to the log.

import { readSync } from 'node:fs'

import { isSystemError } from '../../../base/failure.ts'
import { type Paced, Pacer } from './pacer.ts'
import { ReadableWatch } from './readable-watch.ts'
import type { Spool } from './spool.ts'
import type { Moved, Spooler } from './spooler.ts'

export interface FifoConsumer {
  /** The bytes are only valid during the call. They came out of the spool up to this place; undefined without one. */
  take(bytes: Buffer, spooledTo: number | undefined): void
  /** No writer is left and everything was taken, or the reader was closed. Called once. */
  ended(): void
}

/** The way through a spool. */
export interface Spooling {
  readonly spooler: Spooler
  /** Of the pipe, in the folder of the spooler. */
  readonly name: string
  readonly spool: Spool
}

export interface FifoReaderOptions {
  readonly fd: number
  readonly consumer: FifoConsumer
  readonly spooling: Spooling | undefined
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

/** `asking`: what is in the pipe has been asked for, and the answer is handled when it comes. */
type Mode = 'beginning' | 'watched' | 'paced' | 'asking' | 'held' | 'closed'

export class FifoReader implements Paced {
  readonly #fd: number
  readonly #consumer: FifoConsumer
  readonly #watch: ReadableWatch
  readonly #spooling: Spooling | undefined
  #mode: Mode = 'beginning'
  #hasBegun = false
  #isAnswerDue = false
  /** How often it is read until it is cut off. */
  #cutReads: number | undefined
  #pauseMs = FIRST_PAUSE_MS
  #readAtMs = 0

  constructor({ fd, consumer, spooling }: FifoReaderOptions) {
    this.#fd = fd
    this.#consumer = consumer
    this.#spooling = spooling
    this.#watch = new ReadableWatch(fd, () => this.readNow())
    this.#watch.on('error', () => this.close())
    // The first look is a read: a FIFO whose writers left before it was opened never reports its end to poll().
    this.#watch.pause()
    this.#hasBegun = spooling === undefined
    if (spooling === undefined) this.#pace(0)
    else spooling.spooler.whenReady(() => this.#begin(spooling.spool))
  }

  get isHeld(): boolean {
    return this.#mode === 'held'
  }

  /** Leaves everything in the kernel from now on, but for what is being moved. */
  hold(): void {
    if (this.#mode === 'closed') return
    this.#rest()
    this.#mode = 'held'
  }

  release(): void {
    if (!this.isHeld) return
    if (this.#hasBegun) this.#pace(0)
    else this.#mode = 'beginning'
  }

  readNow(): void {
    if (this.#mode === 'watched' || this.#mode === 'paced') this.#ask(0)
  }

  /** Takes what is there now and ends, although somebody may still hold the other end. Not before the file takes it. */
  cut(): void {
    this.#cutReads ??= CUT_READS
    if (this.#mode === 'watched' || this.#mode === 'paced') this.#pace(0)
  }

  /** Stops reading; what is in the kernel and in the spool stays there for the next daemon. */
  close(): void {
    if (this.#mode === 'closed') return
    this.#rest()
    this.#mode = 'closed'
    this.#watch.destroy()
    this.#consumer.ended()
  }

  #begin(spool: Spool): void {
    if (this.#mode === 'closed') return
    this.#hasBegun = true
    spool.look()
    if (this.#mode === 'beginning') this.#pace(0)
  }

  #ask(pauseMs: number): void {
    this.#rest()
    this.#mode = 'asking'
    // It was held and released meanwhile: the answer is on its way.
    if (this.#isAnswerDue) return
    const spooling = this.#spooling
    if (spooling?.spool.hasUnread) this.#takeFromSpool(spooling.spool)
    else if (spooling?.spooler.isUsable) this.#askSpooler(spooling, pauseMs)
    else this.#takeDirectly()
  }

  #askSpooler({ spooler, name, spool }: Spooling, pauseMs: number): void {
    this.#isAnswerDue = true
    spooler.take(name, spool.endAt, pauseMs, (moved) => {
      this.#isAnswerDue = false
      if (this.#mode === 'closed') return
      if (typeof moved === 'number') spool.grew(moved)
      else if (moved !== 'nothing') spool.look()
      if (this.#mode === 'asking') this.#answered(spool, moved)
    })
  }

  #answered(spool: Spool, moved: Moved): void {
    if (spool.hasUnread) this.#takeFromSpool(spool)
    else if (moved === 'died') this.#ask(0)
    else if (moved === 'failed') this.#takeDirectly()
    else this.#took(moved === 'nothing' ? undefined : moved)
  }

  #takeFromSpool(spool: Spool): void {
    const bytes = spool.read()
    if (bytes.length > 0) this.#consumer.take(bytes, spool.readAt)
    // Somebody has emptied it.
    else spool.look()
    this.#took(bytes.length || undefined)
  }

  /** A kill right after the read loses what was read. */
  #takeDirectly(): void {
    const length = this.#read()
    const bytes = BUFFER.subarray(0, length ?? 0)
    const spool = this.#spooling?.spool
    if (length && spool?.add(bytes)) {
      this.#takeFromSpool(spool)
      return
    }
    if (length) this.#consumer.take(bytes, undefined)
    this.#took(length)
  }

  #read(): number | undefined {
    try {
      return readSync(this.#fd, BUFFER)
    } catch (error) {
      return isSystemError(error, 'EAGAIN', 'EINTR') ? undefined : 0
    }
  }

  /** So many bytes: 0 at the end of the pipe, undefined when there is nothing yet. */
  #took(length: number | undefined): void {
    this.#tidy()
    // The consumer may have held it, because the file takes no more.
    if (this.#mode !== 'asking') return
    if (this.#cutReads !== undefined) this.#cutReads = length === undefined ? 0 : this.#cutReads - 1
    if (length === 0 || this.#cutReads === 0) this.close()
    else if (length === undefined) this.#watchOn()
    else this.#pace(this.#nextPauseMs(length))
  }

  #tidy(): void {
    if (this.#spooling === undefined || this.#mode === 'closed') return
    const { spooler, name, spool } = this.#spooling
    // It opens the new file then.
    if (spool.tidy()) spooler.forget(name)
  }

  /**
   * Short for a pipe that just woke up, longer as long as little comes, shorter while much comes, and none when it was
   * full: its writer stood still.
   */
  #nextPauseMs(length: number): number {
    if (this.#cutReads !== undefined) return 0
    const nowMs = performance.now()
    const wasQuiet = nowMs - this.#readAtMs >= QUIET_MS
    this.#readAtMs = nowMs
    if (length >= MUCH_BYTES) this.#pauseMs = FLOOD_PAUSE_MS
    else if (wasQuiet) this.#pauseMs = FIRST_PAUSE_MS
    else if (length < LITTLE_BYTES) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
    return length >= FULL_BYTES ? 0 : this.#pauseMs
  }

  #pace(pauseMs: number): void {
    // The spooler can wait for less than a timer of Node.
    if (pauseMs < FIRST_PAUSE_MS && this.#spooling?.spooler.isUsable && !this.#spooling.spool.hasUnread) {
      this.#ask(pauseMs)
      return
    }
    this.#rest()
    this.#mode = 'paced'
    PACER.add(this, pauseMs)
  }

  #watchOn(): void {
    this.#mode = 'watched'
    this.#watch.resume()
  }

  #rest(): void {
    if (this.#mode === 'watched') this.#watch.pause()
    PACER.remove(this)
  }
}
